"""The outlook that is kept on a waiting job: its kinds, its interval, what stays of it, and what the page says of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from compute.desk import Desk
from compute.test_pages import body, words
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hutong.modules.compute import outlook
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.outlook import lead, options_table, refresh
from hutong.modules.compute.runtimes import learned
from hutong.modules.compute.show.expected import as_asked, kind_of, moment


def history(allocation: Any, share: float = 0.5, many: int = 10, limit_s: int = 3600, chips: int = 2) -> None:
    """Jobs of the allocation that ran for that share of their limits and ended before now."""
    now = timezone.now()
    for n in range(many):
        ended = now - timedelta(hours=2 + n)
        began = ended - timedelta(seconds=limit_s * share)
        Job.objects.create(
            code=f"JOB-9{n:03d}", created_at=began, allocation=allocation, program="forge.build", chips=chips,
            limit_s=limit_s, held_ms=0, state="finished", started_at=began, ended_at=ended, pool=allocation.pool,
        )  # fmt: skip


def waiting(desk: Desk) -> tuple[Job, Job]:
    """A job on both chips for an hour at most, and one that waits for them."""
    hours = desk.active("20")
    history(hours)
    first = desk.submit(hours, chips=2, limit_s=3600)
    desk.start(first)
    Job.objects.filter(pk=first.pk).update(started_at=timezone.now())
    second = desk.submit(hours, chips=2, limit_s=1800)
    turn()
    second.refresh_from_db()
    return first, second


def test_options_are_kept_with_their_kind(desk: Desk) -> None:
    _, job = waiting(desk)
    kinds = [o["kind"] for o in job.outlook["options"]]
    assert "as_asked" in kinds and set(kinds) <= {"as_asked", "chips", "run"}
    planned = as_asked(job.outlook)
    assert planned is not None and planned["value"] == 2 and planned["pool"] == desk.pool.code
    # The head of the queue holds a reservation: what was promised is what its limit says.
    assert job.outlook["promised"] == {"pool": desk.pool.code, "start_ms": planned["start_ms"]}


def test_a_row_of_before_the_kinds_still_reads(desk: Desk) -> None:
    _, job = waiting(desk)
    old = {
        "en": "POL-0001 is 1 chips short, 0 waiting jobs before this one.",
        "zh": "POL-0001还差1块芯片，前面有0个作业等待。",
        "options": [
            {"en": "With 1 chips: 09-01 09:00 at POL-0001.", "zh": "若用1块芯片：09-01 09:00在POL-0001开始。",
             "pool": "POL-0001", "start_ms": 1, "fen": 175},
            {"en": "As asked: 09-01 10:00 at POL-0001.", "zh": "按原申请：09-01 10:00在POL-0001开始。",
             "pool": "POL-0001", "start_ms": 3_600_001, "fen": 350},
        ],
    }  # fmt: skip
    assert [kind_of(o) for o in old["options"]] == ["chips", "as_asked"]  # type: ignore[arg-type]
    assert kind_of({"en": "With a run time of at most 1:00 h: now at P."}) == "run"
    Job.objects.filter(pk=job.pk).update(outlook=old)
    job.refresh_from_db()
    said = lead(job)
    assert said is not None and said.en.endswith(
        "As asked: 09-01 10:00 at POL-0001. It costs CNY 3.50 at most."
    )
    assert said.zh.endswith("按原申请：09-01 10:00在POL-0001开始。费用至多 3.50 元。")
    ((_, table),) = options_table(job)
    assert [str(row[0].value) for row in table.rows] == [o["en"] for o in old["options"]]  # type: ignore[index]
    page = words(body(desk.engineer, f"/compute/job/{job.code}"))
    assert "With 1 chips: 09-01 09:00" in page and "It costs CNY 3.50 at most." in page


def test_a_waiting_job_says_between_which_times_it_starts_and_by_when_at_the_latest(desk: Desk) -> None:
    first, job = waiting(desk)
    soon = job.outlook["soon"]
    running = Job.objects.get(pk=first.pk)
    assert running.started_at is not None
    half = running.started_at.timestamp() + 1800
    # Jobs of its kind ended after half of their limit; the promise waits for the whole.
    assert abs(soon["middle"] - half) < 10 and soon["pool"] == desk.pool.code
    assert job.outlook["promised"]["start_ms"] // 1000 - half > 1700
    said = lead(job)
    assert said is not None
    clock = r"(?:\d\d-\d\d )?\d\d:\d\d"
    between = rf"Starts between (now|{clock}) and {clock} \(80\u00a0%\), at the latest {clock}, at POL-0001\."
    assert re.search(between, said.en), said.en
    assert re.search(rf"{clock}之间启动（80%），最迟{clock}，地点POL-0001。", said.zh), said.zh
    assert "As asked" not in said.en and said.en.endswith("It costs CNY 3.50 at most.")


def test_before_anything_has_ended_limits_speak(desk: Desk) -> None:
    hours = desk.active("10")
    desk.start(desk.submit(hours, chips=2, limit_s=3600))
    job = desk.submit(hours, chips=1, limit_s=60)
    turn()
    job.refresh_from_db()
    said = lead(job)
    assert said is not None and "80" not in said.en and "As asked: " in said.en
    assert "low" not in job.outlook["soon"] and "foretold" not in job.outlook


def test_the_first_interval_is_kept_whatever_the_broker_says_later(desk: Desk, monkeypatch: Any) -> None:
    _, job = waiting(desk)
    kept = job.outlook["foretold"]
    assert kept["low"] <= kept["raw"] <= kept["high"] and kept["at"] <= timezone.now().timestamp()
    later = timezone.now() + timedelta(seconds=outlook.FRESH_S + 1)
    refresh(outlook.picture(later), [job.code])
    job.refresh_from_db()
    assert job.outlook["foretold"] == kept and job.outlook["soon"]["at"] > kept["at"]
    monkeypatch.setattr(outlook, "MOST_EXPLAINED", 0)
    refresh(outlook.picture(later), [job.code])
    job.refresh_from_db()
    assert job.outlook == {"place": 1, "foretold": kept}


def test_an_interval_stands_for_a_minute(desk: Desk) -> None:
    _, job = waiting(desk)
    seen = outlook.picture(timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert refresh(seen, [job.code]) == 0
    assert len(queries) == 1


def test_what_came_of_a_forecast_is_read_with_the_first_start(desk: Desk) -> None:
    first, job = waiting(desk)
    desk.end(first, 2 * 1000)
    desk.start(job)
    known = learned(timezone.now() + timedelta(hours=1))._jobs[job.code]
    placed = Attempt.objects.get(job=job).placed_at
    assert known.foretold == job.outlook["foretold"] and known.first_ms == int(placed.timestamp() * 1000)
    assert known.name == "forge.build" and known.chips == 2
    with CaptureQueriesContext(connection) as queries:
        learned(timezone.now(), [job.code])
    assert len(queries) == 1


def test_a_turn_explains_a_few_the_untold_first_and_comes_to_all(desk: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(outlook, "AT_ONCE", 2)
    hours = desk.active("20")
    desk.start(desk.submit(hours, chips=2, limit_s=3600))
    jobs = [desk.submit(hours, chips=1, limit_s=60) for _ in range(5)]
    Job.objects.filter(pk__in=[j.pk for j in jobs]).update(outlook={})
    codes = [j.code for j in jobs]
    now = timezone.now()
    for told in (2, 4, 5):
        refresh(outlook.picture(now), codes)
        found = {j.code: j.outlook for j in Job.objects.filter(code__in=codes)}
        assert sum("en" in o for o in found.values()) == told
        assert all("en" in o or "place" in o for o in found.values())
    Job.objects.filter(pk__in=[j.pk for j in jobs]).update(outlook={"en": "old", "zh": "旧", "options": []})
    for turn_ in range(5):
        refresh(outlook.picture(now + timedelta(seconds=turn_)), codes)
    assert not Job.objects.filter(outlook__en="old").exists()


def test_a_submission_is_told_its_interval_at_once(desk: Desk) -> None:
    hours = desk.active("20")
    history(hours)
    desk.start(desk.submit(hours, chips=2, limit_s=3600))
    Job.objects.filter(state="running").update(started_at=timezone.now())
    desk.hub.clock.move_to(timezone.now() + timedelta(minutes=5))
    job = desk.submit(hours, chips=2, limit_s=600)
    assert job.outlook["foretold"] == job.outlook["soon"] and job.outlook["soon"]["pool"] == desk.pool.code


@pytest.mark.parametrize(("days", "said"), [(0, "14:05"), (1, "09-02 14:05")])
def test_moments_of_today_are_told_by_the_clock_alone(days: int, said: str) -> None:
    now = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
    at = datetime(2026, 9, 1 + days, 6, 5, tzinfo=UTC)
    assert moment(at, now).en == said and moment(now, now).zh == "即刻"
