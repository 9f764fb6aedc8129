"""Waits and use of a period as integers: what is kept of an experiment. Percentiles by nearest rank (Hyndman-Fan 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hutong.modules.compute.experiments.period import Served


def nearest_rank(ordered: Sequence[int], milli: int) -> int | None:
    """The smallest value that at least so many thousandths of the values do not exceed; None of nothing."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * milli // 1000) - 1)]


def sums(rows: Sequence[Served], chips: Mapping[str, int], begins_ms: int, ends_ms: int) -> dict[str, Any]:
    """Of the jobs that waited in [begins, ends): waits in milliseconds, how many started; use of all chips in thousandths.

    A job that never started has waited until the end of the period at least, and is counted so.
    """
    arrived = [r for r in rows if r.start_ms is None or r.start_ms >= begins_ms]
    waits = _waits(arrived, ends_ms)
    work = {centre: _overlap([r for r in rows if r.centre == centre], begins_ms, ends_ms) for centre in chips}
    return {
        "jobs": len(arrived),
        "started": sum(r.start_ms is not None for r in arrived),
        **_spread(waits),
        "chips": sum(chips.values()),
        "used_ms": sum(work.values()),
        "utilisation_milli": _milli(sum(work.values()), sum(chips.values()) * (ends_ms - begins_ms)),
        "centres": [_centre(c, arrived, chips[c], work[c], begins_ms, ends_ms) for c in sorted(chips)],
    }


def _waits(rows: Sequence[Served], ends_ms: int) -> list[int]:
    return sorted(max(0, (ends_ms if r.start_ms is None else r.start_ms) - r.submitted_ms) for r in rows)


def _spread(waits: Sequence[int]) -> dict[str, int | None]:
    return {
        "median_ms": nearest_rank(waits, 500),
        "p90_ms": nearest_rank(waits, 900),
        "longest_ms": waits[-1] if waits else None,
        "mean_ms": sum(waits) // len(waits) if waits else None,
    }


def _overlap(rows: Sequence[Served], begins_ms: int, ends_ms: int) -> int:
    """Chip-milliseconds within the period."""
    return sum(
        r.chips * max(0, min(r.end_ms, ends_ms) - max(r.start_ms, begins_ms))
        for r in rows
        if r.start_ms is not None
    )


def _milli(part: int, whole: int) -> int | None:
    return (2000 * part + whole) // (2 * whole) if whole else None


def _centre(
    centre: str, arrived: Sequence[Served], chips: int, work: int, begins_ms: int, ends_ms: int
) -> dict[str, Any]:
    own = _waits([r for r in arrived if r.home == centre], ends_ms)
    return {
        "centre": centre,
        "chips": chips,
        "jobs": sum(r.centre == centre for r in arrived),
        "guests": sum(r.centre == centre and r.home != centre for r in arrived),
        "own_jobs": len(own),
        "own_median_ms": nearest_rank(own, 500),
        "own_p90_ms": nearest_rank(own, 900),
        "utilisation_milli": _milli(work, chips * (ends_ms - begins_ms)),
    }
