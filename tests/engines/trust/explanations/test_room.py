"""The claims of category X on real artefacts: who passes, who fails where, and what is missing never passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.explanations import draw, forms, room
from hutong.engines.trust.explanations.rules import RULES
from hutong.engines.trust.targets import Predictions
from hutong.kernel.errors import Invalid

STATES = ("X2.additive", "X2.faithful", "X3.stable", "X3.labels", "X3.weights", "X4.bounded")


def states(found: Any) -> dict[str, str]:
    return {k: "not_run" if f is None else f.state for k, (_, f) in found.items()}


@pytest.fixture(scope="module")
def linear(make: Any) -> Any:
    return make.setting("linear", 1, d=20, k=3)


@pytest.mark.parametrize(("kind", "d", "k"), [("linear", 20, 3), ("boosted", 6, 2), ("network", 6, 2)])
def test_an_honest_system_passes_up_to_level_4(make: Any, kind: str, d: int, k: int) -> None:
    found = make.findings(*make.setting(kind, 1, d=d, k=k))
    assert states(found) == dict.fromkeys(STATES, "pass")
    how = "closed form" if kind == "linear" else "enumeration"
    assert found["X4.bounded"][0]["how"] == how


def test_a_model_on_random_labels_is_stopped_by_the_gate(make: Any) -> None:
    found = make.findings(*make.setting("linear", 1, shuffled=True))
    assert states(found)["X3.labels"] == "fail" and states(found)["X2.additive"] == "pass"


def test_attributions_that_do_not_add_up_fail_level_2_and_4(
    make: Any, linear: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(sample: Any, chance: Any, model: Any = None) -> forms.Explanation:
        found = right(sample, chance, model)
        values = found.values.copy()
        values[7, 0] += 3e-9
        return replace(found, values=values)

    right = draw.explained
    monkeypatch.setattr(draw, "explained", wrong)
    for name in ("X2.additive", "X4.bounded"):
        counts, finding = make.findings(*linear, name)[name]
        assert (
            finding.state == "fail"
            and min(counts.get("additive", 999), counts.get("added", 999)) == counts["rows"] - 1
        )


def test_a_form_that_is_not_the_system_fails(make: Any) -> None:
    setting, target = make.setting("linear", 1)
    other, _ = make.setting("linear", 2, n=80)
    found = make.findings(replace(setting, model=other.model), target, "X4")
    counts, finding = found["X4.bounded"]
    assert finding.state == "fail" and counts["as_answered"] < counts["rows"] / 2


def test_unfaithful_attributions_fail(make: Any, linear: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(sample: Any, chance: Any, model: Any = None) -> forms.Explanation:
        found = right(sample, chance, model)
        return replace(found, values=chance.permuted(found.values, axis=1))

    right = draw.explained
    monkeypatch.setattr(draw, "explained", wrong)
    assert make.findings(*linear, "X2.faithful")["X2.faithful"][1].state != "pass"


def test_counts_are_a_function_of_the_seed(make: Any, linear: Any) -> None:
    first, again = make.findings(*linear, seed="a"), make.findings(*linear, seed="a")
    assert [c for c, _ in first.values()] == [c for c, _ in again.values()]
    rows = [draw.sample_of(room.Bench(*linear, seed), "X2", 50).places.tolist() for seed in "ab"]
    assert rows[0] != rows[1]


def test_counts_are_whole_numbers_and_words(make: Any, linear: Any) -> None:
    def plain(value: Any) -> bool:
        if isinstance(value, dict):
            return all(plain(v) for v in value.values())
        return all(plain(v) for v in value) if isinstance(value, list) else type(value) in (int, str)

    assert all(plain(c) for c, _ in make.findings(*linear).values())


def test_an_access_that_nobody_knows_is_refused_by_name(make: Any, linear: Any) -> None:
    setting, target = linear
    with pytest.raises(Invalid) as refusal:
        make.findings(replace(setting, access="nonsense"), target)
    assert refusal.value.rule == "ladder.access"


@pytest.mark.parametrize("access", ["log", "labels"])
def test_without_scores_nothing_is_run(make: Any, linear: Any, access: str) -> None:
    setting, target = linear
    assert states(make.findings(replace(setting, access=access), target)) == dict.fromkeys(STATES, "not_run")


def test_a_target_that_turns_out_to_have_no_scores_is_not_run(make: Any, linear: Any) -> None:
    setting, target = linear

    class Mute:
        digest, access = target.digest, "weights"

        def predict(self, rows: Any) -> Predictions:
            return Predictions(target.predict(rows).labels, None)

    found = states(make.findings(setting, Mute()))
    assert set(found.values()) == {"not_run"}


def test_less_access_never_gives_more(make: Any, linear: Any) -> None:
    setting, target = linear
    asked = states(make.findings(replace(setting, access="scores"), target))
    assert asked == {
        "X2.additive": "pass", "X2.faithful": "pass", "X3.stable": "pass", "X3.labels": "pass",
        "X3.weights": "not_run", "X4.bounded": "not_run",
    }  # fmt: skip
    data = replace(setting.data, train_features=None, train_labels=None)
    assert states(make.findings(replace(setting, data=data), target, "X3"))["X3.labels"] == "not_run"


def test_too_few_rows_are_not_estimable(make: Any, linear: Any) -> None:
    setting, target = linear
    few = replace(setting.data, features=setting.data.features[:8], labels=setting.data.labels[:8])
    found = states(make.findings(replace(setting, data=few), target))
    assert set(found.values()) == {"not_estimable"}


def claim_of(setting: Any, name: str) -> Any:
    return next(c for m in room.METHODS for c in m.claims(setting) if c.id == name)


def test_the_labels_rule_passes_only_a_full_and_unbeaten_draw(linear: Any) -> None:
    claim = claim_of(linear[0], "X3.labels")
    rule, n = RULES["labels_gate"], claim.params["refits"]
    good = {"planned": n, "drawn": n, "as_good": 0, "alike": 0}
    assert rule(claim, good).state == "pass"
    assert rule(claim, {**good, "drawn": n - 1}).state == "not_estimable"
    assert rule(claim, {**good, "planned": 5, "drawn": 5}).state == "not_estimable"
    assert rule(claim, {**good, "as_good": 1}).state == "fail"
    assert rule(claim, {**good, "alike": n}).state == "fail"
    with pytest.raises(TypeError):
        rule(claim, {**good, "as_good": "0"})
    # Fewer refits than the error needs cannot pass, whatever the plan says.
    weak = replace(claim, params={**claim.params, "refits": 5})
    assert rule(weak, {**good, "planned": 5, "drawn": 5}).state == "fail"


def test_the_share_of_faithful_rows_is_judged_by_the_worst_measure(linear: Any) -> None:
    claim = claim_of(linear[0], "X2.faithful")

    def judged(*won: int) -> Any:
        names = ("deletion", "insertion", "imputation")
        return RULES[claim.kind](
            claim,
            {"rows": 200, "measures": [{"measure": m, "won": w} for m, w in zip(names, won, strict=True)]},
        )

    assert judged(190, 190, 150).state == "pass"
    assert judged(190, 190, 125).state == "inconclusive"
    assert judged(190, 190, 80).state == "fail" and "imputation" in judged(190, 190, 80).words.en
    assert (
        RULES[claim.kind](claim, {"rows": 200, "measures": [{"measure": "deletion", "won": 200}]}).state
        == "not_estimable"
    )


def test_claims_state_their_reach_before_the_run(linear: Any) -> None:
    for name in ("X2.faithful", "X3.stable", "X3.weights"):
        claim = claim_of(linear[0], name)
        assert claim.passes_from is not None and float(claim.threshold) < float(claim.passes_from) < 1


def test_the_gate_costs_no_more_with_many_inputs(make: Any) -> None:
    setting, target = make.setting("linear", 0, d=200, n=120)
    sample, _ = room._gate(room.Bench(setting, target, "s"), "X3.labels")
    assert 8 <= len(sample.rows) <= 20 and np.isfinite(sample.rows).all()
