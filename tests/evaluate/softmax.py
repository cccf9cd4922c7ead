"""Learns linear models in plain Python: no learning library is worth 100 MB for two small ones."""

import math
import random
from collections.abc import Sequence

from content.linear import Model

Example = tuple[list[int], int]


def learn(
    examples: Sequence[Example],
    labels: tuple[str, ...],
    epochs: int = 12,
    rate: float = 0.5,
    decay: float = 1e-4,
    weights: Sequence[float] | None = None,
) -> Model:
    """Softmax regression by stochastic gradient descent with AdaGrad steps; `weights`: how much each label counts."""
    width = len(labels)
    count = weights or [1.0] * width
    rows: dict[int, list[float]] = {}
    seen: dict[int, list[float]] = {}
    bias, seen_bias = [0.0] * width, [1e-2] * width
    dice = random.Random(7)
    order = list(range(len(examples)))
    for _ in range(epochs):
        dice.shuffle(order)
        for number in order:
            buckets, label = examples[number]
            total = [0.0] * width
            for bucket in buckets:
                if row := rows.get(bucket):
                    total = [one + two for one, two in zip(total, row, strict=True)]
            scale = 1 / math.sqrt(len(buckets) or 1)
            scores = [b + one * scale for b, one in zip(bias, total, strict=True)]
            most = max(scores)
            raised = [math.exp(s - most) for s in scores]
            whole = sum(raised)
            steps = []
            for place, value in enumerate(raised):
                error = (value / whole - (place == label)) * count[label]
                if abs(error) > 0.003:
                    steps.append((place, error))
                    seen_bias[place] += error * error
                    bias[place] -= rate * error / math.sqrt(seen_bias[place])
            for bucket in buckets:
                row = rows.get(bucket)
                if row is None:
                    row = rows[bucket] = [0.0] * width
                    seen[bucket] = [1e-2] * width
                past = seen[bucket]
                for place, error in steps:
                    slope = error * scale + decay * row[place]
                    past[place] += slope * slope
                    row[place] -= rate * slope / math.sqrt(past[place])
    return Model(labels, tuple(bias), {bucket: tuple(row) for bucket, row in rows.items()})
