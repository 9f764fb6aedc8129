"""The certificate as a citizen reads it, and the drawer behind each cell of the grid."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from lane import Lane

from hutong.modules.trust import claims
from hutong.platform.people import Person


@pytest.fixture
def certified(hub):
    lane = Lane(hub)
    lane.certificate()
    return lane


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return html.unescape(answer.content.decode())


def test_the_certificate_says_what_was_tested_and_what_was_not(certified):
    for language in ("en", "zh"):
        says_what_was_tested(certified, language)


def says_what_was_tested(certified, language):
    certificate = certified.made["certificate"]
    said = page(Client(), f"/trust/certificate/{certificate.code}?lang={language}")
    evaluation = certificate.evaluation
    assert "A clerk confirms each form." in said
    for claim in evaluation.plan["claims"]:
        shown = any(
            f["claim"] == claim["id"] and f["state"] == "pass"
            for c in evaluation.verdict["cells"]
            for f in c["findings"]
        )
        assert (claim["statement"][language] in said) >= shown
    assert {"en": "What was not tested", "zh": "未测试内容"}[language] in said
    assert {"en": "at most 0.050", "zh": "不超过 0.050"}[language] in said
    assert said.count('<svg class="whisker"') >= 3


def test_the_chance_of_a_claim_says_what_its_result_rests_on(certified):
    evaluation = certified.made["certificate"].evaluation
    kinds = {c["id"]: (c["kind"], c["alpha"]) for c in evaluation.plan["claims"]}
    told = {
        f["claim"]: row[4].value.en
        for row, f in zip(
            claims.tested(evaluation.plan, evaluation.verdict).rows,
            [f for c in evaluation.verdict["cells"] for f in c["findings"] if f["state"] != "not_run"],
            strict=True,
        )
    }
    assert "at most" in told["Q2.accuracy"] and kinds["Q2.accuracy"][1] is not None
    # Nobody confirmed what was counted, and nothing was sampled that was declared.
    assert told["S2.input"] == "none: every case was counted" and kinds["S2.input"][1] is None
    assert told["G1.process"] == "declared, on record" and kinds["G1.process"][0] == "process"


def test_each_cell_opens_its_claims_events_and_proof(certified):
    certificate = certified.made["certificate"]
    for cell in certificate.evaluation.verdict["cells"]:
        if cell["state"] == "pass":
            said = page(Client(), f"/trust/cell/{certificate.code}/{cell['category']}/{cell['level']}")
            assert all(html.unescape(f["words"]["en"]) in said for f in cell["findings"])
            assert "trust.evaluation" in said or "evaluation" in said
    assert Client().get(f"/trust/cell/{certificate.code}/F/9").status_code == 404
    assert Client().get("/trust/cell/CRT-9999/F/1").status_code == 404


def test_a_stranger_does_not_open_the_cells_of_an_evaluation(certified):
    evaluation = certified.made["evaluation"]
    assert Client().get(f"/trust/cell/{evaluation.code}/Q/2").status_code == 404
    client = Client()
    client.force_login(Person.objects.get(code=certified.people["evaluator"].code))
    assert client.get(f"/trust/cell/{evaluation.code}/Q/2").status_code == 200


def test_a_suspended_certificate_says_that_it_does_not_hold(certified, hub):
    other = hub.store(b"another model")
    hub.do(
        certified.engineer,
        "passport.version.replace",
        version=certified.made["version"],
        model=other,
        reason="x",
    )
    said = page(Client(), f"/trust/certificate/{certified.made['certificate'].code}?lang=en")
    assert "It does not hold now" in said and "at most 0.050" not in said


def test_every_claim_stands_in_one_of_the_two_tables(certified):
    evaluation = certified.made["certificate"].evaluation
    shown = len(claims.tested(evaluation.plan, evaluation.verdict).rows)
    left = claims.untested(evaluation.verdict)
    measured = sum(
        f["state"] not in ("not_run", "not_reachable")
        for c in evaluation.verdict["cells"]
        for f in c["findings"]
    )
    assert shown == measured > 0
    states = [c["state"] for c in evaluation.verdict["cells"]]
    assert left is not None and len(left.rows) == sum(s.startswith("not_") for s in states)


@pytest.mark.parametrize(
    ("value", "low", "high", "limit", "ends"),
    [
        ("0.990000", "0.976", "0.997", "0.95", (0.0, 1.0)),
        ("0.02", "-0.05", "0.05", "0.10", (-0.05, 0.11)),
        ("0", "0", "0", None, (0.0, 1.0)),
    ],
)
def test_a_whisker_holds_value_interval_and_limit(value, low, high, limit, ends):
    words = {"en": "w", "zh": "数"}
    plot = claims.whisker({"value": value, "lower": low, "upper": high, "threshold": limit, "words": words})
    assert (round(plot.start, 6), round(plot.end, 6)) == ends
    places = [float(p) for p in plot.places.values() if p is not None]
    assert all(0 <= p <= 160 for p in places)
    assert (
        claims.whisker({"value": None, "lower": low, "upper": high, "threshold": limit, "words": words})
        is None
    )
