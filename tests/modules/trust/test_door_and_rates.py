"""The hub runs a model in the jail alone, and shows both verdicts of a service that answers in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lane import Lane

from hutong.engines import trust
from hutong.engines.trust.reach.kept import JailedTarget
from hutong.kernel.errors import Invalid
from hutong.modules.trust import bench, rates
from hutong.modules.trust.models import Evaluation
from hutong.platform.component_plots import Bars
from hutong.platform.ledger.tables import Event, Payload


@pytest.fixture
def certified(hub):
    lane = Lane(hub)
    lane.certificate()
    return lane


def test_the_bench_runs_the_model_in_a_jailed_child_and_says_what_holds_it(certified):
    evaluation = Evaluation.objects.get(code=certified.made["evaluation"].code)
    case = bench.open_case(evaluation)
    with trust.closing(case.open()) as target:
        assert isinstance(target, JailedTarget) and target.access == "weights"
        assert target.digest == evaluation.version_of.model_sha256
        assert trust.plan_of(evaluation.plan).artefact == target.digest
    planned = Event.objects.get(operation="trust.evaluation.plan", subject=evaluation.code)
    noted = json.loads(Payload.objects.get(seq=planned.seq).body)["noted"]
    assert set(noted["jail"]) == {"network", "files"}


def test_a_file_that_is_no_model_is_refused_by_name_and_nothing_is_kept(certified, hub, monkeypatch):
    evaluation = Evaluation.objects.get(code=certified.made["evaluation"].code)
    read, digest = bench.files.read, evaluation.version_of.model_sha256
    monkeypatch.setattr(bench.files, "read", lambda d: b"PK\x03\x04 cut off" if d == digest else read(d))
    with pytest.raises(Invalid) as refusal:
        bench.open_case(evaluation).open()
    assert refusal.value.rule == "file.archive_truncated"


def finding(claim: str, state: str, regulatory: str) -> dict[str, Any]:
    verdicts = {
        "regulatory": regulatory, "confident": state, "value": "0.930000", "lower": "0.891000", "upper": "0.957000",
        "bar": "0.900000", "compare": ">=", "needed": 285, "n": 300,
    }  # fmt: skip
    rule = {"clause": "GB/T 45654 6.2", "binding": "recommended", "status": "unverified"}
    curve = [
        {"truth": f"{t / 100:.6f}", "regulatory": f"{t / 120:.6f}", "confident": f"{t / 200:.6f}"}
        for t in range(80, 100)
    ]
    return {
        "claim": claim, "state": state, "words": {"en": "w", "zh": "数"}, "value": "0.93", "lower": "0.891",
        "upper": "0.957", "threshold": "0.9", "n": 300, "details": [{"verdicts": verdicts, "rule": rule}, {"curve": curve}],
    }  # fmt: skip


def test_both_verdicts_stand_side_by_side_with_the_rule_and_the_chances():
    plan = {
        "claims": [
            {"id": i, "statement": {"en": f"rate {i}", "zh": f"比例{i}"}, "alpha": "0.010000", "level": 2}
            for i in ("S2.acceptable", "S2.refused")
        ]
    }
    cells = [
        {
            "category": "S",
            "level": 2,
            "findings": [
                finding("S2.acceptable", "inconclusive", "pass"),
                finding("S2.refused", "pass", "pass"),
            ],
        }
    ]
    table = rates.two_sided(plan, {"cells": cells})
    assert table is not None and len(table.rows) == 2
    claim, by_rule, surely, *bars = (c.value for c in table.rows[0])
    assert (claim.en, by_rule.tone, surely.tone) == ("rate S2.acceptable", "done", "needs")
    assert "93.00 % of the sample" in by_rule.note.en and "89.10 %" in surely.note.en and by_rule.note.zh
    assert "GB/T 45654" in table.rows[0][1].note.en
    assert all(isinstance(b, Bars) and len(b.counts) <= rates.POINTS for b in bars)
    assert bars[0].counts[0] == round(100 * 80 / 120) and bars[1].counts[0] == 40
    assert rates.two_sided(plan, {"cells": cells}, ("S", 3)) is None
    # A classifier has no such rates.
    plain = [{**cells[0], "findings": [{**finding("S2.refused", "pass", "pass"), "details": []}]}]
    assert rates.two_sided(plan, {"cells": plain}) is None
