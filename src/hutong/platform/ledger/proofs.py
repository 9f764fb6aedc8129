"""Inclusion and consistency proofs out of the stored leaves and tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hutong.kernel.merkle import Prover
from hutong.kernel.tiles import StoredTiles
from hutong.platform.ledger.tables import Event, Tile


def prover() -> Prover:
    """A prover over the database as it is now. It keeps what it read: make one per request or batch."""
    return Prover(StoredTiles(_leaves, _full))


def _leaves(start: int, stop: int) -> Sequence[bytes]:
    rows = Event.objects.filter(seq__gte=start, seq__lt=stop).order_by("seq").values_list("leaf", flat=True)
    return [bytes(leaf) for leaf in rows]


def _full(level: int, index: int) -> bytes | None:
    found = Tile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
    return bytes(found) if found is not None else None


def inclusion(seqs: Iterable[int], size: int) -> dict[int, tuple[bytes, ...]]:
    """The inclusion proof of each event in the log of that size; tiles are read once for all of them."""
    source = prover()
    return {seq: source.inclusion(seq, size) for seq in seqs}
