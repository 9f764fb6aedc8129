"""Tiles of a log whose store keeps leaf hashes and full tiles only (C2SP tlog-tiles, height 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hutong.kernel.merkle import WIDTH, tile_root


class StoredTiles:
    """A `TileSource` over a store that keeps leaves and full tiles only; right-edge tiles are put together.

    leaves(start, stop): leaf hashes, fewer where the log ends. full(level, index): the stored full tile or None.
    """

    def __init__(
        self, leaves: Callable[[int, int], Sequence[bytes]], full: Callable[[int, int], bytes | None]
    ) -> None:
        self._leaves, self._full = leaves, full
        self._roots: dict[tuple[int, int], bytes] = {}

    def tile(self, level: int, index: int) -> bytes:
        """The stored tile, else the hashes that exist of it, computed from the level below."""
        stored = self._full(level, index)
        if stored is not None:
            return stored
        start = index * WIDTH
        if level == 0:
            return b"".join(self._leaves(start, start + WIDTH))
        above: list[bytes] = []
        for below in range(start, start + WIDTH):
            known = self._root(level - 1, below)
            if known is None:
                break
            above.append(known)
        return b"".join(above)

    def _root(self, level: int, index: int) -> bytes | None:
        found = self._roots.get((level, index))
        if found is None:
            tile = self.tile(level, index)
            if len(tile) < WIDTH * 32:
                return None
            found = self._roots[level, index] = tile_root(tile)
        return found
