"""One suite over every adapter: whatever the engine, the contract holds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from lanes import Lane, RealLane

from hutong.kernel.errors import Conflict, Invalid
from hutong.modules.compute.adapters import SAVED, Adapter, Attempt, Pool, Receipt, Task, Unreachable

HOSTILE = [
    "$(touch x); rm -rf ~",
    "`id`",
    'it\'s "quoted" \\ and % and %j',
    "line\nbreak\r\n#SBATCH --nodes=99",
    "中文作业 🐉",
    "--wrap=id",
    "; scancel -u root",
    "a|b|c",
    "",
    "x" * 5000,
]


def test_an_adapter_is_one(lane: Lane) -> None:
    assert isinstance(lane.centre, Adapter)


def test_started_twice_is_one_job(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.2)
    first = lane.centre.start(attempt, task, key="k")
    again = lane.centre.start(attempt, task, key="k")
    assert not first.repeated and again.repeated and first.number == again.number
    assert lane.ended(attempt).state == "finished"
    late = lane.centre.start(attempt, task, key="k")
    assert late.repeated and late.number == first.number
    assert lane.runs(task) == 1


def test_started_by_many_at_once_is_one_job(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.2)

    def start(_: int) -> Receipt:
        return lane.centre.start(attempt, task, key="k")

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(start, range(6)))
    assert len({r.number for r in receipts}) == 1
    assert sum(not r.repeated for r in receipts) == 1
    assert lane.ended(attempt).state == "finished"
    assert lane.runs(task) == 1


def test_a_stale_fence_is_refused_and_the_newer_attempt_runs(lane: Lane) -> None:
    old, task = lane.attempt(fence=1), lane.task(0.1)
    new = lane.attempt(old.job, fence=2)
    lane.centre.start(new, task, key="k")
    with pytest.raises(Conflict) as refusal:
        lane.centre.start(old, task, key="k")
    assert refusal.value.rule == "attempt.stale_fence"
    assert lane.ended(new).state == "finished"
    assert lane.centre.poll([old])[old].state == "unknown"
    assert lane.runs(task) == 1


def test_two_attempts_may_not_share_a_fence(lane: Lane) -> None:
    one, task = lane.attempt(), lane.task(0.1)
    other = lane.attempt(one.job)
    lane.centre.start(one, task, key="k")
    with pytest.raises(Conflict) as refusal:
        lane.centre.start(other, task, key="k")
    assert refusal.value.rule == "attempt.stale_fence"
    lane.ended(one)


def test_another_task_under_the_same_attempt_is_refused(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.1)
    lane.centre.start(attempt, task, key="k")
    with pytest.raises(Conflict) as refusal:
        lane.centre.start(attempt, lane.task(0.3), key="k")
    assert refusal.value.rule == "attempt.differs"
    lane.ended(attempt)


def test_cancelled_while_starting_ends_and_never_comes_back(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(30)
    lane.centre.start(attempt, task, key="k")
    lane.centre.cancel(attempt, key="c")
    lane.centre.cancel(attempt, key="c")
    assert lane.ended(attempt).state in ("cancelled", "refused")
    assert lane.runs(task) <= 1
    with pytest.raises(Conflict) as refusal:
        lane.centre.start(attempt, task, key="k")
    assert refusal.value.rule == "attempt.revoked"


def test_cancelled_while_running_is_paid_for_until_then(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(30, chips=2)
    lane.centre.start(attempt, task, key="k")
    lane.until(attempt, "running")
    while lane.runs(task) == 0:
        lane.turn()
    lane.centre.cancel(attempt, key="c")
    assert lane.ended(attempt).state == "cancelled"
    assert final(lane, attempt) == [(s, e, 2) for s, e, _ in lane.held(attempt)]


def test_cancelled_before_its_start_never_runs(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.1)
    lane.centre.cancel(attempt, key="c")
    with pytest.raises(Conflict) as refusal:
        lane.centre.start(attempt, task, key="k")
    assert refusal.value.rule == "attempt.revoked"
    assert lane.centre.poll([attempt])[attempt].state == "cancelled"
    assert lane.runs(task) == 0


def test_a_cancel_after_the_end_changes_nothing(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.1)
    lane.centre.start(attempt, task, key="k")
    before = lane.ended(attempt)
    lane.centre.cancel(attempt, key="c")
    after = lane.centre.poll([attempt])[attempt]
    assert (before.state, before.status, before.number) == (after.state, after.status, after.number)


def test_who_is_warned_saves_and_ends_by_itself(lane: Lane) -> None:
    """Told twice, the payload hears it once. An engine that cannot say so lets it run."""
    attempt, task = lane.attempt(), lane.saver()
    lane.centre.start(attempt, task, key="k")
    lane.until(attempt, "running")
    while lane.runs(task) == 0:
        lane.turn()
    for _ in range(2):
        lane.centre.warn(attempt, key="w")
    if not lane.centre.warns:
        lane.turn()
        assert lane.centre.poll([attempt])[attempt].state == "running"
        lane.centre.cancel(attempt, key="c")
        assert lane.ended(attempt).state == "cancelled"
        return
    report = lane.ended(attempt)
    assert (report.state, report.status) == ("failed", SAVED)
    assert [chips for *_, chips in final(lane, attempt)] == [1]
    if isinstance(lane, RealLane):
        assert lane.said(task, "told") == 1


def test_a_warning_before_the_beginning_and_after_the_end_changes_nothing(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.5)
    lane.centre.warn(attempt, key="w")
    lane.centre.start(attempt, task, key="k")
    before = lane.ended(attempt)
    assert before.state == "finished"
    lane.centre.warn(attempt, key="w")
    after = lane.centre.poll([attempt])[attempt]
    assert (before.state, before.status) == (after.state, after.status) == ("finished", 0)


def test_who_is_warned_and_pays_no_heed_runs_on_until_it_is_cancelled(lane: Lane) -> None:
    if not isinstance(lane, RealLane) or not lane.centre.warns:
        pytest.skip("the payload is no process that could refuse to hear")
    trace = lane.folder / "deaf"
    script = 'trap "" TERM; echo run >>"$1"; sleep 60'
    task = Task(("/bin/sh", "-c", script, "payload", str(trace)), chips=1, limit_s=120)
    attempt = lane.attempt()
    lane.centre.start(attempt, task, key="k")
    while lane.runs(task) == 0:
        lane.turn()
    lane.centre.warn(attempt, key="w")
    for _ in range(5):
        lane.turn()
    assert lane.centre.poll([attempt])[attempt].state == "running"
    lane.centre.cancel(attempt, key="c")
    assert lane.ended(attempt).state == "cancelled"


def test_usage_is_what_the_engine_has_in_its_books(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(1.3, status=3, chips=2)
    lane.centre.start(attempt, task, key="k")
    report = lane.ended(attempt)
    assert (report.state, report.status) == ("failed", 3)
    segments = final(lane, attempt)
    assert segments == lane.held(attempt) and len(segments) == 1
    assert [s.status for s in lane.centre.usage([attempt])[attempt].segments] == [3]
    start, end, chips = segments[0]
    assert chips == 2 and 1.3 <= (end - start).total_seconds() + 1 <= 30


def test_a_gang_starts_whole_or_waits(lane: Lane) -> None:
    many, one = lane.attempt(), lane.attempt()
    size = sum(p.total for p in lane.centre.capacity().pools) // lane.centre.capacity().pools[0].nodes
    lane.centre.start(many, lane.task(0.5, chips=size), key="k")
    lane.centre.start(one, lane.task(0.1), key="k")
    assert lane.ended(many).state == lane.ended(one).state == "finished"


def test_the_impossible_is_refused_at_once(lane: Lane) -> None:
    attempt = lane.attempt()
    with pytest.raises(Invalid) as refusal:
        lane.centre.hold(attempt, lane.task(1, chips=999), lease_s=60, key="k")
    assert refusal.value.rule == "centre.impossible"
    with pytest.raises(Invalid) as refusal:
        lane.centre.start(attempt, lane.task(1, chips=999), key="k")
    assert refusal.value.rule == "centre.impossible"
    assert lane.centre.hold(attempt, lane.task(1), lease_s=60, key="k").attempt == attempt


def test_capacity_counts_what_is_taken(lane: Lane) -> None:
    # Some engines tell of it seconds later.
    total = free(lane, lambda pool: pool.free == pool.total).total
    attempt, task = lane.attempt(), lane.task(6, chips=3)
    lane.centre.start(attempt, task, key="k")
    during = free(lane, lambda pool: pool.free != pool.total)
    assert (during.free, during.total) == (total - 3, total)
    lane.centre.cancel(attempt, key="c")
    lane.ended(attempt)


def free(lane: Lane, true: Callable[[Pool], bool]) -> Pool:
    for _ in range(150):
        pool = lane.centre.capacity().pools[0]
        if true(pool):
            return pool
        lane.turn()
    raise AssertionError(pool)


def test_what_is_alive_is_found_without_asking_for_it(lane: Lane) -> None:
    attempt, over = lane.attempt(), lane.attempt()
    lane.centre.start(over, lane.task(0), key="k")
    lane.ended(over)
    lane.centre.start(attempt, lane.task(1.5), key="k")
    alive = lane.centre.alive()
    assert attempt in alive and over not in alive
    lane.ended(attempt)
    assert attempt not in lane.centre.alive()


def test_what_the_centre_never_saw_is_unknown(lane: Lane) -> None:
    attempt = lane.attempt()
    assert lane.centre.poll([attempt])[attempt].state == "unknown"
    assert lane.centre.usage([attempt])[attempt].segments == ()


def test_a_silent_centre_is_unreachable_and_not_preempted(lane: Lane) -> None:
    attempt, task, other = lane.attempt(), lane.task(0.3), lane.attempt()
    lane.centre.start(attempt, task, key="k")
    with lane.silence():
        for call in (
            lambda: lane.centre.poll([attempt]),
            lambda: lane.centre.usage([attempt]),
            lambda: lane.centre.capacity(),
            lambda: lane.centre.alive(),
            lambda: lane.centre.start(other, task, key="k"),
            lambda: lane.centre.start(attempt, task, key="k"),
        ):
            with pytest.raises(Unreachable):
                call()
    again = lane.centre.start(attempt, task, key="k")
    assert again.attempt == attempt
    assert lane.ended(attempt).state == "finished"


def test_what_was_asked_of_a_silent_centre_runs_once(lane: Lane) -> None:
    attempt, task = lane.attempt(), lane.task(0.3)
    with lane.silence():
        for _ in range(2):
            with pytest.raises(Unreachable):
                lane.centre.start(attempt, task, key="k")
    lane.centre.start(attempt, task, key="k")
    assert lane.ended(attempt).state == "finished"
    lane.turn()
    assert lane.runs(task) == 1


@pytest.mark.parametrize("label", HOSTILE)
def test_a_name_made_for_the_shell_stays_a_name(lane: Lane, label: str) -> None:
    attempt, task = lane.attempt(), lane.task(0, label=label)
    lane.centre.start(attempt, task, key=label)
    assert lane.ended(attempt).state == "finished"
    assert lane.runs(task) == 1


def final(lane: Lane, attempt: Attempt) -> list[tuple[object, object, int]]:
    """The segments, once the engine's books are closed."""
    for _ in range(200):
        usage = lane.centre.usage([attempt])[attempt]
        if usage.final:
            return [(s.started_at, s.ended_at, s.chips) for s in usage.segments]
        lane.turn()
    raise AssertionError(f"never final: {usage}")


@pytest.mark.parametrize("broken", [{"chips": -1}, {"limit_s": 0}, {"nodes": 0}, {"chips": 3, "nodes": 2}])
def test_amounts_are_refused_and_never_rounded(broken: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        Task(("true",), **{"chips": 1, "limit_s": 60, **broken})


@pytest.mark.parametrize("command", [(), ("",), ("a\0b",)])
def test_a_command_is_a_list_of_texts(command: tuple[str, ...]) -> None:
    with pytest.raises(Invalid):
        Task(command, chips=1, limit_s=60)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a.b", "x" * 64, "作业", "-n", "a\n"])
def test_an_attempt_has_a_safe_name(name: str) -> None:
    with pytest.raises(Invalid):
        Attempt(name, "a", 1)
    with pytest.raises(Invalid):
        Attempt("J", name, 1)
