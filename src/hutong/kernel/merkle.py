"""The Merkle tree of the evidence log (RFC 9162 section 2.1, the hashing of RFC 6962), pure functions over bytes.

A hash is 32 bytes, an index counts leaves from 0, a size counts leaves. Provers trust their own store and raise;
verifiers trust nobody: any malformed proof, of whatever type, is a `Verdict`, never an exception.
Tiles follow C2SP tlog-tiles: height 8, up to 256 hashes of 32 bytes, tile level L holds tree level 8 * L.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.text import Text

EMPTY_ROOT = sha256(b"").digest()
WIDTH = 256
LARGEST_SIZE = 2**64 - 1


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), RFC 9162 section 2.1.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 9162 section 2.1.1."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """MTH(D[n]): the root over leaf hashes, `EMPTY_ROOT` for none. O(n) time, one level at a time."""
    level: Sequence[bytes] = leaf_hashes
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0] if level else EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Frontier:
    """The compact range of a log: roots of its perfect subtrees, largest first; all that an append needs."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if (
            not 0 <= self.size <= LARGEST_SIZE
            or len(self.hashes) != self.size.bit_count()
            or any(len(h) != 32 for h in self.hashes)
        ):
            raise _invalid("frontier", "This is not the frontier of a log.", "此内容不是日志的前沿。")

    def append(self, leaf: bytes) -> Frontier:
        """The frontier after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier after many more leaf hashes: at most one node hash per leaf on average."""
        size, stack = self.size, list(self.hashes)
        for leaf in leaves:
            rest, top = size, leaf
            while rest & 1:
                top = sha256(b"\x01" + stack.pop() + top).digest()
                rest >>= 1
            stack.append(top)
            size += 1
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """The root of the log at this size."""
        return _join(list(self.hashes)) if self.hashes else EMPTY_ROOT

    def dumps(self) -> str:
        """As JSON text: ``{"size": n, "hashes": [hex, ...]}``."""
        return json.dumps({"size": self.size, "hashes": [h.hex() for h in self.hashes]})

    @classmethod
    def loads(cls, text: str) -> Frontier:
        """From the text of `dumps`; the empty text is the empty log. Raises `Invalid` for anything else."""
        if not text:
            return cls()
        try:
            raw = json.loads(text)
            size, hashes = raw["size"], tuple(bytes.fromhex(h) for h in raw["hashes"])
        except (ValueError, TypeError, KeyError, RecursionError):
            size, hashes = None, ()
        if type(size) is not int:
            raise _invalid("frontier", "This is not the frontier of a log.", "此内容不是日志的前沿。")
        return cls(size, hashes)


def inclusion_proof(index: int, leaf_hashes: Sequence[bytes]) -> tuple[bytes, ...]:
    """PATH(m, D[n]) of RFC 9162 section 2.1.3.1, nearest sibling first. Raises `Invalid` unless 0 <= m < n."""
    return tuple(root(leaf_hashes[a:b]) for a, b in _inclusion_ranges(index, len(leaf_hashes)))


def consistency_proof(old: int, leaf_hashes: Sequence[bytes]) -> tuple[bytes, ...]:
    """PROOF(m, D[n]) of RFC 9162 section 2.1.4.1; empty for m = n. Raises `Invalid` unless 0 < m <= n."""
    return tuple(root(leaf_hashes[a:b]) for a, b in _consistency_ranges(old, len(leaf_hashes)))


def _inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    _check_index(index, size)
    ranges, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def _check_index(index: int, size: int) -> None:
    if not 0 <= index < size <= LARGEST_SIZE:
        raise _invalid("index", "The log has no leaf of this number.", "日志中没有此序号的叶子。")


def _consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    if not 0 < old <= new <= LARGEST_SIZE:
        raise _invalid(
            "sizes", "These two sizes have no consistency proof.", "这两个规模之间不存在一致性证明。"
        )
    ranges, low, high, rest, whole = [], 0, new, old, True
    while rest < high - low:
        split = _split(high - low)
        if rest <= split:
            ranges.append((low + split, high))
            high = low + split
        else:
            ranges.append((low, low + split))
            low, rest, whole = low + split, rest - split, False
    if not whole:
        ranges.append((low, high))
    return ranges[::-1]


def _split(width: int) -> int:
    """The largest power of two smaller than width (width > 1)."""
    return 1 << (width - 1).bit_length() - 1


def _join(hashes: Sequence[bytes]) -> bytes:
    """The hash over perfect subtrees given from left (larger) to right (smaller)."""
    top = hashes[-1]
    for left in hashes[-2::-1]:
        top = node_hash(left, top)
    return top


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier found; `reason` is a stable word (``ok``, ``root_differs``, ``proof_too_long``, ...)."""

    ok: bool
    reason: str

    def __bool__(self) -> bool:
        return self.ok


_OK = Verdict(True, "ok")


def verify_inclusion(leaf: object, index: object, size: object, proof: object, root_hash: object) -> Verdict:
    """Is the leaf hash number `index` of the log of `size` with this root? RFC 9162 section 2.1.3.2.

    leaf, root_hash: 32 bytes; proof: list or tuple of 32 bytes. Anything else is a verdict, never an exception.
    """
    if not (_is_size(index) and _is_size(size)):
        return Verdict(False, "size_not_uint64")
    assert isinstance(index, int) and isinstance(size, int)
    if size == 0:
        return Verdict(False, "empty_log")
    if index >= size:
        return Verdict(False, "index_beyond_size")
    if not (_is_hash(leaf) and _is_hash(root_hash)):
        return Verdict(False, "hash_malformed")
    path = _hashes(proof)
    if path is None:
        return Verdict(False, "proof_malformed")
    assert isinstance(leaf, bytes)
    fn, sn, r = index, size - 1, leaf
    for p in path:
        if sn == 0:
            return Verdict(False, "proof_too_long")
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = node_hash(r, p)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        return Verdict(False, "proof_too_short")
    return _OK if r == root_hash else Verdict(False, "root_differs")


def verify_consistency(
    old: object, new: object, old_root: object, new_root: object, proof: object
) -> Verdict:
    """Is the log of size `old` the beginning of the log of size `new`? RFC 9162 section 2.1.4.2.

    Equal sizes are consistent only with equal roots and no proof. Size 0 is the beginning of everything, so a
    proof from it says nothing: refused. Anything malformed is a verdict, never an exception.
    """
    if not (_is_size(old) and _is_size(new)):
        return Verdict(False, "size_not_uint64")
    assert isinstance(old, int) and isinstance(new, int)
    if not (_is_hash(old_root) and _is_hash(new_root)):
        return Verdict(False, "hash_malformed")
    path = _hashes(proof)
    if path is None:
        return Verdict(False, "proof_malformed")
    if old > new:
        return Verdict(False, "sizes_swapped")
    if old == new:
        if path:
            return Verdict(False, "proof_too_long")
        if old == 0 and old_root != EMPTY_ROOT:
            return Verdict(False, "old_root_differs")
        return _OK if old_root == new_root else Verdict(False, "root_differs")
    if old == 0:
        return Verdict(False, "empty_log")
    assert isinstance(old_root, bytes) and isinstance(new_root, bytes)
    return _consistent(old, new, old_root, new_root, path)


def _consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> Verdict:
    if not path:
        return Verdict(False, "proof_too_short")
    if old & (old - 1) == 0:
        path = (old_root, *path)
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return Verdict(False, "proof_too_long")
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    if sn:
        return Verdict(False, "proof_too_short")
    if fr != old_root:
        return Verdict(False, "old_root_differs")
    return _OK if sr == new_root else Verdict(False, "root_differs")


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SIZE


def _is_hash(value: object) -> bool:
    return type(value) is bytes and len(value) == 32


def _hashes(proof: object) -> tuple[bytes, ...] | None:
    # 128 is more than any proof needs (64 levels, consistency at most 65): a bound on hostile input.
    good = isinstance(proof, list | tuple) and len(proof) <= 128 and all(map(_is_hash, proof))
    return tuple(proof) if good else None  # type: ignore[arg-type]


class TileSource(Protocol):
    """Where tiles lie. `tile` returns the hashes of tree level 8 * level from 256 * index on, one after the
    other, at most 256: all that the log has there (a right-edge tile may have grown since; extra is ignored)."""

    def tile(self, level: int, index: int) -> bytes: ...


class Prover:
    """Proofs from tiles, O(log n) tiles each; the last `capacity` decoded tiles are kept (16 KiB each).

    A tile of a given width never changes in a log that only grows, so what is kept stays true as the log grows.
    """

    def __init__(self, source: TileSource, capacity: int = 1024) -> None:
        self._source = source
        self._capacity = max(capacity, 1)
        self._kept: OrderedDict[tuple[int, int, int], tuple[bytes, ...]] = OrderedDict()

    def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """PATH(index, D[size]). Raises `Invalid` for a bad index, `NotFound` for a tile that is not there."""
        _check_index(index, size)
        proof, level, at, last = [], 0, index, size - 1
        levels: tuple[bytes, ...] = ()
        while last:
            inside = level & 7
            sibling = at ^ 1
            if inside == 0:
                levels = ()
            if sibling + 1 << level <= size:
                levels = levels or self._levels(level, at, size)
                start = (sibling & (255 >> inside)) * 32
                proof.append(levels[inside][start : start + 32])
            elif sibling <= last:
                proof.append(self._range(sibling << level, size, size))
            level, at, last = level + 1, at >> 1, last >> 1
        return tuple(proof)

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """PROOF(old, D[new]). Raises as `inclusion` does."""
        return tuple([self._range(a, b, new) for a, b in _consistency_ranges(old, new)])

    def root(self, size: int) -> bytes:
        """The root of the log at this size, from its tiles."""
        return self._range(0, size, size) if size else EMPTY_ROOT

    def _range(self, low: int, high: int, size: int) -> bytes:
        """The hash over leaves low to high: one perfect subtree, or on the right edge several, joined."""
        hashes = []
        while low < high:
            level = (high - low).bit_length() - 1
            at, inside = low >> level, level & 7
            start = (at & (255 >> inside)) * 32
            hashes.append(self._levels(level, at, size)[inside][start : start + 32])
            low += 1 << level
        return hashes[0] if len(hashes) == 1 else _join(hashes)

    def _levels(self, level: int, at: int, size: int) -> tuple[bytes, ...]:
        """The decoded tile that holds node number `at` of tree level `level`."""
        inside = level & 7
        index = at >> 8 - inside
        width = min(WIDTH, (size >> level - inside) - index * WIDTH)
        return self._kept.get((level >> 3, index, width)) or self._fetch(level >> 3, index, width)

    def _fetch(self, level: int, index: int, width: int) -> tuple[bytes, ...]:
        tile = self._source.tile(level, index)
        if len(tile) < width * 32:
            lost = Text("Tile {l}/{i} of the log is missing or cut.", "日志的分块{l}/{i}缺失或被截断。")
            raise NotFound(
                lost.format(l=level, i=index),
                rule="merkle.tile_missing",
                remedy=Text("Rebuild the tiles from the events.", "请由事件重新生成分块。"),
            )
        levels = self._kept[level, index, width] = _decode(tile[: width * 32])
        if len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return levels


def prove_inclusion(source: TileSource, index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, D[size]) from tiles; see `Prover` for many proofs of one log."""
    return Prover(source).inclusion(index, size)


def prove_consistency(source: TileSource, old: int, new: int) -> tuple[bytes, ...]:
    """PROOF(old, D[new]) from tiles; see `Prover` for many proofs of one log."""
    return Prover(source).consistency(old, new)


def _decode(tile: bytes) -> tuple[bytes, ...]:
    """Levels 0 to 7 of a tile as bytes each: whole pairs only, so a partial tile gives its perfect subtrees."""
    levels = [tile]
    for _ in range(7):
        below = levels[-1]
        pairs = len(below) // 64
        levels.append(b"".join(sha256(b"\x01" + below[64 * i : 64 * i + 64]).digest() for i in range(pairs)))
    return tuple(levels)


def tile_root(tile: bytes) -> bytes:
    """The hash of a full tile in the level above. Raises `Invalid` unless it holds 256 hashes."""
    if len(tile) != WIDTH * 32:
        raise _invalid("tile", "Only a full tile has a hash above it.", "只有满的分块才有上层哈希。")
    top = _decode(tile)[7]
    return node_hash(top[:32], top[32:])


def completed_tiles(old: int, new: int) -> Iterator[tuple[int, int]]:
    """(level, index) of every tile that becomes full as the log grows from old to new leaves, lower levels first."""
    level = 0
    while new >> 8 * (level + 1):
        for index in range(old >> 8 * (level + 1), new >> 8 * (level + 1)):
            yield level, index
        level += 1


def _invalid(rule: str, en: str, zh: str) -> Invalid:
    return Invalid(
        Text(en, zh),
        rule=f"merkle.{rule}",
        remedy=Text("Give values of the log as it was recorded.", "请提供日志中实际记录的数值。"),
    )
