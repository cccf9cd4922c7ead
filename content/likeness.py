"""Puts questions that are about the same thing together."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from content.normalise import words

ALIKE = 0.35  # the cosine over rare words and pairs from which two questions stand together


def grouped(texts: Sequence[str]) -> list[list[int]]:
    """The places of `texts` in groups, the largest first. Each text joins the group of the likest before it;
    only texts that share a rare word are compared, so the work grows with what is alike, not with the square."""
    terms = [{*(found := words(text)), *map(" ".join, pairwise(found))} for text in texts]
    spread = Counter(term for of_one in terms for term in of_one)
    rarity = {term: math.log(1 + len(texts) / count) for term, count in spread.items()}
    norms = [math.sqrt(sum(rarity[t] ** 2 for t in of_one)) or 1.0 for of_one in terms]
    holding: dict[str, list[int]] = defaultdict(list)
    group: list[int] = []
    groups: list[list[int]] = []
    often = max(20, len(texts) // 50)
    for place, of_one in enumerate(terms):
        shared: dict[int, float] = defaultdict(float)
        for term in of_one:
            if len(holding[term]) <= often:
                for other in holding[term]:
                    shared[other] += rarity[term] ** 2
        best = max(shared, key=lambda other: shared[other] / norms[other], default=None)
        if best is not None and shared[best] / (norms[best] * norms[place]) >= ALIKE:
            group.append(group[best])
            groups[group[best]].append(place)
        else:
            group.append(len(groups))
            groups.append([place])
        for term in of_one:
            holding[term].append(place)
    return sorted(groups, key=lambda found: -len(found))
