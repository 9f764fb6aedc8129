"""The page of a job as a stranger reads it: its tries and why each ended, what it costs so far, its last words."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from compute.desk import HOUR, Desk
from compute.test_pages import body, client_of, words
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.show import log as show_log
from hutong.modules.compute.show.job import sections
from hutong.modules.compute.show.log import LONGEST_LINE, MOST_LINES, last_lines
from hutong.modules.compute.show.words import span


def running(desk: Desk) -> Job:
    job = desk.submit(desk.active("10"), chips=2, limit_s=3600)
    desk.start(job)
    job.refresh_from_db()
    return job


def lines(job: Job) -> list[str]:
    found = last_lines(job, list(job.attempts.order_by("pk")))
    return [str(row[0].value) for _, table in found for row in table.rows]


def test_every_try_says_how_it_ended_also_one_that_never_began(desk: Desk) -> None:
    job = running(desk)
    placed = Attempt.objects.get(job=job).placed_at
    Attempt.objects.filter(job=job).update(started_at=placed + timedelta(seconds=30))
    for ending in ("preempted", "refused"):
        desk.hub.do(THE_HUB, "compute.job.requeue", job=job, ending=ending)
        desk.start(job)
    page = body(desk.engineer, f"/compute/job/{job.code}")
    assert "3 tries" in page and "Given back by the centre" in page
    # The second was placed and never began: its bar and its line say that it was refused.
    assert "bar-held bar-stopped" in page and "Refused by the centre" in page
    assert "被中心收回" in body(desk.engineer, f"/compute/job/{job.code}", "zh")


def test_a_try_that_is_unreachable_before_it_began_says_so_in_the_drawing(desk: Desk) -> None:
    job = running(desk)
    desk.hub.do(THE_HUB, "compute.centre.fall_silent", centre=desk.pool.centre, reason="No answer.")
    _, parts = sections(job)
    (bar, *_) = parts[0][1].tracks[0].bars
    assert bar.tone == "needs" and "Unreachable" in bar.mark.en


def test_what_it_costs_so_far_is_marked_as_provisional(desk: Desk) -> None:
    page = words(body(desk.engineer, f"/compute/job/{running(desk).code}"))
    assert "provisional: metered so far; settled when it ends" in page


def test_the_last_lines_of_the_log_are_read_as_a_person_reads_them(desk: Desk, monkeypatch: Any) -> None:
    job = running(desk)
    said = (
        b"step 0\n" * 20 + b"10 %\r55 %\r100 %\n\x1b[31mwrong\x1b[0m \xe2\x80\xae\x07thing\n\n" + b"y" * 999
    )
    monkeypatch.setattr(show_log, "log_of", lambda attempt: said + b" \xff")
    found = lines(job)
    assert len(found) == MOST_LINES
    assert found[-3:] == ["100 %", "wrong thing", "y" * LONGEST_LINE]
    page = body(desk.engineer, f"/compute/job/{job.code}")
    assert "Last lines of its log" in page and "100 %" in page


def test_a_job_that_has_said_nothing_or_whose_log_is_out_of_reach_has_no_such_part(
    desk: Desk, monkeypatch: Any
) -> None:
    job = running(desk)
    assert lines(job) == []

    def gone(attempt: Any) -> bytes:
        raise FileNotFoundError(Path("/nowhere"))

    monkeypatch.setattr(show_log, "log_of", gone)
    assert lines(job) == []
    assert "Last lines" not in body(desk.engineer, f"/compute/job/{job.code}")


def test_the_log_of_a_job_that_has_ended_is_what_was_stored(desk: Desk) -> None:
    job = running(desk)
    desk.end(job, HOUR)
    job.refresh_from_db()
    assert lines(job) == ["log"]


def test_the_page_of_a_job_at_work_takes_eight_queries_at_most(desk: Desk) -> None:
    job, client = running(desk), client_of(desk.engineer)
    path = f"/compute/job/{job.code}"
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    assert len(seen) <= 8, [q["sql"][:90] for q in seen.captured_queries]


def test_spans_are_said_without_minutes_that_are_none() -> None:
    assert (span(7_200_000).en, span(7_500_000).en, span(7_200_000).zh) == ("2 h", "2 h 05 min", "2小时")
