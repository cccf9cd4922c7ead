"""Finds the entry that answers a question: BM25 over syllables and pairs of syllables.

Pairs matter: an unaccented syllable has many readings, a pair of them hardly ever does. No list of
stop words: "bao nhiêu", "báo ai", "là gì" say which aspect is asked for. Weights and figures:
vietnamese-text.md, section 5.
"""

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from rapidfuzz import fuzz, process

K1, B = 1.2, 0.4
ANSWER_WEIGHT = 0.35  # a word in the answer counts less than one in a question
# How sure: a logistic over what is known of the best candidate, fitted to the entries' own questions
# with that question left out (right or wrong), the same with its whole entry taken away, and 51
# questions of other matters (both always wrong): 681 cases, November 2026.
_BIAS, _SHARE, _MARGIN, _COVER, _LIKENESS = -5.66, 0.85, 3.6, 2.93, 2.78


class Document(Struct, frozen=True):
    """What an entry is found by, as folded words."""

    questions: tuple[tuple[str, ...], ...]
    answer: tuple[str, ...]


class Hit(Struct, frozen=True):
    """A candidate: `score` is BM25's, `sure` (0 to 1) how far to trust it."""

    key: str
    score: float
    sure: float


class Index:
    """Built once from all documents; searching changes nothing."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._keys = list(documents)
        self._questions = [[_sorted(question) for question in documents[key].questions] for key in self._keys]
        self._asked = [
            {word for question in documents[key].questions for word in question} for key in self._keys
        ]
        counts = [_weigh(documents[key]) for key in self._keys]
        lengths = [sum(c.values()) for c in counts]
        mean = sum(lengths) / max(len(lengths), 1)
        spread = Counter(term for c in counts for term in c)
        self._idf = {t: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for t, n in spread.items()}
        self._where: dict[str, array[int]] = {t: array("H") for t in spread}
        self._weight: dict[str, array[float]] = {t: array("f") for t in spread}
        for number, (c, length) in enumerate(zip(counts, lengths, strict=True)):
            norm = K1 * (1 - B + B * length / mean)
            for term, tf in c.items():
                self._where[term].append(number)
                self._weight[term].append(self._idf[term] * tf * (K1 + 1) / (tf + norm))
        self._words = [t for t in spread if " " not in t and len(t) > 3]

    def search(self, query: Sequence[str], limit: int = 4) -> list[Hit]:
        """The best candidates for folded words, best first; empty when no word is known."""
        query = self._repair(query[:200])
        scores: dict[int, float] = {}
        for term in set(_terms(query)) & self._where.keys():
            for number, weight in zip(self._where[term], self._weight[term], strict=True):
                scores[number] = scores.get(number, 0.0) + weight
        if not scores:
            return []
        found = sorted(scores.items(), key=lambda item: (-item[1], self._keys[item[0]]))[: max(limit, 2)]
        rare = {word: self._idf.get(word, _UNKNOWN) for word in query}
        said = _sorted(query)
        best = [self._look(number, score, rare, said) for number, score in found]
        best.sort(key=lambda c: -(4.6 * c.score / found[0][1] + 1.8 * c.cover + 1.5 * c.likeness))
        sure = self._sure(best, rare)
        return [
            Hit(self._keys[c.number], round(c.score, 2), round(sure * min(c.score / best[0].score, 1.0), 3))
            for c in best[:limit]
        ]

    def _look(self, number: int, score: float, rare: Mapping[str, float], said: str) -> "_Candidate":
        asked = self._asked[number]
        known = {word: value for word, value in rare.items() if word in asked}
        cover = sum(known.values()) / (sum(rare.values()) or 1.0)
        likest = process.extractOne(said, self._questions[number], scorer=fuzz.ratio, processor=None)
        likeness = likest[1] / 100 if likest else 0.0
        return _Candidate(number, score, cover, likeness, max(known.values(), default=0.0))

    def _sure(self, best: Sequence["_Candidate"], rare: Mapping[str, float]) -> float:
        first = best[0]
        second = best[1].score if len(best) > 1 else 0.0
        z = (
            _BIAS
            + _SHARE * min(first.score / (sum(rare.values()) * (K1 + 1) or 1.0), 1.0)
            + _MARGIN * max(0.0, min((first.score - second) / first.score, 1.0))
            + _COVER * first.cover
            + _LIKENESS * first.likeness
        )
        sure = 1 / (1 + math.exp(-z))
        # "xây nhà có cần xin phép không": the pattern fits, but not the word that it is about
        return min(sure, _DOUBT) if first.rarest < _CORE * max(rare.values()) else sure

    def _repair(self, query: Sequence[str]) -> list[str]:
        """Words that stand nowhere become the nearest known word, if one is a letter or two away."""
        fixed = []
        for word in query:
            if word not in self._idf and len(word) > 3 and not word.isdigit():
                near = process.extractOne(word, self._words, scorer=fuzz.ratio, score_cutoff=82)
                word = near[0] if near else word
            fixed.append(word)
        return fixed


class _Candidate(Struct, frozen=True):
    """An entry and how well it fits: BM25, the part of the query by rarity that stands in its
    questions, its likest question, and the rarest word of the query in them."""

    number: int
    score: float
    cover: float
    likeness: float
    rarest: float


_CORE, _DOUBT = 0.6, 0.5  # the rarest words are what a query is about; without them we offer at most
_UNKNOWN = 4.0  # the rarity of a word that stands nowhere: it speaks against every entry


def _sorted(words: Sequence[str]) -> str:
    """Words whose order does not matter, as one text to compare."""
    return " ".join(sorted(words))


def _terms(words: Sequence[str]) -> Iterable[str]:
    yield from words
    for first, second in pairwise(words):
        yield f"{first} {second}"


def _weigh(document: Document) -> dict[str, float]:
    weights: Counter[str] = Counter()
    for question in document.questions:
        weights.update(_terms(question))
    weighed = {term: float(count) for term, count in weights.items()}
    for term in _terms(document.answer):
        weighed[term] = weighed.get(term, 0.0) + ANSWER_WEIGHT
    return weighed
