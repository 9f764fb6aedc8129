"""Evaluation against planted truth: what is unfair is found, nothing missing passes, plans bind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hutong.engines import forge, trust
from hutong.engines.trust.groups import rates_of, read_cells
from hutong.engines.trust.registry import installed
from hutong.engines.trust.statistics.gaps import largest_gap
from hutong.engines.trust.statistics.metrics import Rates
from hutong.kernel.errors import Conflict, HutongError, Invalid

SEED = "a seed"


def case(bias: float = 0.0) -> dict[str, Any]:
    """A small system with two groups; `bias` moves the second group's input."""
    import pyarrow as pa

    chance = np.random.default_rng(5)
    rows = 12000
    group = chance.integers(0, 2, rows)
    x = chance.random(rows)
    y = np.where(x > 0.5, "yes", "no")
    seen = np.clip(x - bias * group, 0, 1)
    table = pa.table({"x": seen, "g": np.where(group == 1, "b", "a"), "y": y})
    plain = {
        "format": "hutong-build/1", "target": "y", "labels": ["no", "yes"], "decision": {"positive": "yes", "at": "0.5"},
        "features": [{"column": "x", "low": 0, "high": 1}], "groups": ["g"],
        "model": {"kind": "logistic_regression", "parameters": {"C": "1000"}}, "split": {"holdout": "0.5", "seed": "t"},
        "tolerance": "0.001",
    }  # fmt: skip
    spec = forge.spec_of(plain)
    made = forge.build(spec, table)
    domain = trust.Domain(
        "table", tuple(trust.Column(f.column, f.low, f.high, f.whole) for f in spec.features)
    )
    system = trust.System("S", "1", domain, spec.labels, spec.positive, spec.decision_at, True)
    held = forge.holdout_mask(rows, spec)
    matrix, labels, groups = (
        forge.matrix(table, spec),
        forge.labels_of(table, spec),
        forge.groups_of(table, spec),
    )
    data = trust.data_of(
        {"features": matrix[held], "labels": labels[held], "groups": {"g": groups["g"][held]},
         "train_features": matrix[~held], "train_labels": labels[~held]}, system,
    )  # fmt: skip
    profile = trust.load_profile("release-adviser")
    target = trust.open_model(made.model, system)
    plan = trust.make_plan(target, system, profile, data, SEED)
    return {"plan": plan, "target": target, "system": system, "profile": profile, "data": data}


@pytest.fixture(scope="module")
def fair() -> dict[str, Any]:
    return case()


@pytest.fixture(scope="module")
def unfair() -> dict[str, Any]:
    return case(bias=0.3)


def observe(given_: dict[str, Any]) -> trust.Observations:
    return trust.observe(
        given_["plan"], given_["target"], given_["system"], given_["profile"], given_["data"], SEED
    )


def observed(given_: dict[str, Any]) -> trust.Observations:
    """Observed once for each case: what is counted is a function of the plan and the seed."""
    if "seen" not in given_:
        given_["seen"] = observe(given_)
    seen: trust.Observations = given_["seen"]
    return seen


def test_planted_unfairness_is_found_and_its_absence_too(
    fair: dict[str, Any], unfair: dict[str, Any]
) -> None:
    assert trust.judge(fair["plan"], observed(fair)).cell("F", 2).state == "pass"
    assert trust.judge(unfair["plan"], observed(unfair)).cell("F", 2).state == "fail"


def test_the_way_through_is_the_fewest_changes(unfair: dict[str, Any]) -> None:
    seen = observed(unfair)
    claim = next(c for c in unfair["plan"].claims if c.id == "F2.gap.g")
    way = trust.way_through(claim, seen.counts[claim.id])
    assert way is not None and way.group == "b"
    cells = read_cells(seen.counts[claim.id]["groups"])
    assert cells is not None
    found = rates_of(claim.metric, cells, claim.params["positive"])
    for changes, passes in ((way.changes, True), (way.changes - 1, False)):
        moved = found.hits.copy()
        moved[1] += changes
        gap = largest_gap(Rates("gap", found.names, moved, found.units), float(claim.alpha), "combined")
        assert (gap.upper <= float(claim.threshold)) is passes


def test_nothing_that_was_not_observed_passes(fair: dict[str, Any]) -> None:
    seen = observed(fair)
    for claim in seen.counts:
        less = replace(seen, counts={k: v for k, v in seen.counts.items() if k != claim})
        verdict = trust.judge(fair["plan"], less)
        planned = next(c for c in fair["plan"].claims if c.id == claim)
        assert verdict.cell(planned.category, planned.level).state != "pass"
        assert verdict.outcome != "pass"


def test_without_evidence_no_process_check_passes(fair: dict[str, Any]) -> None:
    verdict = trust.judge(fair["plan"], observed(fair))
    assert all(verdict.cell(c, 1).state == "not_run" for c in trust.CATEGORIES)


def test_observations_of_another_plan_are_not_judged(fair: dict[str, Any], unfair: dict[str, Any]) -> None:
    with pytest.raises(Conflict):
        trust.judge(fair["plan"], observed(unfair))


def test_a_seed_cannot_be_chosen_afterwards(fair: dict[str, Any]) -> None:
    with pytest.raises(Conflict) as refused:
        trust.observe(
            fair["plan"], fair["target"], fair["system"], fair["profile"], fair["data"], "another seed"
        )
    assert refused.value.rule == "plan.seed_changed"


def test_the_same_seed_counts_the_same(fair: dict[str, Any]) -> None:
    assert observe(fair).as_json() == observed(fair).as_json()


def test_a_plan_comes_back_from_its_record_with_its_digest(fair: dict[str, Any]) -> None:
    assert trust.plan_of(fair["plan"].as_json()).digest == fair["plan"].digest


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"not a model", b"PK\x03\x04"])
def test_what_is_no_model_is_refused(fair: dict[str, Any], content: bytes) -> None:
    with pytest.raises(HutongError) as refused:
        trust.open_model(content, fair["system"])
    assert isinstance(refused.value, Invalid)


def test_fairness_is_not_excused_where_groups_are_known(fair: dict[str, Any]) -> None:
    profile = trust.load_profile("form-reader")
    excuse = trust.Declaration(
        "F", "no_person_attributes", profile.grounds["F"]["no_person_attributes"], "0" * 64, "EVD-1"
    )
    with pytest.raises(Invalid):
        trust.make_plan(fair["target"], fair["system"], profile, fair["data"], SEED, [excuse])


def test_robustness_has_a_test_at_every_level_and_governance_ends_where_its_tests_end() -> None:
    assert installed()["R"] == 5 and installed()["G"] == 2
