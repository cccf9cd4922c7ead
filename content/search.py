"""Finds the entry that answers a question: BM25 over syllables and pairs of syllables, then a small linear
re-rank of the best.

Pairs matter: an unaccented syllable has many readings, a pair of them hardly ever does. No list of
stop words: "bao nhiêu", "báo ai", "là gì" say which aspect is asked for. What was tried and measured:
vietnamese-text.md, section 5. The weights are learned from the entries' own questions (`make evaluate`).
"""

import itertools
import math
from array import array
from bisect import bisect_left
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from content.aspects import aspects
from content.normalise import Words

K1, B = 2.0, 0.6
ANSWER_WEIGHT = 0.35  # a word in the answer counts less than one in a question
SYNONYM_WEIGHT, REPAIR_WEIGHT = 0.6, 0.8
ENOUGH = 15.0  # rarity; with more shared words nothing becomes surer
LITTLE, TELLING = 1.0, 2.0  # rarity; less is no evidence, more makes one word worth an offer
RANKED = 5  # candidates that are looked at closely
NEAREST = 3  # questions of a candidate that are compared term by term
COMMON = 0.25  # what stands in more entries than this part only re-scores …
BEFORE_COMMON = 30  # … so many of the best of the others
LONGEST_QUERY = 200  # words

RANK = ("share", "cover", "asked", "near", "nearby", "accents", "aspect", "ratio")
TRUST = ("level", "margin", "cover", "near", "ratio", "core", "evidence", "length")


class Document(Struct, frozen=True):
    """What an entry is found by."""

    questions: tuple[Words, ...]
    answer: tuple[str, ...]
    aspect: str | None = None


class Weights(Struct, frozen=True):
    """What was learned: of RANK, of TRUST with a bias before it."""

    rank: tuple[float, ...] = (4.6, 2.0, 1.8, 2.5, 1.0, 1.0, 0.7, 1.0)
    trust: tuple[float, ...] = (-5.0, 2.0, 2.0, 1.5, 2.5, 1.5, 1.5, 1.0, 0.0)


class Why(Struct, frozen=True):
    """What spoke for a candidate."""

    words: tuple[str, ...]
    "Words and pairs of the query that stand in the entry, the weightiest first."
    synonyms: tuple[str, ...]
    repaired: tuple[str, ...]
    features: dict[str, float]


class Hit(Struct, frozen=True):
    """A candidate: `score` is the re-rank's, `sure` (0 to 1) how far to trust it."""

    key: str
    score: float
    sure: float
    why: Why | None = None


class Synonyms:
    """Phrases that mean the same, on the side of the query; at least two syllables, or single ones mislead."""

    def __init__(self, groups: Iterable[Sequence[Sequence[str]]]) -> None:
        self._ways: dict[tuple[str, ...], set[tuple[str, ...]]] = {}
        for group in groups:
            phrases = {tuple(phrase) for phrase in group}
            for phrase in phrases:
                self._ways.setdefault(phrase, set()).update(phrases - {phrase})
        self._lengths = sorted({len(p) for p in self._ways})

    def of(self, query: Sequence[str]) -> list[tuple[str, ...]]:
        """Other phrases for those in a query."""
        found: list[tuple[str, ...]] = []
        for length in self._lengths:
            for start in range(len(query) - length + 1):
                found += sorted(self._ways.get(tuple(query[start : start + length]), ()))
        return found


class _Query(Struct):
    words: list[str]
    "After repair."
    shaped: tuple[str, ...]
    weights: dict[int, float]
    "Of each known term, by its place among them: 1 for what was typed."
    typed: dict[int, float]
    "The terms that were typed, and the squares of their rarity."
    rarity: dict[str, float]
    "Of each word."
    total: float
    norm: float
    aspects: frozenset[str]
    text: str
    accented: bool
    synonyms: list[tuple[str, ...]]
    repaired: list[str]


class _Candidate(Struct):
    number: int
    bm25: float
    features: tuple[float, ...]
    core: float
    evidence: float
    "The rarity of all words that its questions share with the query: two small words are no evidence."
    score: float = 0.0


class _Counted(Struct):
    """Flat, one line a term of a document: as lists it took forty megabytes while it was built."""

    terms: "array[int]"
    entries: "array[int]"
    counts: "array[float]"
    lengths: list[float]
    "Of each document."
    asked: "array[int]"
    "The terms of all questions, one question behind the other."
    ends: "array[int]"


class Index:
    """Built once from all documents; searching changes nothing.

    Terms are words and pairs of words, as numbers in one sorted array; what they stand in is laid out flat
    behind it. As dicts of strings and lists the same took ten times the memory.
    """

    def __init__(
        self,
        documents: Mapping[str, Document],
        synonyms: Synonyms | None = None,
        weights: Weights | None = None,
    ) -> None:
        self._keys = sorted(documents)
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        self.synonyms = synonyms or Synonyms(())
        self.weights = weights or Weights()
        self._aspects = [documents[key].aspect for key in self._keys]
        self._ids: dict[str, int] = {}
        self._lay_out([documents[key] for key in self._keys])
        self._lay_out_questions([documents[key].questions for key in self._keys])
        long = [word for word in self._ids if len(word) > 2 and word.isalpha()]
        self._like = {
            length: [word for word in long if abs(len(word) - length) < 2]
            for length in range(3, max(map(len, long), default=0) + 2)
        }

    @property
    def known(self) -> Container[str]:
        """Every word that stands somewhere."""
        return self._ids

    def _lay_out(self, documents: Sequence[Document]) -> None:
        """All terms with where they stand: `entries` holds twice a document's number, and one more where a
        question says it, not only the answer; and the terms of every question, one behind the other."""
        told = self._counted(documents)
        mean = sum(told.lengths) / max(len(told.lengths), 1)
        norms = [K1 * (1 - B + B * length / mean) for length in told.lengths]
        self._terms, self._starts, self._entries = array("q"), array("I"), array("H")
        rarity, scores = array("f"), array("f")
        self._dense: dict[int, array[float]] = {}
        self._dense_asked: dict[int, bytearray] = {}
        often = max(COMMON * len(documents), BEFORE_COMMON)
        by_term = sorted(
            range(len(told.terms)), key=told.terms.__getitem__
        )  # stable: documents stay in order
        for term, group in itertools.groupby(by_term, key=told.terms.__getitem__):
            here = list(group)
            entries, counts = [told.entries[n] for n in here], [told.counts[n] for n in here]
            idf = math.log(1 + (len(documents) - len(entries) + 0.5) / (len(entries) + 0.5))
            raised = idf * (K1 + 1)
            weighed = [
                raised * tf / (tf + norms[entry >> 1]) for entry, tf in zip(entries, counts, strict=True)
            ]
            self._terms.append(term)
            self._starts.append(len(scores))
            self._entries.extend(entries)
            rarity.append(idf)
            scores.extend(weighed)
            if len(entries) > often:
                self._spread_out(len(self._terms) - 1, entries, weighed, len(documents))
        self._starts.append(len(scores))
        self._rarity, self._scores = rarity, scores
        self._single = array("i", (self._place(id) for id in range(len(self._ids))))
        self._asked, self._ends, self._norms = array("I"), array("I", [0]), array("f")
        start = 0
        for end in told.ends:
            here = sorted({self._place(term) for term in told.asked[start:end]})
            self._asked.extend(here)
            self._ends.append(len(self._asked))
            self._norms.append(math.sqrt(sum([rarity[t] ** 2 for t in here])) or 1.0)
            start = end

    def _spread_out(self, place: int, entries: Sequence[int], weights: Sequence[float], count: int) -> None:
        """A common term by document: faster to look up than to find."""
        dense = self._dense[place] = array("f", bytes(4 * count))
        said = self._dense_asked[place] = bytearray(count)
        for entry, weight in zip(entries, weights, strict=True):
            dense[entry >> 1] = weight
            said[entry >> 1] = 1 + (entry & 1)

    def _counted(self, documents: Sequence[Document]) -> "_Counted":
        """Every term of every document with how often it stands there."""
        told = _Counted(array("q"), array("H"), array("f"), [], array("q"), array("I"))
        for number, document in enumerate(documents):
            counts: dict[int, float] = {}
            for question in document.questions:
                terms = self._new(question.folded)
                told.asked.extend(terms)
                told.ends.append(len(told.asked))
                for term in terms:
                    counts[term] = counts.get(term, 0.0) + 1.0
            said = len(counts)  # what questions say was counted first
            for term in self._new(document.answer):
                counts[term] = counts.get(term, 0.0) + ANSWER_WEIGHT
            told.terms.extend(counts)
            told.counts.extend(counts.values())
            told.entries.extend([2 * number + 1] * said + [2 * number] * (len(counts) - said))
            told.lengths.append(sum(counts.values()))
        return told

    def _lay_out_questions(self, documents: Sequence[Sequence[Words]]) -> None:
        """The text of every question, and who asks with which accents."""
        self._texts = [[_sorted(question.folded) for question in questions] for questions in documents]
        self._firsts = array("I", itertools.accumulate([0, *map(len, documents)]))
        shaped: dict[str, array[int]] = {}
        for number, questions in enumerate(documents):
            for word in sorted({word for question in questions for word in question.shaped}):
                shaped.setdefault(word, array("H")).append(number)
        self._shaped = shaped

    def _new(self, words: Sequence[str]) -> list[int]:
        """The terms of a text as numbers, its words made known."""
        ids = self._ids
        return _terms([ids.setdefault(word, len(ids)) for word in words])

    def _place(self, term: int) -> int:
        place = bisect_left(self._terms, term)
        return place if place < len(self._terms) and self._terms[place] == term else -1

    def _places(self, words: Sequence[str]) -> set[int]:
        """The terms of a text by their places; those that stand nowhere are left out."""
        ids, terms, count = self._ids.get, self._terms, len(self._terms)
        found: set[int] = set()
        before: int | None = None
        for word in words:
            id = ids(word)
            if id is not None:
                found.add(self._single[id])
                if before is not None:
                    term = (before + 1) * _PAIR + id
                    place = bisect_left(terms, term)
                    if place < count and terms[place] == term:
                        found.add(place)
            before = id
        return found

    def _stands(self, place: int, number: int) -> int:
        """Where a document's posting of a term is, else -1."""
        at = bisect_left(self._entries, 2 * number, self._starts[place], self._starts[place + 1])
        return at if at < self._starts[place + 1] and self._entries[at] >> 1 == number else -1

    def search(
        self, said: Words, limit: int = 4, among: Collection[str] | None = None, why: bool = False
    ) -> list[Hit]:
        """The best candidates, best first; empty when no word is known. `among`: only these entries."""
        query = self._read(said)
        found = self._scored(query, among)
        if not found:
            return []
        ranked = self._ranked(query, found)
        sure = self._sure(query, ranked)
        first = ranked[0].score
        return [
            Hit(
                self._keys[c.number],
                round(c.score, 2),
                round(sure * math.exp(min(c.score - first, 0.0) / 2), 3),
                self._why(query, c) if why else None,
            )
            for c in ranked[:limit]
        ]

    def features(self, said: Words) -> list[tuple[str, tuple[float, ...]]]:
        """What re-ranking sees of each candidate; for learning."""
        query = self._read(said)
        return [(self._keys[c.number], c.features) for c in self._looked(query, self._scored(query))]

    def trust(self, said: Words) -> tuple[str, tuple[float, ...]] | None:
        """The best candidate and what trusting it sees; for learning."""
        query = self._read(said)
        found = self._scored(query)
        if not found:
            return None
        ranked = self._ranked(query, found)
        return self._keys[ranked[0].number], self._evidence(query, ranked)

    # the query

    def _read(self, said: Words) -> _Query:
        words, repaired = self._repair(said.folded[:LONGEST_QUERY])
        typed = self._places(words)
        squares = {place: self._rarity[place] ** 2 for place in typed}
        weights = dict.fromkeys(typed, 1.0)
        for word in repaired:
            weights[self._single[self._ids[word]]] = REPAIR_WEIGHT
        synonyms = self.synonyms.of(words)
        for phrase in synonyms:
            for place in self._places(phrase):
                weights.setdefault(place, SYNONYM_WEIGHT)
        rarity = {word: self._rare(word) for word in words}
        unknown = _UNKNOWN**2 * sum([word not in self._ids for word in rarity])
        return _Query(
            words,
            said.shaped,
            weights,
            squares,
            rarity,
            sum(rarity.values()) or 1.0,
            math.sqrt(sum(squares.values()) + unknown) or 1.0,
            aspects(words),
            _sorted(words),
            said.accented,
            synonyms,
            repaired,
        )

    def _rare(self, word: str) -> float:
        id = self._ids.get(word)
        return _UNKNOWN if id is None else self._rarity[self._single[id]]

    def _repair(self, words: Sequence[str]) -> tuple[list[str], list[str]]:
        """Words that stand nowhere become a known word one letter away: of several the one that makes known
        pairs with its neighbours, else the commonest."""
        fixed, repaired = list(words), []
        for place, word in enumerate(words):
            if word in self._ids or len(word) < 3 or not word.isalpha():
                continue
            like = self._like.get(len(word), ())
            found = process.extract(word, like, scorer=OSA.distance, processor=None, score_cutoff=1, limit=20)
            if found:
                before, after = fixed[place - 1] if place else "", words[place + 1 : place + 2]
                fixed[place] = max(
                    (near for near, _, _ in found), key=lambda one: self._fits(before, one, *after)
                )
                repaired.append(fixed[place])
        return fixed, repaired

    def _fits(self, before: str, word: str, after: str = "") -> tuple[int, float]:
        known = self._places((before, word)), self._places((word, after))
        return sum(
            len(places) > 1 + (other in self._ids)
            for places, other in zip(known, (before, after), strict=True)
        ), -self._rare(word)

    # candidates

    def _scored(self, query: _Query, among: Collection[str] | None = None) -> list[tuple[int, float]]:
        """The best by BM25, best first. What stands in many entries only re-scores the best of the rest."""
        scores = [0.0] * len(self._keys)
        common: list[tuple[array[float], float]] = []
        rare = False
        for place, factor in query.weights.items():
            dense = self._dense.get(place)
            if dense is not None:
                common.append((dense, factor))
                continue
            rare = True
            start, end = self._starts[place], self._starts[place + 1]
            for entry, score in zip(self._entries[start:end], self._scores[start:end], strict=True):
                scores[entry >> 1] += score * factor
        few: Iterable[int] = range(len(scores))
        if among is not None:
            few = sorted(self._numbers[key] for key in among if key in self._numbers)
        elif rare:
            few = self._best(scores, BEFORE_COMMON, few)
        for dense, factor in common:
            for number in few:
                scores[number] += dense[number] * factor
        return [(number, scores[number]) for number in self._best(scores, RANKED, few)]

    @staticmethod
    def _best(scores: list[float], limit: int, among: Iterable[int]) -> list[int]:
        """Of equals the first: documents are in the order of their names."""
        found = [number for number in among if scores[number]]
        if len(found) > limit:
            found.sort(key=scores.__getitem__, reverse=True)
        return found[:limit]

    def _looked(self, query: _Query, found: Sequence[tuple[int, float]]) -> list[_Candidate]:
        best = found[0][1] if found else 1.0
        words = [
            (self._single[self._ids[word]], value)
            for word, value in query.rarity.items()
            if word in self._ids
        ]
        rarest = max(query.rarity.values(), default=1.0)
        return [self._look(query, words, rarest, number, score, score / best) for number, score in found]

    def _look(
        self,
        query: _Query,
        words: list[tuple[int, float]],
        rarest: float,
        number: int,
        score: float,
        share: float,
    ) -> _Candidate:
        cover = asked = core = 0.0
        dense, entries, starts, there = self._dense_asked, self._entries, self._starts, 2 * number
        for place, value in words:
            if place in dense:
                said = dense[place][number]
            else:  # as `_stands`; the call alone costs as much as what it does
                end = starts[place + 1]
                at = bisect_left(entries, there, starts[place], end)
                said = 1 + (entries[at] & 1) if at < end and entries[at] >> 1 == number else 0
            if said:
                cover += value
                if said > 1:
                    asked += value
                    core = max(core, value)
        likest = process.extract(
            query.text, self._texts[number], scorer=fuzz.ratio, processor=None, limit=NEAREST
        )
        first = self._firsts[number]
        near = sorted((self._nearness(query, first + place) for _, _, place in likest), reverse=True)
        if query.accented:
            held = sum([self._says(word, number) for word in query.shaped])
            accents = held / (len(query.shaped) or 1)
        else:
            accents = asked / query.total
        aspect = 0.5 if not query.aspects else float(self._aspects[number] in query.aspects)
        features = (
            share,
            cover / query.total,
            asked / query.total,
            near[0] if near else 0.0,
            sum(near[:3]) / 3,
            accents,
            aspect,
            likest[0][1] / 100 if likest else 0.0,
        )
        return _Candidate(number, score, features, core / rarest, asked)

    def _nearness(self, query: _Query, question: int) -> float:
        """The cosine between the query and one question, over rarity."""
        typed = query.typed
        terms = self._asked[self._ends[question] : self._ends[question + 1]]
        shared = sum([square for term in terms if (square := typed.get(term))])
        return shared / (self._norms[question] * query.norm)

    def _says(self, word: str, number: int) -> bool:
        where = self._shaped.get(word)
        if where is None:
            return False
        at = bisect_left(where, number)
        return at < len(where) and where[at] == number

    def _ranked(self, query: _Query, found: Sequence[tuple[int, float]]) -> list[_Candidate]:
        candidates = self._looked(query, found)
        for c in candidates:
            c.score = sum(w * f for w, f in zip(self.weights.rank, c.features, strict=True))
        return sorted(candidates, key=lambda c: (-c.score, self._keys[c.number]))

    def _evidence(self, query: _Query, ranked: Sequence[_Candidate]) -> tuple[float, ...]:
        first = ranked[0]
        margin = first.score - ranked[1].score if len(ranked) > 1 else 3.0
        _, cover, _, near, _, _, _, ratio = first.features
        return (
            min(first.bm25 / (query.total * (K1 + 1)), 1.5),
            min(margin, 3.0),
            cover,
            near,
            ratio,
            first.core,
            min(first.evidence, ENOUGH) / ENOUGH,
            min(len(query.rarity), 20) / 20,
        )

    def _sure(self, query: _Query, ranked: Sequence[_Candidate]) -> float:
        bias, *weights = self.weights.trust
        z = bias + sum(w * f for w, f in zip(weights, self._evidence(query, ranked), strict=True))
        sure = 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))
        if ranked[0].evidence < LITTLE:  # two small words are no question that we answer
            return min(sure, 0.5)
        if len(query.rarity) <= 2 and ranked[0].evidence >= TELLING:  # "karaoke": worth an offer
            return max(sure, 0.3)
        return sure

    def _why(self, query: _Query, candidate: _Candidate) -> Why:
        names = {id: word for word, id in self._ids.items()}
        matched: dict[int, float] = {}
        for place, factor in query.weights.items():
            at = self._stands(place, candidate.number)
            if at >= 0:
                matched[place] = self._scores[at] * factor
        best = sorted(matched, key=lambda place: -matched[place])[:8]
        return Why(
            tuple(_spelled(self._terms[place], names) for place in best),
            tuple(" ".join(p) for p in query.synonyms if not matched.keys().isdisjoint(self._places(p))),
            tuple(query.repaired),
            {name: round(value, 3) for name, value in zip(RANK, candidate.features, strict=True)},
        )


_UNKNOWN = 4.0  # the rarity of a word that stands nowhere: it speaks against every entry


def _sorted(words: Iterable[str]) -> str:
    """Words whose order does not matter, as one text to compare."""
    return " ".join(sorted(words))


_PAIR = 1 << 24  # more words than there will be


def _terms(ids: Sequence[int]) -> list[int]:
    """Words and pairs of neighbours, as numbers."""
    return [*ids, *((one + 1) * _PAIR + two for one, two in pairwise(ids))]


def _spelled(term: int, names: Mapping[int, str]) -> str:
    one, two = divmod(term, _PAIR)
    return f"{names[one - 1]} {names[two]}" if one else names[two]
