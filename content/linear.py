"""A linear model over hashed signs of a text: what a person wants, and whether it sounds like danger.

Rules know what they were written for; the model learns the rest from sentences by many hands
(tests/evaluate/sets; learned by `make evaluate`). Eight-bit weights of 16,384 buckets.
"""

import math
import zlib
from base64 import b85decode, b85encode
from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from content.normalise import Words

BUCKETS = 16_384
READ = 80  # words; who wants something has said it by then, at the beginning or at the end


def signs(words: Words, flags: Iterable[str] = ()) -> list[int]:
    """The buckets of a text: its words and pairs folded, its words as shaped, pieces of two to four letters,
    its first and last words, and `flags`, what others found in it."""
    folded, shaped = words.folded, words.shaped
    if len(folded) > READ:
        folded = folded[: READ // 2] + folded[-READ // 2 :]
        shaped = shaped[: READ // 2] + shaped[-READ // 2 :]
    found = {f"w{word}" for word in folded}
    found.update(f"p{one} {two}" for one, two in pairwise(folded))
    found.update(f"s{word}" for word in shaped if not word.isascii())
    found.update(f"t{one} {two}" for one, two in pairwise(shaped) if not (one.isascii() and two.isascii()))
    found.update(f"c{piece}" for word in set(folded) for piece in _pieces(word))
    found.update((f"a{' '.join(folded[:2])}", f"z{' '.join(folded[-2:])}", f"n{min(len(folded), 12)}"))
    found.update(f"f{flag}" for flag in flags)
    return [zlib.crc32(sign.encode()) % BUCKETS for sign in found]


def _pieces(word: str) -> Iterable[str]:
    edged = f" {word} "
    for size in (3, 4):
        for start in range(len(edged) - size + 1):
            yield edged[start : start + size]


class Model:
    """Weights by bucket, one for each label. Rows of packed weights are read when they are first met."""

    def __init__(
        self,
        labels: Sequence[str],
        bias: Sequence[float],
        rows: dict[int, tuple[float, ...]] | None = None,
        raw: bytes = b"",
        scale: float = 1.0,
    ) -> None:
        self.labels, self.bias = tuple(labels), tuple(bias)
        self.rows = {} if rows is None else rows
        self._raw = raw
        self._levels = [level * scale for level in (*range(128), *range(-128, 0))]  # shared by all rows

    def _row(self, bucket: int) -> tuple[float, ...] | None:
        row = self.rows.get(bucket)
        if row is None and self._raw:
            width = len(self.labels)
            piece = self._raw[bucket * width : (bucket + 1) * width]
            row = self.rows[bucket] = tuple([self._levels[byte] for byte in piece])
        return row

    def scores(self, buckets: Sequence[int]) -> list[float]:
        """One score a label; the buckets count together as one length."""
        rows = [row for bucket in buckets if (row := self._row(bucket))]
        total = [sum(column) for column in zip(*rows, strict=True)] or [0.0] * len(self.labels)
        scale = 1 / math.sqrt(len(buckets) or 1)
        return [bias + one * scale for bias, one in zip(self.bias, total, strict=True)]

    def chances(self, buckets: Sequence[int]) -> dict[str, float]:
        """How likely each label is, together 1."""
        scores = self.scores(buckets)
        most = max(scores)
        raised = [math.exp(score - most) for score in scores]
        whole = sum(raised)
        return {label: value / whole for label, value in zip(self.labels, raised, strict=True)}


class Packed(Struct):
    """A model as it is stored."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    scale: float
    weights: str
    "Of every bucket, one signed byte a label; deflated, base 85."


def unpack(packed: Packed) -> Model:
    """The model; raises ValueError when it does not fit this code."""
    raw = zlib.decompress(b85decode(packed.weights))
    width = len(packed.labels)
    if len(raw) != BUCKETS * width:
        raise ValueError("the learned weights are of another size: run `make evaluate`")
    return Model(packed.labels, packed.bias, None, raw, packed.scale)


def pack(model: Model) -> Packed:
    """A model in eight bits a weight."""
    most = max((abs(w) for row in model.rows.values() for w in row), default=1.0)
    scale = most / 127
    empty = [0.0] * len(model.labels)
    raw = b"".join(
        bytes(round(w / scale) & 0xFF for w in model.rows.get(bucket, empty)) for bucket in range(BUCKETS)
    )
    return Packed(model.labels, model.bias, scale, b85encode(zlib.compress(raw, 9)).decode())
