"""Q and S at level 3: the weak slice and the leaked row are found, the open door is found, the sound one passes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from hutong.engines import trust
from hutong.engines.trust.hostile import MUTATIONS, hostile
from hutong.engines.trust.slices import slices_of
from hutong.engines.trust.statistics.prng import stream
from hutong.engines.trust.targets import OutOfDomain, Predictions, outside

from .conftest import Case


class Known:
    """Right but for the rows that `wrong` picks."""

    access, digest = "labels", "1" * 64

    def __init__(self, truth: dict[bytes, int], wrong: Any) -> None:
        self._truth, self._wrong = truth, wrong

    def predict(self, rows: Any) -> Predictions:
        labels = np.array([self._truth[r.tobytes()] for r in np.asarray(rows, np.float32)])
        return Predictions(np.where(self._wrong(rows), 1 - labels, labels), None)


def table(wrong: Any, rows: int = 3000) -> Case:
    chance = np.random.default_rng(3)
    x = np.stack([np.round(chance.random(rows) * 10 + 2000), chance.random(rows)], axis=1).astype(np.float32)
    y = chance.integers(0, 2, rows)
    columns = (
        trust.Column("year", Fraction(2000), Fraction(2010), whole=True),
        trust.Column("x", Fraction(0), Fraction(1)),
    )
    system = trust.System("S", "1", trust.Domain("table", columns), ("0", "1"), guarded=True)
    data = trust.data_of({"features": x, "labels": y.astype(str)}, system)
    truth = {r.tobytes(): int(v) for r, v in zip(data.features, y, strict=True)}
    return Case(Known(truth, wrong), system, trust.load_profile("form-reader"), data)


def test_a_system_that_fails_on_the_newest_rows_fails_though_good_over_all() -> None:
    good = table(lambda r: np.zeros(len(r), bool))
    assert good.judged("Q3.slices").state == "pass"
    aged = table(lambda r: (r[:, 0] > 2008) & (r[:, 1] < 0.9))
    assert float(aged.judged("Q2.accuracy").value or 0) > 0.8
    found = aged.judged("Q3.slices")
    assert found.state == "fail" and "latest year" in found.words.en


def test_slices_are_named_before_any_prediction_and_small_ones_do_not_decide() -> None:
    few = table(lambda r: r[:, 0] > 2009, 80)
    names = [n.en for n, _ in slices_of(few.setting())]
    assert names[:2] == ["class 0", "class 1"] and any(n.startswith("latest year") for n in names)
    claim, counts = few.counted("Q3.slices")
    small = [s["name"] for s in claim.params["slices"] if not s["enough"]]
    assert small and all(s in few.judged("Q3.slices").words.en for s in small)
    from hutong.engines.trust.registry import RULES

    assert RULES[claim.kind](claim, {"slices": counts["slices"][1:]}).state == "not_estimable"


def test_rows_known_from_training_are_counted(network_case: Case) -> None:
    assert network_case.judged("Q3.leak").state == "pass"
    data = network_case.data
    assert data.train_features is not None and data.train_labels is not None
    leaked = replace(data, train_features=np.concatenate([data.train_features, data.features[:60]]))
    case = replace(network_case, data=leaked)
    assert case.counted("Q3.leak")[1]["exact"] == 60 and case.judged("Q3.leak").state == "fail"


def test_every_drawn_input_is_outside_and_all_kinds_are_drawn(linear_case: Case) -> None:
    chance, domain = stream("hostile"), linear_case.system.domain
    drawn = [hostile(linear_case.data.features, domain, chance) for _ in range(400)]
    assert all(outside(made, domain) is not None for _, made in drawn)
    assert {name for name, _ in drawn} == set(MUTATIONS)


class Ajar:
    """A door that lets one kind through: numbers just over a bound."""

    access, digest = "labels", "2" * 64

    def __init__(self, target: Any, domain: trust.Domain, slack: float) -> None:
        self._target, self._domain, self._slack = target, domain, slack

    def predict(self, rows: Any) -> Predictions:
        return Predictions(self._target.predict(rows).labels, None)

    def raw(self, rows: Any) -> Predictions:
        low = np.array([float(c.low) for c in self._domain.columns]) - self._slack
        high = np.array([float(c.high) for c in self._domain.columns]) + self._slack
        if np.asarray(rows).dtype.kind != "f":
            raise OutOfDomain("type")
        wide = np.asarray(rows, np.float64)
        if wide.ndim != 2 or wide.shape[1] != len(low) or not ((low <= wide) & (wide <= high)).all():
            raise OutOfDomain("bounds")
        if self._slack == 0 and outside(rows, self._domain) is not None:
            raise OutOfDomain("other")
        return self.predict(np.asarray(rows, np.float32))


def test_a_door_that_is_ajar_at_its_bounds_fails_and_a_closed_one_passes(linear_case: Case) -> None:
    assert linear_case.judged("S3.door").state == linear_case.judged("S3.alone").state == "pass"
    bare = replace(linear_case.system, guarded=False)
    ajar = replace(linear_case, system=bare, target=Ajar(linear_case.target, bare.domain, 1e-3))
    found = ajar.judged("S3.door")
    # Where an edge overwrites another mutation of the same cell, the first one is named.
    assert (
        found.state == "fail" and max(found.details, key=lambda d: int(str(d["answered"])))["name"] == "edge"
    )
    shut = replace(linear_case, system=bare, target=Ajar(linear_case.target, bare.domain, 0.0))
    assert shut.judged("S3.door").state == "pass"


class Crowded(Ajar):
    """Its answer to a row depends on what is asked beside it."""

    def predict(self, rows: Any) -> Predictions:
        labels = self._target.predict(rows).labels
        return Predictions(np.where(np.mean(rows[:, 1]) > 0.5, labels, 1 - labels), None)


def test_an_answer_that_depends_on_the_batch_fails(linear_case: Case) -> None:
    crowded = replace(linear_case, target=Crowded(linear_case.target, linear_case.system.domain, 0.0))
    assert crowded.judged("S3.alone").state == "fail"


def test_a_whole_column_without_an_upper_bound_is_found_at_level_two(linear_case: Case) -> None:
    """What lies beyond is whole, so that no other rule of the door refuses it."""
    columns = tuple(
        replace(c, high=None) if c.name == "age" else c for c in linear_case.system.domain.columns
    )
    ajar = replace(linear_case, system=replace(linear_case.system, domain=trust.Domain("table", columns)))
    assert linear_case.judged("S2.input").state == "pass" and ajar.judged("S2.input").state == "fail"
