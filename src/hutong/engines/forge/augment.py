"""More training images out of those at hand: the declared ways a scan may differ from the next.

Only training rows are multiplied; rows held back stay as they were scanned. Chance comes from the specification's
seed alone (Philox, Salmon et al. 2011), so that a build repeats bit for bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float64]
Way = Callable[[Images, float, float, np.random.Generator], Images]


def _shift(images: Images, low: float, high: float, chance: np.random.Generator) -> Images:
    """Each image moved by one pixel in each of four directions, the edge filled with the least value."""
    moved = []
    for axis, step in ((1, 1), (1, -1), (2, 1), (2, -1)):
        one = np.roll(images, step, axis=axis)
        edge: list[Any] = [slice(None)] * 3
        edge[axis] = 0 if step == 1 else -1
        one[tuple(edge)] = low
        moved.append(one)
    return np.concatenate(moved)


def _noise(images: Images, low: float, high: float, chance: np.random.Generator) -> Images:
    return np.clip(images + chance.normal(0, 0.15 * (high - low), images.shape), low, high)


def _contrast(images: Images, low: float, high: float, chance: np.random.Generator) -> Images:
    factor = chance.uniform(0.4, 1.0, (len(images), 1, 1))
    middle = images.mean(axis=(1, 2), keepdims=True)
    faint: Images = np.clip(middle + (images - middle) * factor, low, high)
    return faint


def _blur(images: Images, low: float, high: float, chance: np.random.Generator) -> Images:
    """Each pixel mixed with its four neighbours by a random share."""
    share = chance.uniform(0.2, 0.8, (len(images), 1, 1))
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = (padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]) / 4
    mixed: Images = images * (1 - share) + around * share
    return mixed


def _occlusion(images: Images, low: float, high: float, chance: np.random.Generator) -> Images:
    """A square of two by two pixels of each image set to the least value."""
    covered = images.copy()
    rows = chance.integers(0, images.shape[1] - 1, len(images))
    columns = chance.integers(0, images.shape[2] - 1, len(images))
    for i, (r, c) in enumerate(zip(rows, columns, strict=True)):
        covered[i, r : r + 2, c : c + 2] = low
    return covered


WAYS: dict[str, Way] = {
    "shift": _shift,
    "noise": _noise,
    "contrast": _contrast,
    "blur": _blur,
    "occlusion": _occlusion,
}


def augment(
    rows: Images,
    labels: NDArray[np.str_],
    ways: tuple[str, ...],
    shape: tuple[int, int],
    bounds: tuple[float, float],
    seed: str,
) -> tuple[Images, NDArray[np.str_]]:
    """Rows and labels with the made ones appended, way by way in the order given. bounds: least and largest value."""
    images = rows.reshape(-1, *shape)
    made, named = [images], [labels]
    for way in ways:
        key = hashlib.sha256(f"{seed}|{way}".encode()).digest()[:16]
        chance = np.random.Generator(np.random.Philox(key=int.from_bytes(key, "big")))
        more = WAYS[way](images, *bounds, chance)
        made.append(more)
        named.append(np.tile(labels, len(more) // len(images)))
    return np.concatenate(made).reshape(-1, rows.shape[1]), np.concatenate(named)
