"""What Slurm 22.05 prints, and what follows from witnesses that disagree."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hutong.modules.compute.adapters import Attempt, Pool, State
from hutong.modules.compute.adapters import slurm_reading as reading
from hutong.modules.compute.adapters import slurm_words as words
from hutong.modules.compute.adapters.slurm_words import Row
from hutong.modules.compute.adapters.spool import Standing

A = Attempt("J1", "a1", 1)
START, END = datetime(2026, 11, 26, 16, 14, 36, tzinfo=UTC), datetime(2026, 11, 26, 16, 14, 39, tzinfo=UTC)
NEVER, ALIVE = Standing(), Standing("1", 1795709676, alive=True)


def row(number: str, state: State, status: int | None = None) -> Row:
    ended = state not in ("pending", "starting", "running")
    return Row(A, number, state, state.upper(), START, END if ended else None, status, 2)


def test_the_queue_is_read_and_others_are_passed_over() -> None:
    printed = (
        "1|FAILED|1795709676|1795709679|768|htg.J1.1.a1|\n"
        "2|RUNNING|1795709676|1795709796|0|someone's|x\n"
        "3|PENDING|N/A|N/A|0|htg.J2.12.b_3-4|\n"
        "4|RUNNING|1795709676|N/A|0|htg.J2.0.zero|\n"
        "5|RUNNING|1795709676|N/A|0|htg.J2.01.zero|\n"
        "6|CANCELLED|1795709676|1795709679|15|htg.J3.1.a1|\nnonsense\n"
    )
    rows = words.queue_rows(printed)
    assert [(r.number, r.state, r.status) for r in rows] == [
        ("1", "failed", 3),
        ("3", "pending", 0),
        ("6", "cancelled", 143),
    ]
    assert (rows[0].started_at, rows[0].ended_at) == (START, END)
    assert rows[1].started_at is None and rows[1].attempt == Attempt("J2", "b_3-4", 12)


def test_the_books_are_read() -> None:
    printed = (
        "1|FAILED|1795709676|1795709679|00:00:01|3:0|billing=1,cpu=1,gres/gpu:a100=2,gres/gpu=2,node=1|htg.J1.1.a1\n"
        "2|CANCELLED by 0|Unknown|1795709679|00:00:00|0:0||htg.J1.1.a1\n"
        "3|FAILED|1795709676|1795709679|1-00:00:00|75:0|gres/gpu=1|htg.J1.1.a1\n"
    )
    rows = words.book_rows(printed)
    assert [(r.state, r.chips, r.status, r.suspended_ms) for r in rows] == [
        ("failed", 2, 3, 1000),
        ("cancelled", 0, 0, 0),
        ("refused", 1, 75, 86_400_000),
    ]


def test_a_state_of_a_later_release_is_not_an_end() -> None:
    assert words.state_of("EXPEDITING", None) == "running"
    assert words.state_of("CANCELLED by 1000", None) == "cancelled"


@pytest.mark.parametrize(("code", "status"), [("0:0", 0), ("3:0", 3), ("0:9", 137), ("", None)])
def test_exit_codes(code: str, status: int | None) -> None:
    assert words.exit_status(code) == status


def test_pools_count_nodes_that_serve_once() -> None:
    printed = (
        "n1|mixed|gpu:a100:4(S:0),gpu:v100:2|gpu:a100:3(IDX:0-2),gpu:v100:0(IDX:N/A)|\n"
        "n1|mixed|gpu:a100:4(S:0),gpu:v100:2|gpu:a100:3(IDX:0-2),gpu:v100:0(IDX:N/A)|\n"
        "n2|idle~|gpu:a100:4|gpu:a100:0|\nn3|idle*|gpu:a100:4|gpu:a100:0|\nn4|drained|gpu:a100:4|gpu:a100:0|\n"
        "n5|idle|(null)|gpu:0|\n"
    )
    assert words.node_pools(printed) == (Pool("a100", 8, 5, 2), Pool("v100", 2, 2, 1))


@pytest.mark.parametrize(
    ("queued", "booked", "standing", "revoked", "state"),
    [
        # Nobody knows of it: it may be started; or was barred.
        ([], [], NEVER, False, "unknown"),
        ([], [], NEVER, True, "cancelled"),
        # The accounting alone calls it alive, and it never began: the controller forgot it.
        ([], [row("1", "running")], NEVER, False, "unknown"),
        # It has chips, and has not begun.
        ([row("1", "running")], [], NEVER, False, "starting"),
        # It began, and the controller forgot it: alive, ended, dead.
        ([], [row("1", "running")], ALIVE, False, "running"),
        ([], [], Standing("1", 5, 0, 9), False, "finished"),
        ([], [], Standing("1", 5, 3, 9), False, "failed"),
        ([], [row("1", "running")], Standing("1", 5), False, "lost"),
        # The node is given up, but the payload holds its lock.
        ([row("1", "node_failed")], [], ALIVE, False, "running"),
        ([row("1", "node_failed")], [], Standing("1", 5), False, "node_failed"),
        # Submitted twice: the one that began counts, not the one that was refused.
        ([row("1", "running"), row("2", "refused", 75)], [], ALIVE, False, "running"),
        ([row("2", "refused", 75)], [row("1", "finished", 0)], Standing("1", 5, 0, 9), False, "finished"),
        ([row("2", "refused", 75)], [row("1", "running")], ALIVE, False, "running"),
        # It had ended, and the controller, back from the dead, started it again in vain.
        ([row("1", "cancelled")], [], Standing("1", 5, 0, 9), False, "finished"),
        ([row("1", "running")], [], Standing("1", 5, 0, 9), False, "running"),
        # The centre ended it, and nobody had asked; its payload was killed, or wrote down its own end.
        ([row("1", "cancelled")], [], Standing("1", 5), False, "lost"),
        ([row("1", "cancelled")], [], Standing("1", 5, 143, 9), True, "cancelled"),
        # Refused by its guard and never begun.
        ([row("1", "refused", 75)], [], NEVER, False, "refused"),
        ([row("1", "failed")], [], NEVER, False, "refused"),
        ([row("1", "failed")], [], Standing("1", 5, 3, 9), False, "failed"),
        ([row("1", "cancelled")], [], NEVER, True, "cancelled"),
    ],
)  # fmt: skip
def test_what_follows_from_the_witnesses(
    queued: list[Row], booked: list[Row], standing: Standing, revoked: bool, state: str
) -> None:
    assert reading.report_of(A, queued, booked, standing, revoked=revoked).state == state


def test_a_controller_that_calls_alive_what_is_over_is_believed_for_a_while() -> None:
    running, ended = [row("1", "running")], Standing("1", 5, 0, 9)
    assert reading.phantom(running, ended) and reading.phantom([row("1", "pending")], Standing("1", 5))
    assert not reading.phantom(running, ALIVE) and not reading.phantom([row("1", "finished", 0)], ended)
    assert not reading.phantom([row("1", "pending")], NEVER)
    assert reading.report_of(A, running, [], ended).state == "running"
    late = reading.report_of(A, running, [], ended, overdue=True)
    assert (late.state, late.accounted) == ("finished", False)
    assert reading.report_of(A, running, [], Standing("1", 5), overdue=True).state == "lost"
    assert not reading.usage_of(A, running, running, ended).final


def test_only_what_nobody_began_is_submitted_again() -> None:
    assert reading.number_of([], [], NEVER) is None
    assert reading.number_of([], [row("1", "running")], NEVER) is None
    assert reading.number_of([row("1", "pending")], [], NEVER) == "1"
    assert reading.number_of([], [row("1", "cancelled")], NEVER) == "1"
    assert reading.number_of([], [], Standing("4", 5)) == "4"
    assert reading.number_of([row("5", "running")], [], Standing("", None, alive=True)) == "5"


def test_usage_is_final_when_nobody_knows_of_more() -> None:
    ended = Standing("1", 5, 0, 9)
    assert reading.usage_of(A, [row("1", "finished", 0)], [row("1", "finished", 0)], ended).final
    # The accounting is late.
    assert not reading.usage_of(A, [row("1", "finished", 0)], [row("1", "running")], ended).final
    assert not reading.usage_of(A, [row("1", "finished", 0)], [], ended).final
    assert not reading.usage_of(A, [], [], ended).final
    assert not reading.usage_of(A, [row("1", "running")], [row("1", "running")], ALIVE).final
    assert reading.usage_of(A, [], [], NEVER).final
    # Submitted twice: both held chips.
    both = [row("1", "finished", 0), row("2", "refused", 75)]
    usage = reading.usage_of(A, [], both, ended)
    assert usage.final and usage.chip_ms == 2 * 3000 * 2
