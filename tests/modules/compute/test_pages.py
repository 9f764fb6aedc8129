"""The pages of the partnership: what they say in both languages, to whom, and in how many queries."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from compute.desk import HOUR, Desk
from compute.partner import Neighbour
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hutong.kernel.permission import THE_HUB, Actor
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.models import Attempt, Centre, Job
from hutong.modules.compute.money import book
from hutong.modules.compute.show.map import provinces
from hutong.platform.people import Person

MOST = 8


def client_of(actor: Actor | None) -> Client:
    client = Client()
    if actor is not None:
        client.force_login(Person.objects.get(pk=actor.id))
    return client


def body(actor: Actor | None, path: str, language: str = "en", status: int = 200) -> str:
    answer = client_of(actor).get(path, headers={"Accept-Language": "zh-CN" if language == "zh" else "en"})
    assert answer.status_code == status, (path, answer.status_code)
    return answer.content.decode()


def words(page: str) -> str:
    """What stands on the page, without tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index("<main") :]))


@pytest.fixture
def neighbour(desk: Desk) -> Neighbour:
    return Neighbour(desk)


def test_the_map_says_what_the_whole_partnership_has(desk: Desk, neighbour: Neighbour) -> None:
    hours = desk.active("10")
    running, waiting = desk.submit(hours, chips=1, limit_s=60), desk.submit(hours, chips=2, limit_s=60)
    desk.start(running)
    page = words(body(None, "/compute/"))
    assert "2 computing centres, 10 chips in all" in page
    assert re.search(r"chips free now 9 of 10", page) and "they ask for 2 chips" in page
    assert (
        "utilisation 10 %" in page
        and "CNY 1.00 – CNY 3.50" in page
        and "1.21" in page
        and "not declared" in page
    )
    assert waiting.code not in page
    zh = words(body(None, "/compute/", "zh"))
    assert "2家算力中心互通共享，共10芯片" in zh and "共10" in zh and "南中心" in zh and "上海" in zh


def test_a_silent_centre_needs_someone_and_offers_nothing(desk: Desk, neighbour: Neighbour) -> None:
    desk.hub.do(THE_HUB, "compute.centre.fall_silent", centre=neighbour.centre, reason="No answer.")
    page = body(None, "/compute/")
    assert re.search(
        r'class="tile tile-needs"[^>]*>\s*<title>Shanghai: 1 centre \(silent\), 0 of 8 chips free', page
    )
    there = words(body(None, f"/compute/centre/{neighbour.centre.code}"))
    assert "0 of 8 at work, none on offer" in there and "none while the centre is silent" in there
    assert "Silent" in there and "The centre does not answer." in there
    assert "8 chips, none on offer" in page and "tone-needs" in page and ">Silent<" in page
    assert "失联" in body(None, "/compute/", "zh")
    desk.hub.do(desk.operator, "compute.centre.drain", centre=desk.pool.centre, reason="Repairs.")
    assert "Beijing: 1 centre (draining), 0 of 2 chips free" in body(None, "/compute/")


def test_the_map_lists_one_province_and_gives_all_as_csv(desk: Desk, neighbour: Neighbour) -> None:
    page = words(body(None, "/compute/?region=31"))
    assert "Centres in Shanghai" in page and "South" in page and "CTR-0001" not in page
    assert "Centres in" not in words(body(None, "/compute/?region=99"))
    rows = list(csv.DictReader(StringIO(body(None, "/compute/?format=csv").lstrip("\ufeff"))))
    assert [(r["code"], r["chips"], r["free"], r["price_from_fen"], r["pue_milli"]) for r in rows] == [
        ("CTR-0001", "2", "2", "350", ""),
        ("CTR-0002", "8", "8", "100", "1210"),
    ]


def test_every_province_has_its_own_tile() -> None:
    found = provinces()
    assert len(found) == len({p.code for p in found}) == len({(p.column, p.row) for p in found}) == 34
    assert {"11", "31", "71", "81", "82"} < {p.code for p in found}
    assert len({p.mark.zh for p in found}) == len({p.mark.en for p in found}) == 34


def test_a_centre_without_pools_and_a_hub_without_centres_have_a_page(hub: Any) -> None:
    assert "No centre has joined yet" in words(body(None, "/compute/"))
    assert "暂无" in body(None, "/compute/", "zh")


def held(desk: Desk) -> tuple[Job, Job]:
    """One job that runs on both chips of the pool, and one that was told when it can expect to start."""
    hours = desk.active("10")
    first, second = desk.submit(hours, chips=2, limit_s=3600), desk.submit(hours, chips=1, limit_s=1800)
    desk.start(first)
    turn()
    second.refresh_from_db()
    assert second.outlook["options"]
    return first, second


def test_the_chart_of_a_centre_names_jobs_to_those_who_may_see_them(desk: Desk) -> None:
    first, second = held(desk)
    path = f"/compute/centre/{desk.pool.centre.code}"
    mine = body(desk.operator, path)
    for job in (first, second):
        assert f'href="/compute/job/{job.code}" aria-label="{job.code}: ' in mine
    assert "1 job at work on 2 chips" in mine and "1 start expected here" in mine and "bar-promised" in mine
    for stranger in (None, desk.stranger()):
        theirs = body(stranger, path)
        assert first.code not in theirs and second.code not in theirs
        assert "a job: 2 chips of POL-0001" in theirs
    assert "1项作业运行中，占用2芯片" in body(None, path, "zh")


def test_what_is_unreachable_is_said_in_words_and_vermilion(desk: Desk) -> None:
    first, _ = held(desk)
    desk.hub.do(THE_HUB, "compute.centre.fall_silent", centre=desk.pool.centre, reason="No answer.")
    chart = body(desk.operator, f"/compute/centre/{desk.pool.centre.code}")
    assert "at a centre that is silent; it may still run there" in chart and "bar-held bar-needs" in chart
    page = words(body(desk.engineer, f"/compute/job/{first.code}"))
    assert "Unreachable: the centre is silent" in page and "silent since" in page


def test_a_waiting_job_says_why_and_what_it_sets_aside(desk: Desk) -> None:
    _, second = held(desk)
    page = words(body(desk.engineer, f"/compute/job/{second.code}"))
    assert "POL-0001 is 1 chip short" in page and "What would start it" in page
    assert "cost so far none yet" in page and "waiting for" in page and "Log as text" not in page
    assert "还差1块芯片" in body(desk.engineer, f"/compute/job/{second.code}", "zh")
    body(desk.engineer, f"/compute/job/{second.code}/log", status=404)


def test_a_running_job_tells_what_it_cost_so_far_price_by_price(desk: Desk) -> None:
    first, _ = held(desk)
    half = first.__class__.objects.get(pk=first.pk).started_at
    assert half is not None
    later = half.replace(minute=half.minute + 30)
    desk.hub.do(
        desk.operator, "compute.pool.price", pool=desk.pool, price="7.00", valid_from=later.isoformat()
    )
    page = words(body(desk.engineer, f"/compute/job/{first.code}"))
    # An hour of two chips, long ago: half of it at 3.50, half at 7.00, and not a second beyond the limit.
    assert "cost so far CNY 10.50" in page and "chip-time so far 2 chip-hours" in page
    assert "CNY 3.50 a chip-hour" in page and "CNY 7.00 a chip-hour" in page
    assert "metered so far; settled when it ends" in page and "Try 1 at North" in page


def test_the_page_of_a_job_refreshes_until_it_ended_and_then_shows_what_was_settled(desk: Desk) -> None:
    first, _ = held(desk)
    path = f"/compute/job/{first.code}"
    assert 'hx-trigger="every 15s"' in body(desk.engineer, path)
    desk.end(first, HOUR)
    page = body(desk.engineer, path)
    assert "hx-trigger" not in page
    said = words(page)
    assert "cost CNY 3.50" in said and "as settled in the book" in said and "Finished" in said
    assert "已完成" in words(body(desk.engineer, path, "zh"))


def test_the_log_is_plain_text_for_those_who_may_see_the_job(desk: Desk) -> None:
    first, _ = held(desk)
    desk.end(first, HOUR)
    path = f"/compute/job/{first.code}/log"
    for actor in (desk.engineer, desk.operator, desk.lane.office):
        answer = client_of(actor).get(path)
        assert (answer.status_code, answer.content) == (200, b"log")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for stranger in (None, desk.stranger()):
        assert client_of(stranger).get(path).status_code in (403, 404)


def test_the_account_lists_every_booking_and_its_csv_adds_up(desk: Desk) -> None:
    hours = desk.active("10")
    done, dropped = desk.submit(hours, chips=2, limit_s=3600), desk.submit(hours, chips=1, limit_s=60)
    desk.start(done)
    desk.end(done, HOUR)
    desk.hub.do(desk.engineer, "compute.job.cancel", job=dropped)
    path = f"/compute/allocation/{hours.code}"
    page = words(body(desk.engineer, path))
    assert "Of 10 chip-hours granted, 9 chip-hours are free" in page and "worth CNY 31.50" in page
    assert all(w in page for w in ("Granted", "Set aside", "Settled", "Given back"))
    assert "\u22122" in page and "+1" in page and done.code in page
    assert "核定10 卡时，可用9 卡时" in body(desk.engineer, path, "zh")
    rows = list(csv.DictReader(StringIO(body(desk.engineer, f"{path}/statement.csv").lstrip("\ufeff"))))
    assert [r["entry"] for r in rows] == ["grant", "hold", "hold", "settle", "release"]
    found = book.balances(hours)
    for kind in ("free", "held", "used"):
        assert sum(int(r[f"{kind}_ms"]) for r in rows) == found[kind]
    left = 0
    for row in rows:
        left += int(row["free_ms"])
        assert int(row["free_after_ms"]) == left
    assert (rows[3]["cost_fen"], rows[3]["price_lowest_fen"], rows[3]["pool"]) == ("350", "350", "POL-0001")
    assert client_of(desk.stranger()).get(f"{path}/statement.csv").status_code in (403, 404)


def test_a_page_shows_the_latest_bookings_with_the_right_balance(desk: Desk, monkeypatch: Any) -> None:
    from hutong.modules.compute.show import account as use_statement

    monkeypatch.setattr(use_statement, "MOST_SHOWN", 2)
    hours = desk.active("10")
    for _ in range(3):
        desk.submit(hours, chips=1, limit_s=3600)
    found = use_statement.statement(hours, 2)
    rows = found.rows
    assert found.balances == {k: v for k, v in book.balances(hours).items() if k != "source"}
    assert [(r.kind, r.free_after) for r in rows] == [("hold", 7 * HOUR), ("hold", 8 * HOUR)]
    assert "the latest 2; all in the CSV" in words(body(desk.engineer, f"/compute/allocation/{hours.code}"))


@pytest.fixture
def many(desk: Desk, neighbour: Neighbour) -> Iterator[dict[str, list[str]]]:
    """Paths by who looks, with records behind every page."""
    neighbour.agree()
    hours = desk.active("30")
    job = neighbour.hosted(hours)
    neighbour.accepted(job)
    first = desk.submit(hours, chips=2, limit_s=3600)
    second = desk.submit(hours, chips=2, limit_s=3600)
    desk.start(first)
    turn()
    desk.hub.do(
        desk.lane.office, "compute.experiment.run", chip="CPU core", chips=8, price="1", region="310000"
    )
    desk.hub.work()
    everybody = [
        "/compute/",
        "/compute/?region=11",
        *(f"/compute/centre/{c.code}" for c in Centre.objects.all()),
    ]
    jobs = [f"/compute/job/{j.code}" for j in (job, first, second)]
    account = f"/compute/allocation/{hours.code}"
    office = [
        *everybody,
        *jobs,
        account,
        "/compute/vouchers",
        "/compute/experiment/EXP-0001",
    ]
    kept = desk.hub.do(
        desk.operator,
        "compute.reservation.reserve",
        pool=desk.pool,
        chips=1,
        begins=desk.hub.clock.now() + timedelta(days=2),
        ends=desk.hub.clock.now() + timedelta(days=3),
        purpose="Course",
    )
    partners = [
        f"/compute/centre/{c.code}/{page}" for c in Centre.objects.all() for page in ("partners", "guarantee")
    ]
    asking = f"/compute/quote?allocation={hours.code}&chips=2"
    yield {
        "": everybody,
        "office": office + partners,
        "operator": [
            *everybody,
            *jobs,
            account,
            f"/compute/reservation/{kept.code}",
            "/compute/centre/CTR-0001/partners",
            "/compute/centre/CTR-0001/guarantee",
        ],
        "engineer": [*everybody, *jobs, account, asking],
    }


def test_every_page_takes_eight_queries_at_most(desk: Desk, many: dict[str, list[str]]) -> None:
    counted = {}
    for who, paths in many.items():
        client = client_of(desk.lane.people[who] if who else None)
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(path).status_code == 200, (who, path)
            counted[who, path] = len(seen)
    assert {key: n for key, n in counted.items() if n > MOST} == {}


def test_every_page_stands_in_both_languages(desk: Desk, many: dict[str, list[str]]) -> None:
    for path in many["office"]:
        zh = words(body(desk.lane.office, path, "zh"))
        en = words(body(desk.lane.office, path))
        assert len(re.findall(r"[\u4e00-\u9fff]", zh)) > 60, path
        assert len(re.findall(r"[\u4e00-\u9fff]", en)) < 40, path
        assert "None" not in en and "None" not in zh, path


def test_attempts_that_were_given_back_stand_in_the_timeline(desk: Desk) -> None:
    first, _ = held(desk)
    desk.hub.do(THE_HUB, "compute.job.requeue", job=first, ending="preempted")
    desk.start(first)
    page = words(body(desk.engineer, f"/compute/job/{first.code}"))
    assert Attempt.objects.filter(job=first).count() == 2
    assert "Given back by the centre" in page and "Try 2 at North" in page and "2 tries" in page
