"""Learns what content/learned.json holds: how candidates are ranked, how far the best is to be trusted, and
what people want. From the entries' own questions and the tuning sets; never from a test set."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from content import linear
from content.catalog import Catalog, Entry, Learned, State
from content.intents import flags
from content.normalise import Words, heard, words
from content.search import TRUST, Document, Index, Weights
from tests.evaluate import softmax
from tests.evaluate.sentences import Sentence

FOLDS = 5
ASKED = 12  # every so many'th of the entries' questions is an example of asking: more drown the other wishes

Asked = dict[str, list[Words]]


def learn(catalog: Catalog, intents: Sequence[Sentence], none: Sequence[Sentence]) -> Learned:
    """All of it; takes about two minutes."""
    asked = {
        key: [heard(q) for q in (e.title, *e.questions, e.title_en, *e.questions_en)]
        for key, e in catalog.entries.items()
    }
    rank = _rank(catalog, asked)
    trust = _trust(catalog, asked, rank, [heard(s.text) for s in none])
    model = linear.pack(_wants(catalog.entries, [*intents, *none[::4]]))
    return Learned(Weights(tuple(round(w, 3) for w in rank), tuple(round(w, 3) for w in trust)), model)


def _index(catalog: Catalog, asked: Mapping[str, Sequence[Words]], weights: Weights) -> Index:
    documents = {
        key: Document(
            tuple(questions), tuple(words(catalog.entries[key].answer)), catalog.entries[key].aspect
        )
        for key, questions in asked.items()
    }
    return Index(documents, catalog.mind.index.synonyms, weights)


def _folds(
    catalog: Catalog, asked: Asked, weights: Weights
) -> Iterator[tuple[Index, list[tuple[str, Words]]]]:
    """Each own question asked of an index that does not hold it."""
    order = [(key, place) for key, questions in asked.items() for place in range(len(questions))]
    random.Random(1).shuffle(order)
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS])
        rest = {k: [q for n, q in enumerate(qs) if (k, n) not in out] for k, qs in asked.items()}
        yield _index(catalog, rest, weights), [(key, asked[key][place]) for key, place in order[fold::FOLDS]]


def _rank(catalog: Catalog, asked: Asked) -> list[float]:
    """Softmax over the candidates of each question: the right one should come first."""
    cases = []
    for index, questions in _folds(catalog, asked, Weights()):
        for key, question in questions:
            found = index.features(question)
            keys = [name for name, _ in found]
            if key in keys:
                cases.append(([features for _, features in found], keys.index(key)))
    width = len(cases[0][0][0])
    weights = [1.0] * width
    for _ in range(80):
        slopes = [0.0] * width
        for candidates, right in cases:
            scores = [sum(w * f for w, f in zip(weights, c, strict=True)) for c in candidates]
            most = max(scores)
            raised = [math.exp(score - most) for score in scores]
            whole = sum(raised)
            for place, candidate in enumerate(candidates):
                error = raised[place] / whole - (place == right)
                if abs(error) > 1e-4:
                    slopes = [s + error * f for s, f in zip(slopes, candidate, strict=True)]
        weights = [w - 5 * (s / len(cases) + 1e-3 * w) for w, s in zip(weights, slopes, strict=True)]
    return weights


def _trust(catalog: Catalog, asked: Asked, rank: Sequence[float], none: Sequence[Words]) -> list[float]:
    """A logistic: is the best candidate right? Wrong are also all answers to a question whose entry was taken
    away, and to what is nobody's matter."""
    weights = Weights(rank=tuple(rank))
    cases: list[tuple[tuple[float, ...], float]] = []
    for index, questions in _folds(catalog, asked, weights):
        for key, question in questions:
            if (found := index.trust(question)) is not None:
                cases.append((found[1], float(found[0] == key)))
        cases += [(found[1], 0.0) for question in none if (found := index.trust(question)) is not None]
    keys = list(asked)
    random.Random(2).shuffle(keys)
    for fold in range(2 * FOLDS):
        gone = set(keys[fold :: 2 * FOLDS])
        index = _index(catalog, {k: qs for k, qs in asked.items() if k not in gone}, weights)
        for key in gone:
            for question in asked[key][::4]:
                if (found := index.trust(question)) is not None:
                    cases.append((found[1], 0.0))
    return _logistic(cases)


def _logistic(cases: Sequence[tuple[tuple[float, ...], float]]) -> list[float]:
    width = len(TRUST)
    weights = [0.0] * (width + 1)
    past = [1e-6] * (width + 1)
    for _ in range(250):
        slopes = [0.0] * (width + 1)
        for features, right in cases:
            z = weights[0] + sum(w * f for w, f in zip(weights[1:], features, strict=True))
            error = 1 / (1 + math.exp(-max(-30.0, min(30.0, z)))) - right
            slopes[0] += error
            for place, feature in enumerate(features, 1):
                slopes[place] += error * feature
        for place, slope in enumerate(slopes):
            mean = slope / len(cases)
            past[place] += mean * mean
            weights[place] -= 0.5 * mean / math.sqrt(past[place])
    return weights


def _wants(entries: Mapping[str, Entry], sentences: Sequence[Sentence]) -> linear.Model:
    """The model of intents."""
    told = [(s.text, s.intent or "other") for s in sentences]
    for entry in entries.values():
        if entry.state is not State.elsewhere:
            told += [(question, "ask") for question in entry.questions[::ASKED]]
    labels = tuple(sorted({label for _, label in told}))
    examples = []
    for text, label in told:
        said = heard(text)
        examples.append((linear.signs(said, flags(text, said)), labels.index(label)))
    return softmax.learn(examples, labels)


def write(learned: Learned) -> bytes:
    """As content/learned.json holds it."""
    return msgspec.json.format(msgspec.json.encode(learned), indent=1) + b"\n"
