"""Continuous LexRank (Erkan and Radev, 2004, https://doi.org/10.1613/jair.1523): a sentence counts for much
where many are like it that count for much.

The usual way compares each sentence with every other one. Likeness being a product of vectors, a step of the
walk goes through the words instead, which takes time and memory in proportion to the text.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

Vector = Mapping[str, float]
"""Weights by word; of length 1."""

_DAMPING: Final = 0.15
_STEPS: Final = 20
"""After these, weights change in their seventh digit only."""


def vectors_of(sentences: Sequence[Sequence[str]]) -> list[Vector]:
    """A sentence's words, weighted by how few sentences have them: no language needs a list of its small
    words. None may be empty."""
    having = Counter(word for words in sentences for word in set(words))
    rarity = {word: math.log(1 + len(sentences) / count) for word, count in having.items()}
    return [
        _unit({word: count * rarity[word] for word, count in Counter(words).items()}) for words in sentences
    ]


def ranks_of(vectors: Sequence[Vector]) -> list[float]:
    """How much each counts; all of them add up to 1."""
    ranks = [1 / len(vectors)] * len(vectors)
    degrees = _products(vectors, _weighted_sum(vectors, [1.0] * len(vectors)))
    for _ in range(_STEPS):
        going = [rank / degree for rank, degree in zip(ranks, degrees, strict=True)]
        coming = _products(vectors, _weighted_sum(vectors, going))
        ranks = [_DAMPING / len(vectors) + (1 - _DAMPING) * share for share in coming]
    return ranks


def likeness(one: Vector, other: Vector) -> float:
    """From 0, no word in common, to 1."""
    return sum(weight * other[word] for word, weight in one.items() if word in other)


def centre_of(vectors: Sequence[Vector]) -> Vector:
    """What they have in common; empty of none."""
    return _unit(_weighted_sum(vectors, [1.0] * len(vectors)))


def _weighted_sum(vectors: Sequence[Vector], shares: Sequence[float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for vector, share in zip(vectors, shares, strict=True):
        for word, weight in vector.items():
            total[word] = total.get(word, 0.0) + share * weight
    return total


def _products(vectors: Sequence[Vector], total: Vector) -> list[float]:
    return [sum([weight * total[word] for word, weight in vector.items()]) for vector in vectors]


def _unit(weights: Vector) -> Vector:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}
