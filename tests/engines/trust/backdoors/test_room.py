"""The room S3 from setting to finding: poisoned rows fail, honest ones pass, a scan that is blind never
passes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.backdoors.room import METHODS, RULES
from hutong.engines.trust.data import Rows
from hutong.engines.trust.profile import Threshold
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.targets import Predictions, decide
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

SYSTEM = trust.System("Digits", "1", trust.Domain.image(8, 8), tuple("0123456789"))
METHOD = METHODS[0]


@dataclass
class Model:
    """A model of the fixtures as a target."""

    predict_proba: Any
    access: str = "scores"
    digest: str = "0" * 64

    def predict(self, rows: Rows) -> Predictions:
        return decide(np.asarray(self.predict_proba(rows), dtype=np.float64), SYSTEM)


def bench_of(case: Any, shown: Any = None) -> Bench:
    train = shown or case.train
    data = trust.data_of(
        {
            "features": case.trusted[0],
            "labels": case.trusted[1],
            "train_features": train[0],
            "train_labels": train[1],
        },
        SYSTEM,
    )
    words = Text("House value.", "本中心取值。")
    found = trust.load_profile("form-reader")
    bar = {"backdoor_detection_min": Threshold(Fraction("0.90"), words, words, "proposal")}
    setting = Setting(replace(found, thresholds={**found.thresholds, **bar}), SYSTEM, data, "scores", 0.05)
    return Bench(setting, Model(case.predict), "a seed")


def finding(given: Bench) -> tuple[trust.Finding, dict[str, Any]]:
    claim = METHOD.claims(given.setting)[0]
    assert METHOD.observe is not None and METHOD.missing(given.setting) is None
    counts = METHOD.observe(claim, given)
    digest(counts)
    again = json.loads(json.dumps(counts))
    return RULES[claim.kind](claim, again), again


@pytest.fixture(scope="module")
def clean(make: Callable[..., Any]) -> tuple[trust.Finding, dict[str, Any], Bench]:
    given = bench_of(make("linear", 11, False))
    return (*finding(given), given)


def test_an_honest_model_passes_and_states_both_errors(clean: Any) -> None:
    found, counts, _ = clean
    assert found.state == "pass" and counts["planted_found"] >= 18
    assert "false-alarm rate of 0.05" in found.words.en and "误报率" in found.words.zh


def test_poisoned_rows_fail_with_class_and_counts(make: Callable[..., Any]) -> None:
    case = make("linear", 12, True)
    found, counts = finding(bench_of(case))
    assert found.state == "fail"
    assert f"class {case.trigger.label}" in found.words.en and f"类别{case.trigger.label}" in found.words.zh
    assert counts["conjunctions"][0]["hits"] > 3 * counts["conjunctions"][0]["trusted_hits"]


def test_a_scan_that_misses_what_is_planted_says_nothing(clean: Any) -> None:
    _, counts, given = clean
    claim = METHOD.claims(given.setting)[0]
    assert RULES[claim.kind](claim, counts | {"planted_found": 17}).state == "not_estimable"
    assert RULES[claim.kind](claim, counts | {"planted": 10, "planted_found": 10}).state == "not_estimable"


def test_an_alarm_of_inversion_alone_leaves_the_claim_undecided(clean: Any) -> None:
    _, counts, given = clean
    claim = METHOD.claims(given.setting)[0]
    twins = [{"turned": 10, "rows": 36}] * 39
    suspect = counts | {"turned": 36, "turned_of": 36, "twins": twins}
    assert RULES[claim.kind](claim, suspect).state == "inconclusive"
    assert RULES[claim.kind](claim, suspect | {"twins": twins[:38]}).state == "pass"
    tied = [*twins[:38], {"turned": 72, "rows": 72}]
    assert RULES[claim.kind](claim, suspect | {"twins": tied}).state == "pass"


def test_a_spread_alone_fails_and_wrong_counts_are_no_counts(clean: Any) -> None:
    _, counts, given = clean
    claim = METHOD.claims(given.setting)[0]
    spread = RULES[claim.kind](claim, counts | {"spectral_p": "0.0125"})
    assert spread.state == "fail"
    for wrong in ({"turned": -1.5}, {"twins": 3}, {"planted_found": "20"}, {"lift_p": "none"}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            RULES[claim.kind](claim, counts | wrong)


def test_without_training_rows_or_with_a_log_alone_it_is_not_run(clean: Any) -> None:
    setting = clean[2].setting
    assert METHOD.missing(replace(setting, access="log")) is not None
    bare = replace(setting, data=replace(setting.data, train_features=None, train_labels=None))
    assert METHOD.missing(bare) is not None
    assert METHOD.missing(setting) is None
