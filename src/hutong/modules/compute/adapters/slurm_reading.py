"""What is true of an attempt, from three witnesses: the controller, the accounting, and the guard beside the payload.

The controller forgets what it did in its last seconds when it is killed (it saves its state every five), and then
gives the same numbers again; so attempts are found by name. The accounting keeps a job it was told of and never
again heard about as running for ever. The guard knows whether the payload lives and how it ended, but only where it
came to begin.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hutong.modules.compute.adapters.attempt import Attempt
from hutong.modules.compute.adapters.contract import ENDED, Report, Segment, State, Usage
from hutong.modules.compute.adapters.slurm_words import Row
from hutong.modules.compute.adapters.spool import Standing

_OVERTAKEN = ("cancelled", "node_failed", "refused")
# SIGTERM and SIGKILL: the payload did not choose to end so.
_ENDED_FROM_OUTSIDE = (143, 137)
_LIVE = ("pending", "starting", "running")


def number_of(queued: Sequence[Row], booked: Sequence[Row], standing: Standing) -> str | None:
    """Slurm's number of an attempt; None where it has to be submitted again: it never began and will not.

    What the accounting alone calls alive has been forgotten by the controller and will not begin.
    """
    if standing.number is not None:
        return standing.number or (queued[-1].number if queued else "0")
    row = _best([*(r for r in booked if r.state in ENDED), *queued], standing)
    return row.number if row is not None and row.state != "refused" else None


def _best(rows: Sequence[Row], standing: Standing) -> Row | None:
    """The row that tells of the attempt, also where a submission came through twice: the one that began; where none
    began, one that lives, else the last that was not refused, else the last."""
    if standing.number:
        began = [r for r in rows if r.number == standing.number]
        return began[-1] if began else None
    live = [r for r in rows if r.state in _LIVE]
    done = [r for r in rows if r.state != "refused"]
    return next((group[-1] for group in (live, done, list(rows)) if group), None)


def phantom(queued: Sequence[Row], standing: Standing) -> bool:
    """Whether the controller calls an attempt alive that began and is over.

    For seconds that is so at every end. It lasts where a controller was killed and came back with a state from before
    the beginning: it then waits for chips, or for the word of a node, for a job that is long done.
    """
    over = standing.number is not None and not standing.alive
    row = _best(queued, standing)
    return over and row is not None and row.state in _LIVE


def report_of(
    attempt: Attempt,
    queued: Sequence[Row],
    booked: Sequence[Row],
    standing: Standing,
    *,
    revoked: bool = False,
    overdue: bool = False,
) -> Report:
    """How the attempt stands. queued: the controller's rows; booked: the accounting's; overdue: it has been a phantom
    for too long."""
    if overdue:
        return _by_guard(attempt, standing, revoked)
    row = _best([*(r for r in booked if r.state in ENDED), *queued], standing)
    if row is None:
        return _by_guard(attempt, standing, revoked)
    if row.state == "running" and standing.number is None:
        # Given chips; the guard has not begun. It may never, where a controller was killed in between.
        return Report(attempt, "starting", row.number, None, row.started_at, None, row.word)
    if row.state not in ENDED:
        return Report(attempt, row.state, row.number, None, row.started_at, None, row.word)
    if standing.alive and standing.ended is None:
        # The controller has given the node up, or is still about to kill; the payload has not let go of its lock.
        return Report(
            attempt, "running", row.number, None, row.started_at, None, f"{row.word}, payload alive"
        )
    if row.state in _OVERTAKEN and standing.status is not None and standing.status < 128:
        # Killed in between, a controller starts again what had ended, and cancels or refuses that.
        return _by_guard(attempt, standing, revoked)
    state, status = row.state, row.status
    if state == "cancelled" and not revoked:
        state = "lost"
    elif state == "failed" and standing.number is None:
        # The payload cannot have failed: the guard did not begin, or was never launched.
        state = "refused"
    elif status is None:
        status = standing.status
    return Report(attempt, state, row.number, status, row.started_at, row.ended_at, row.word)


def _by_guard(attempt: Attempt, standing: Standing, revoked: bool) -> Report:
    """How an attempt stands of which neither controller nor accounting knows the end."""
    if standing.number is None:
        return Report(attempt, "cancelled" if revoked else "unknown")
    begun, ended = _second(standing.begun), _second(standing.ended)
    if standing.status in _ENDED_FROM_OUTSIDE:
        state: State = "cancelled" if revoked else "lost"
    elif standing.status is not None:
        state = "failed" if standing.status else "finished"
    else:
        state = "running" if standing.alive else "lost"
    return Report(
        attempt, state, standing.number or None, standing.status, begun, ended, "forgotten", accounted=False
    )


def usage_of(attempt: Attempt, queued: Sequence[Row], booked: Sequence[Row], standing: Standing) -> Usage:
    """What the accounting has closed. final once nothing of the attempt lives, and the accounting knows all that the
    controller and the guard know of: what it still calls open may only be late."""
    segments = tuple(
        Segment(attempt, r.number, r.started_at, r.ended_at, r.chips, _status(r, standing), r.suspended_ms)
        for r in booked
        if r.state in ENDED and r.started_at is not None and r.ended_at is not None
    )
    open_rows = any(r.state not in ENDED for r in (*queued, *booked))
    told = {r.number for r in booked}
    known = {r.number for r in queued} | ({standing.number} if standing.number else set())
    alive = standing.alive and standing.ended is None
    seen = None if standing.begun is None or standing.ended is None else standing.ended - standing.begun
    observed = None if seen is None else seen * 1000
    return Usage(attempt, segments, observed_ms=observed, final=not open_rows and not alive and known <= told)


def _status(row: Row, standing: Standing) -> int | None:
    return standing.status if row.status is None and row.number == standing.number else row.status


def _second(value: int | None) -> datetime | None:
    return datetime.fromtimestamp(value, UTC) if value is not None else None
