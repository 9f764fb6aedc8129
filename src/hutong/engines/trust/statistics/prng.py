"""Chance as a function of names: the same numbers whatever ran before, beside, or in which process.

Counter-based Philox-4x64 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC11), keyed by SHA-256.
"""

from __future__ import annotations

import hashlib

import numpy as np

Name = str | int | bytes


def stream(seed: Name, *names: Name) -> np.random.Generator:
    """A generator that belongs to the seed and the path of names alone, e.g. ``stream(plan, "F2.gap.sex", 3)``.

    The digest is over type and length of each part, so that no two paths run together: ("a", "bc") is not ("ab", "c"),
    and 1 is not "1". 128 bits are the key and 128 bits the upper half of the counter; the lower half counts, so
    two different paths share no block of numbers before 2**128 draws unless SHA-256 collides.
    """
    digest = hashlib.sha256(b"".join(_part(p) for p in (seed, *names))).digest()
    words = [int.from_bytes(digest[i : i + 8], "big") for i in range(0, 32, 8)]
    philox = np.random.Philox(
        key=np.array(words[:2], dtype=np.uint64), counter=np.array([0, 0, *words[2:]], dtype=np.uint64)
    )
    return np.random.Generator(philox)


def _part(name: Name) -> bytes:
    kind, body = b"s", b""
    if isinstance(name, bytes):
        kind, body = b"b", name
    elif isinstance(name, int):
        kind, body = b"i", str(int(name)).encode()
    else:
        body = name.encode()
    return kind + len(body).to_bytes(8, "big") + body
