"""The pages of the plan: public, in both languages, with null as a word and every figure explained."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from plan.small_plan import SMALL

from hutong.kernel.clock import SteppingClock
from hutong.kernel.permission import Role

Load = Callable[..., Any]
PAGES = (
    "/",
    "/plan/objective/1",
    "/plan/task/1",
    "/plan/task/2",
    "/plan/safeguard/1",
    "/plan/figure/T1.1",
    "/plan/figure/T1.2",
    "/plan/figure/T2.1",
    "/plan/figure/T1.1/drawer",
    "/plan/plan/",
    "/plan/action/",
    "/plan/slippage/",
)


@pytest.fixture
def board(hub: Any, load: Load) -> Client:
    """A hub of today with the small plan, two organisations and a slippage."""
    hub.clock = SteppingClock(timezone.now().replace(microsecond=0))
    officer = hub.actor(Role.TASK_FORCE)
    plan = load(officer, SMALL.replace("2026-09-03", "2026-03-03"))
    for name in ("Lab", "<script>alert(1)</script>"):
        hub.organisation(name)
    hub.do(officer, "plan.slippage.open", plan=plan, node="A1.1")
    return Client()


def body(client: Client, path: str, **headers: str) -> str:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_stands_in_both_languages(board: Client, path: str, language: str) -> None:
    page = body(board, path, **{"Accept-Language": "zh-CN" if language == "zh" else "en"})
    chinese = len(re.findall(r"[\u4e00-\u9fff]", page))
    assert chinese > 40 if language == "zh" else chinese < 400
    assert "Number(" not in page and "Fraction(" not in page
    assert "<script>alert" not in page and "None" not in re.sub(r"<[^>]+>", " ", page)


def test_null_is_a_word_on_the_board(board: Client) -> None:
    page = body(board, "/", **{"Accept-Language": "en"})
    assert "not measurable until declared" in page and "the office" in page
    assert "no department offers this measure yet" in page
    assert "ended on 31 December 2025" in page


def test_a_hub_without_a_plan_says_how_to_begin(hub: Any) -> None:
    assert "/do/plan.plan.load/" in body(Client(), "/")


def test_the_drawer_is_a_fragment_for_htmx(board: Client) -> None:
    fragment = body(board, "/plan/figure/T1.1/drawer", **{"HX-Request": "true"})
    assert "<html" not in fragment and "drawer-title" in fragment
    assert "sum(parties.organisations_registered)" in fragment
    assert "ORG-0001" in fragment and "/ledger/event/" in fragment
    assert "/plan/figure/T1.1/bundle.json" in fragment


def test_the_csv_holds_every_indicator_and_no_empty_value(board: Client) -> None:
    raw = body(board, "/plan/board.csv").removeprefix("\ufeff")
    rows = {r["indicator"]: r for r in csv.DictReader(StringIO(raw))}
    assert set(rows) == {"T1.1", "T1.2", "T2.1", "S1.1", "S1.2"}
    assert rows["T1.1"]["value"] == "2" and rows["T2.1"]["value"] == "missing"
    assert rows["S1.2"]["value"] == "1"
    assert all(cell for row in rows.values() for cell in row.values())


def test_the_json_of_the_board_has_no_floats(board: Client) -> None:
    def no_float(text: str) -> float:
        raise AssertionError(text)

    found = json.loads(body(board, "/plan/board.json"), parse_float=no_float)
    assert len(found["tasks"]) == 2 and found["period_ended"] is True


def test_a_definition_change_breaks_the_line(board: Client) -> None:
    page = body(board, "/plan/figure/T1.1")
    data = json.loads(re.search(r'<script id="chart-T1-1" type="application/json">(.*?)</script>', page)[1])  # type: ignore[index]
    actual = [s for s in data["series"] if not s["dashed"]]
    assert len(data["breaks"]) == 1
    for one in actual:
        others = [s for s in actual if s is not one]
        assert not any(
            a is not None and b is not None
            for o in others
            for a, b in zip(one["values"], o["values"], strict=True)
        )
    assert "2024-1" in page and "2026-1" in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/?as_of=2999-01-01", 422),
        ("/?as_of=yesterday", 422),
        ("/plan/task/99", 404),
        ("/plan/figure/T9.9", 404),
        ("/?plan=nowhere", 404),
    ],
)
def test_a_wrong_question_is_refused_with_a_remedy(board: Client, path: str, status: int) -> None:
    assert board.get(path).status_code in (status, 400)


def test_a_chosen_day_stays_chosen(board: Client) -> None:
    page = body(board, "/?as_of=2025-12-31")
    assert 'value="2025-12-31" selected' in page
    assert "/plan/task/1?as_of=2025-12-31" in page
