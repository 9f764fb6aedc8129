"""The rooms P3 and P4 from setting to finding: who remembers fails, who does not passes, what is unknown
never passes.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.data import Rows
from hutong.engines.trust.membership.budget import NO_OUTPUTS, NO_PROMISE
from hutong.engines.trust.membership.mechanisms import Gaussian, Mechanism
from hutong.engines.trust.membership.promise import Promise, promise_of
from hutong.engines.trust.membership.recorded import Promising, promising, with_outputs
from hutong.engines.trust.membership.room import METHODS, RULES
from hutong.engines.trust.profile import Profile, Threshold
from hutong.engines.trust.rooms import Bench, Setting, setting_of
from hutong.engines.trust.targets import Predictions, decide
from hutong.kernel.canonical import digest
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

SYSTEM = trust.System("Digits", "1", trust.Domain.image(8, 8), tuple("0123456789"))
BARS = {
    "membership_auc_max": "0.60",
    "membership_fpr": "0.01",
    "membership_tpr_max": "0.10",
    "epsilon_max": "8",
}


def profile(**changed: str) -> Profile:
    words = Text("House value, before the panel's vote.", "本中心取值，待专家组表决。")
    found = trust.load_profile("form-reader")
    added = {k: Threshold(Fraction(v), words, words, "proposal") for k, v in (BARS | changed).items()}
    return replace(found, thresholds={**found.thresholds, **added})


@dataclass
class Model:
    """A scikit-learn model as a target. scored: whether it gives scores."""

    model: Any
    scored: bool = True
    access: str = "scores"
    asked: int = field(default=0)

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(self.model).encode()).hexdigest()

    def predict(self, rows: Rows) -> Predictions:
        self.asked += len(rows)
        found = decide(np.asarray(self.model.predict_proba(rows), dtype=np.float64), SYSTEM)
        return found if self.scored else Predictions(found.labels, None)


@dataclass
class PrivateModel:
    """Promises one mechanism and draws from another."""

    promise: Promise
    true: Mechanism
    access: str = "scores"
    digest: str = "0" * 64

    def predict(self, rows: Rows) -> Predictions:
        return Predictions(np.zeros(len(rows), np.int64), None)

    def draw(self, with_person: bool, n: int, chance: np.random.Generator) -> np.ndarray[Any, Any]:
        return self.true.draw(with_person, n, chance)


def bench(
    kind: str, alpha: float = 0.05, shift: bool = False, scored: bool = True, members: int = 700
) -> Bench:
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    rows, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(rows))
    rows, labels = (rows[order] / 16).astype(np.float32), labels[order].astype(np.int64)
    inside, outside = slice(0, members), slice(members, None)
    held = (0.5 * rows[outside] + 0.5 * rows[outside][:, ::-1]) if shift else rows[outside]
    model = {
        "forest": RandomForestClassifier(50, random_state=0),
        "linear": LogisticRegression(C=0.05, max_iter=300),
    }[kind]
    model.fit(rows[inside], labels[inside])
    data = trust.data_of(
        {
            "features": held,
            "labels": labels[outside],
            "train_features": rows[inside],
            "train_labels": labels[inside],
        },
        SYSTEM,
    )
    target = Model(model, scored)
    return Bench(Setting(profile(), SYSTEM, data, target.access, alpha), target, "a seed")


def findings(given: Bench, level: int = 3) -> dict[str, trust.Finding]:
    """Every claim of that level, observed, through canonical JSON and judged."""
    found = {}
    for method in METHODS:
        if method.level != level or method.missing(given.setting) is not None:
            continue
        for claim in method.claims(given.setting):
            assert method.observe is not None
            counts = method.observe(claim, given)
            digest(counts)  # whole numbers and strings only
            again = json.loads(json.dumps(counts))
            found[claim.id] = RULES[claim.kind](claim, again) if "not_run" not in again else None
    return found


@pytest.fixture(scope="module")
def forest() -> Bench:
    return bench("forest")


def test_a_memorising_forest_fails_and_says_why(forest: Bench) -> None:
    found = findings(forest)
    assert set(found) == {"P3.rmia.online", "P3.rmia.offline", "P3.rmia.low_fpr", "P3.label_only"}
    assert {found[k].state for k in ("P3.rmia.online", "P3.rmia.offline", "P3.rmia.low_fpr")} == {"fail"}
    assert "AUC" in found["P3.rmia.online"].words.en and "AUC" in found["P3.rmia.online"].words.zh
    assert found["P3.rmia.online"].details[0]["interval"] == "delong"


def test_a_model_that_remembers_little_passes() -> None:
    found = findings(bench("linear"))
    assert {f.state for f in found.values()} == {"pass"}


def test_the_same_seed_counts_the_same_and_less_access_runs_less(forest: Bench) -> None:
    claim = METHODS[0].claims(forest.setting)[0]
    assert METHODS[0].observe is not None
    assert METHODS[0].observe(claim, forest) == METHODS[0].observe(claim, replace(forest))
    for access, missing in (("log", [True, True]), ("labels", [True, False]), ("scores", [False, False])):
        setting = replace(forest.setting, access=access)
        assert [m.missing(setting) is not None for m in METHODS[:2]] == missing
    bare = replace(forest.setting, data=replace(forest.setting.data, train_features=None, train_labels=None))
    assert all(m.missing(bare) is not None for m in METHODS[:2])


def test_where_only_labels_come_back_the_attack_on_scores_is_not_run() -> None:
    given = bench("linear", scored=False)
    found = findings(given)
    assert found["P3.rmia.online"] is None and found["P3.label_only"].state == "pass"


def test_rows_held_out_from_elsewhere_are_seen_and_nothing_is_claimed() -> None:
    found = findings(bench("linear", shift=True))
    assert {f.state for f in found.values()} == {"not_estimable"}
    assert all("differ" in f.words.en and "分布不同" in f.words.zh for f in found.values())


def test_too_few_strangers_for_the_rate_are_not_estimable() -> None:
    given = bench("linear", members=1600)
    assert findings(given)["P3.rmia.low_fpr"].state == "not_estimable"
    claim = next(c for c in METHODS[0].claims(given.setting) if c.id == "P3.rmia.low_fpr")
    assert claim.passes_from is None


def test_a_broken_control_is_no_pass(forest: Bench) -> None:
    claim = METHODS[0].claims(forest.setting)[0]
    good = {
        "members": 700,
        "strangers": 700,
        "doubled": 490_000,
        "squares_in": 343_000_000,
        "squares_out": 343_000_000,
    }
    bad = good | {"doubled": 700_000}
    assert RULES[claim.kind](claim, {"attack": good, "permuted": good, "blind": good}).state == "pass"
    for broken in ("permuted", "blind"):
        counts = {"attack": good, "permuted": good, "blind": good} | {broken: bad}
        assert RULES[claim.kind](claim, counts).state == "not_estimable"
    for wrong in ({"attack": good | {"doubled": 980_001}}, {"attack": 3}, {"attack": good}, {}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            RULES[claim.kind](claim, wrong)


def test_the_stated_reach_is_where_it_passes(forest: Bench) -> None:
    """From the truth stated, the interval decides in at least 95 % of simulated attacks."""
    from scipy.stats import norm

    claim = METHODS[0].claims(replace(forest.setting, alpha=0.05))[0]
    assert claim.passes_from is not None and claim.fails_from is not None
    from hutong.engines.trust.membership.roc import auc_limits, placements

    chance, low, high = np.random.default_rng(0), 0, 0
    for _ in range(200):
        for truth, side in ((float(claim.passes_from), 0), (float(claim.fails_from), 1)):
            shift = np.sqrt(2) * norm.ppf(truth)
            drawn = placements(chance.normal(shift, 1, 700), chance.normal(0, 1, 1097))
            limits = auc_limits(drawn, 0.05)
            low += side == 0 and limits.upper <= 0.6
            high += side == 1 and limits.lower > 0.6
    assert low >= 190 and high >= 190


def budget(true: Mechanism, epsilon: float, said: Mechanism | None = None, **bars: str) -> trust.Finding:
    said = said or true
    target = PrivateModel(Promise(epsilon, 1e-5, said), true)
    given = bench("linear", 0.01)
    setting = setting_of(target, SYSTEM, profile(**bars), given.setting.data, 0.01)
    return findings(Bench(setting, target, "a seed"), 4)["P4.budget"]


def test_an_honest_promise_is_bracketed_and_a_liar_is_refuted() -> None:
    honest = budget(Gaussian(1.0), 4.38)
    assert honest.state == "pass" and honest.lower is not None and honest.upper is not None
    assert float(honest.lower) <= 4.38 and float(honest.upper) == pytest.approx(4.377179, abs=1e-5)
    liar = budget(Gaussian(0.5), 4.38, Gaussian(1.0))
    assert liar.state == "fail" and "refuted" in liar.words.en and "否定" in liar.words.zh


def test_claims_above_the_limit_or_below_the_mechanism_fail() -> None:
    assert "limit" in budget(Gaussian(1.0), 4.38, epsilon_max="2").words.en
    assert "less than" in budget(Gaussian(1.0), 4.0).words.en
    assert budget(Gaussian(1.0), 4.0).state == "fail"


def test_without_a_promise_there_is_nothing_to_bracket(forest: Bench) -> None:
    assert findings(forest, 4) == {} and METHODS[2].missing(forest.setting) == NO_PROMISE
    for access in ("log", "weights"):
        assert all(m.missing(replace(forest.setting, access=access)) for m in METHODS[2:])


CLAIMED = {
    "epsilon": "4.38",
    "delta": "1e-5",
    "kind": "gaussian",
    "sigma": "1",
    "sensitivity": "1",
    "releases": "1",
}


def declared(given: Bench, **changes: str) -> Setting:
    return replace(given.setting, system=replace(SYSTEM, privacy={**CLAIMED, **changes}))


@pytest.mark.parametrize(
    ("changes", "state", "word"),
    [
        ({}, "pass", "gives 4.38"),
        ({"epsilon": "4"}, "fail", "less than"),
        ({"sigma": "0.5"}, "fail", "less than"),
        ({"epsilon": "9"}, "fail", "above the limit"),
    ],
)
def test_what_the_system_declares_is_held_against_its_mechanism(
    forest: Bench, changes: dict[str, str], state: str, word: str
) -> None:
    """The accountant needs no access: also a log is told that its claim does not hold."""
    for access in ("log", "weights"):
        setting = replace(declared(forest, **changes), access=access)
        found = findings(replace(forest, setting=setting), 4)
        assert set(found) == {"P4.mechanism"}
        assert found["P4.mechanism"].state == state and word in found["P4.mechanism"].words.en
        # A model is one output: the audit is not run, so level 4 is not reached on the accountant's word alone.
        assert METHODS[2].missing(setting) == NO_OUTPUTS and METHODS[3].missing(setting) is None


def test_a_declaration_without_its_mechanism_is_refused(forest: Bench) -> None:
    for broken in ({"sigma": "many"}, {"kind": "magic"}, {"epsilon": "-1"}):
        with pytest.raises(Invalid):
            METHODS[3].claims(declared(forest, **broken))


class TestRecordedOutputs:
    """The mechanism was run anew by somebody else: its outputs lie in a file beside an ordinary model."""

    def held(self, given: Bench, sigma: float, n: int = 15_000, **changes: str) -> dict[str, trust.Finding]:
        chance, file = np.random.default_rng(5), io.BytesIO()
        sides = {"with_person": chance.normal(1, sigma, n), "without": chance.normal(0, sigma, n)}
        np.savez(file, **sides)
        system = declared(given, **changes).system
        target = promising(given.target, system, file.getvalue())
        assert target.digest != given.target.digest and target.access == given.target.access
        setting = setting_of(target, system, given.setting.profile, given.setting.data, 0.01)
        assert setting.may("outputs")
        return findings(Bench(setting, target, "a seed"), 4)

    def test_level_four_can_be_planned_and_passed(self, forest: Bench) -> None:
        found = self.held(forest, 1.0)
        assert {k: f.state for k, f in found.items()} == {"P4.budget": "pass", "P4.mechanism": "pass"}

    def test_half_the_noise_is_caught(self, forest: Bench) -> None:
        found = self.held(forest, 0.5)
        assert found["P4.budget"].state == "fail" and found["P4.mechanism"].state == "pass"

    def test_too_few_outputs_are_not_run(self, forest: Bench) -> None:
        with pytest.raises(Invalid) as error:
            self.held(forest, 1.0, n=500)
        # Which the registry turns into "not run" (`registry._telling`).
        assert error.value.rule == "statistics.dp.outputs"

    def test_a_file_that_holds_none_is_refused(self, forest: Bench) -> None:
        system = declared(forest).system
        pickled, short = io.BytesIO(), io.BytesIO()
        np.savez(pickled, with_person=np.array([{}], object), without=np.zeros(3))
        np.savez(short, with_person=np.zeros(3))
        for content in (b"", b"PK\x03\x04", pickled.getvalue(), short.getvalue()):
            with pytest.raises(Invalid) as error:
                promising(forest.target, system, content)
            assert error.value.rule == "privacy.outputs"
        with pytest.raises(Invalid) as error:
            promising(forest.target, SYSTEM, b"")
        assert error.value.rule == "system.privacy"

    def test_the_opener_goes_to_another_process_and_keeps_what_the_target_offers(
        self, forest: Bench, tmp_path: Path
    ) -> None:
        np.savez(tmp_path / "o.npz", with_person=np.ones(3), without=np.zeros(3))
        opener = with_outputs(partial(np.zeros, 3), declared(forest).system, tmp_path / "o.npz")  # type: ignore[arg-type]
        again = pickle.loads(pickle.dumps(opener))
        assert again.content == opener.content and not again.alone and again.recorded(None) is again
        held = Promising(Offering(), promise_of(CLAIMED), (np.ones(1), np.ones(1)))  # type: ignore[arg-type]
        assert held.content == b"weights" and not hasattr(held, "under")


class Offering:
    """A target that gives its weights."""

    content, digest, access = b"weights", "a" * 64, "weights"


def test_too_few_outputs_are_not_estimable_and_the_promise_comes_back_from_its_record(forest: Bench) -> None:
    promise = Promise(4.38, 1e-5, Gaussian(1.0))
    assert promise_of(promise.as_json()) == promise
    claim = METHODS[2].claims(forest.setting)[0]
    counts = {"promise": promise.as_json(), "with_person": 100, "found": 50, "without": 100, "alarms": 10,
              "sharp_found": 50, "sharp_alarms": 10, "repeats": 0}  # fmt: skip
    assert RULES[claim.kind](claim, counts).state == "not_estimable"
    with pytest.raises(ValueError, match="found"):
        RULES[claim.kind](claim, counts | {"found": 101})
