"""A quote before a job: each pool's answer with its named constraint, on a page and as JSON, in few queries, leaving nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from compute.commands import CommandDesk, Neighbouring
from compute.test_outlook import history
from compute.test_pages import body, client_of, words
from django.conf import settings as hub_settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.models import Job, Pool
from hutong.modules.compute.quote import SAME_FOR_S, Ask, quote, seen
from hutong.platform.ledger.tables import Event
from hutong.platform.people import Person
from hutong.platform.web.accounts import make_token

MOST = 8


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    cache.clear()
    return CommandDesk(hub)


def asked(allocation: Any, **given: Any) -> Any:
    """A quote from the hub as it stands, past what was kept."""
    cache.clear()
    return quote(Ask(allocation, **given), timezone.now())


def causes(told: Any) -> dict[str, str]:
    return {r.pool.code: r.cause for r in told.rows}


def path(allocation: Any, **given: Any) -> str:
    parts = {"allocation": allocation.code, "chips": 1, "limit_s": 3600, **given}
    return "/compute/quote?" + "&".join(f"{k}={v}" for k, v in parts.items())


def test_each_pool_names_what_keeps_the_job_from_it(desk: CommandDesk) -> None:
    neighbour = Neighbouring(desk)
    hours, here, there = desk.active("20"), desk.pool.code, neighbour.pool.code
    assert causes(asked(hours, chips=2)) == {here: "", there: "home"}
    neighbour.agree()
    assert causes(asked(hours, chips=2)) == {here: "", there: ""}
    assert causes(asked(hours, chips=3)) == {here: "count", there: ""}
    assert causes(asked(hours, accept=("a100",))) == {here: "chip", there: "chip"}
    soon = timezone.now() + timedelta(minutes=5)
    assert causes(asked(hours, deadline=soon)) == {here: "deadline", there: "deadline"}
    desk.hub.do(THE_HUB, "compute.centre.fall_silent", centre=neighbour.centre, reason="No answer.")
    assert causes(asked(hours))[there] == "silent"
    desk.hub.do(THE_HUB, "compute.centre.answer", centre=neighbour.centre)
    desk.hub.do(neighbour.operator, "compute.centre.drain", centre=neighbour.centre, reason="Repairs.")
    assert causes(asked(hours))[there] == "draining"
    Pool.objects.filter(pk=desk.pool.pk).update(by_operator=True)
    assert causes(asked(hours))[here] == "by_operator"


def test_a_pool_that_runs_no_commands_says_so(desk: CommandDesk) -> None:
    (hub_settings.HUTONG_HOME / "centres.yaml").write_text("local: {engine: local}\n")
    told = asked(desk.active("2"))
    assert causes(told) == {desk.pool.code: "commands"} and not told.possible


def test_the_cheapest_and_the_earliest_are_marked_and_the_brokers_choice_is_what_a_submission_gets(
    desk: CommandDesk,
) -> None:
    neighbour = Neighbouring(desk)
    neighbour.agree()
    hours = desk.active("20")
    told = asked(hours, chips=2, limit_s=3600)
    first, second = told.rows
    assert (first.pool.code, first.fen, second.fen) == (neighbour.pool.code, 200, 700)
    assert first.cheapest and first.earliest and first.place.chosen and not second.cheapest
    job = desk.order(hours, "true", chips=2, limit_s=3600)
    assert job.outlook == {"starts": first.pool.code, "fen": first.fen}
    assert told.hold_ms == job.held_ms


def busy(desk: CommandDesk, hours: Any) -> Job:
    """Both chips at work for an hour at most, half of it by what jobs of this kind did before; returns who runs."""
    history(hours)
    job = desk.submit(hours, chips=2, limit_s=3600)
    desk.start(job)
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now())
    job.refresh_from_db()
    return job


def test_a_quote_behind_others_says_what_a_submission_would_hear(desk: CommandDesk) -> None:
    hours = desk.active("30")
    busy(desk, hours)
    desk.submit(hours, chips=1, limit_s=600)
    told = asked(hours, chips=2, limit_s=1800)
    (row,) = told.rows
    assert row.cause == "chips" and not row.place.now and row.place.ahead == 1
    assert row.interval is not None and row.interval.low <= row.interval.middle <= row.interval.high
    job = desk.order(hours, "true", chips=2, limit_s=1800)
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now())
    turn()
    job.refresh_from_db()
    planned = next(o for o in job.outlook["options"] if o["kind"] == "as_asked")
    # A second or two lie between the quote and the broker's turn.
    assert abs(planned["start_ms"] - row.start_ms) < 5_000 and planned["fen"] == row.fen
    assert abs(job.outlook["soon"]["middle"] - row.interval.middle) < 60
    assert {o.kind for o in told.options} >= {"as_asked", "chips"}


def test_what_it_costs_to_accept_another_kind_is_told(desk: CommandDesk) -> None:
    neighbour = Neighbouring(desk)
    neighbour.agree()
    Pool.objects.filter(pk=neighbour.pool.pk).update(chip="a100")
    hours = desk.active("30")
    busy(desk, hours)
    told = asked(hours, chips=2, limit_s=3600)
    option = next(o for o in told.options if o.kind == "accept")
    assert (option.chip, option.pool, option.fen) == ("a100", neighbour.pool.code, 200)
    assert option.start_ms <= min(o.start_ms for o in told.options)
    page = words(body(desk.engineer, path(hours, chips=2)))
    assert "If it also ran on a100 now" in page and "As asked" in page


def test_a_quote_leaves_nothing_behind(desk: CommandDesk) -> None:
    hours = desk.active("20")
    before = (Event.objects.count(), Job.objects.count())
    body(desk.engineer, path(hours, chips=2))
    client_of(desk.engineer).get(path(hours, format="json"))
    assert (Event.objects.count(), Job.objects.count()) == before


def test_the_page_says_it_in_both_languages_and_what_hours_it_takes(desk: CommandDesk) -> None:
    Neighbouring(desk).agree()
    hours = desk.active("20")
    page = words(body(desk.engineer, path(hours, chips=2)))
    assert "Submitted now, it starts at POL-0002 within seconds, for CNY 2.00 at most." in page
    assert "it would set aside 2 chip-hours" in page and "of 20 chip-hours free" in page
    assert "the broker's choice, earliest, cheapest" in page.replace("&#x27;", "'") and "Submit a job" in page
    zh = words(body(desk.engineer, path(hours, chips=2), "zh"))
    assert "调度首选、最早、最低价" in zh and "各算力池答复" in zh and "将预留 2 卡时" in zh
    none = words(body(desk.engineer, path(hours, chips=9)))
    assert "No pool would start this request as it is." in none and "number of chips" in none


def test_the_page_is_reached_from_the_allocation_and_from_the_start_of_computing(desk: CommandDesk) -> None:
    hours = desk.active("20")
    assert f'href="/compute/quote?allocation={hours.code}"' in body(
        desk.engineer, f"/compute/allocation/{hours.code}"
    )
    assert 'href="/compute/quote"' in body(None, "/compute/")
    form = body(desk.engineer, f"/compute/quote?allocation={hours.code}")
    assert f'value="{hours.code}" selected' in form and "What every pool says" not in form


def test_somebody_without_hours_is_a_guest_everywhere(desk: CommandDesk) -> None:
    neighbour = Neighbouring(desk)
    neighbour.agree()
    page = body(None, "/compute/quote?chips=1&limit_s=60")
    assert "Submit a job" not in page and "it would set aside" not in page
    told = asked(None)
    assert causes(told) == {desk.pool.code: "home", neighbour.pool.code: ""} and told.hold_ms is None


@pytest.mark.parametrize(
    ("given", "field"),
    [("chips=0", "chips"), ("chips=2&limit_s=x", "limit_s"), ("chips=1&deadline=soon", "deadline")],
)
def test_what_cannot_be_read_is_said_beside_its_field(desk: CommandDesk, given: str, field: str) -> None:
    page = body(desk.engineer, f"/compute/quote?{given}", status=422)
    assert f'id="field-{field}-error"' in page
    answer = client_of(desk.engineer).get(f"/compute/quote?{given}&format=json")
    assert answer.status_code == 422 and answer.json()["field"] == field
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_hours_of_others_are_not_quoted(desk: CommandDesk) -> None:
    hours = desk.active("20")
    for stranger in (None, desk.stranger()):
        body(stranger, path(hours), status=404)
        answer = client_of(stranger).get(path(hours, format="json"))
        assert answer.status_code == 404 and answer.json()["rule"] == "record.unknown"


def test_a_program_asks_with_a_token(desk: CommandDesk) -> None:
    hours = desk.active("20")
    token = make_token(Person.objects.get(pk=desk.engineer.id), "quote")
    answer = Client().get(path(hours, format="json"), headers={"Authorization": f"Bearer {token}"})
    told = answer.json()
    assert answer.status_code == 200 and told["request"]["allocation"] == hours.code
    (pool,) = told["pools"]
    assert (pool["pool"], pool["now"], pool["chosen"], pool["fen_at_most"]) == (
        desk.pool.code,
        True,
        True,
        350,
    )
    wrong = Client().get(path(hours, format="json"), headers={"Authorization": "Bearer nonsense"})
    assert wrong.status_code == 403 and wrong.json()["rule"] == "token.unknown"


def test_too_many_quotes_in_a_minute_are_refused(desk: CommandDesk, settings: Any) -> None:
    settings.HUTONG_RATE_LIMIT = 2
    hours, client = desk.active("20"), client_of(desk.engineer)
    found = [client.get(path(hours, format="json")).status_code for _ in range(4)]
    assert 429 in found and found[0] == 200


def test_a_quote_takes_few_queries_and_those_of_some_seconds_share_one_picture(desk: CommandDesk) -> None:
    hours = desk.active("30")
    busy(desk, hours)
    client = client_of(desk.engineer)
    client.get(path(hours, chips=2))
    with CaptureQueriesContext(connection) as again:
        assert client.get(path(hours, chips=1)).status_code == 200
    assert len(again) <= MOST
    now = timezone.now()
    kept = seen(now)
    assert seen(now + timedelta(seconds=SAME_FOR_S - 1)).at == kept.at
    assert seen(now + timedelta(seconds=SAME_FOR_S + 1)).at > kept.at
