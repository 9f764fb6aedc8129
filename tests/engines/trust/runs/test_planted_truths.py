"""What the self-test holds to be true of its cases is true: told by other means than those that drew them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.distances import minimal_linear, minimal_trees, read_model
from hutong.engines.trust.runs.selftest import attacked, learnt, treated
from hutong.engines.trust.runs.selftest.building import system, unit_domain
from hutong.engines.trust.runs.selftest.planting import Role
from hutong.engines.trust.targets import open_model
from hutong.engines.trust.types import Domain


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.mark.parametrize(
    ("make", "exact"), [(attacked.linear_rows, minimal_linear), (attacked.stump_rows, minimal_trees)]
)
def test_rows_lie_where_they_are_said_to_lie(make: Any, exact: Any, chance: np.random.Generator) -> None:
    told = attacked.reached(0.7, 60, chance)
    rows, content = make(told, chance)
    found = exact(read_model(content, attacked.WIDTH), rows, "linf", unit_domain(attacked.WIDTH))
    assert found.found.all()
    assert np.allclose(found.distance, told, atol=2e-6)


def test_a_pit_turns_the_label_only_where_it_is(chance: np.random.Generator) -> None:
    for role, turned in (("null", True), ("defect", True), ("good", False)):
        case = attacked.pit(role, 0.5, chance)  # type: ignore[arg-type]
        assert (case.target.predict(case.data.features).labels == 0).all()
        content: bytes = case.target.content  # type: ignore[attr-defined]
        place = -bias_of(content)[:3]
        assert bool(case.target.predict(place[None]).labels[0]) is turned
        near = np.abs(case.data.features - place).max(axis=1).min()
        assert near <= 0.81 * attacked.REACH


def bias_of(content: bytes) -> Any:
    import onnx

    tensors = {t.name: t for t in onnx.load_model_from_string(content).graph.initializer}
    return onnx.numpy_helper.to_array(tensors["b0"])


def test_a_promised_box_holds_the_pit_or_does_not(chance: np.random.Generator) -> None:
    roles: tuple[Role, ...] = ("null", "defect", "good")
    for role in roles:
        case = attacked.promised(role, 0.5, chance)
        place = -bias_of(case.target.content)[:3]  # type: ignore[attr-defined]
        low = float(case.system.promises[0].box[0][1])
        assert case.target.predict(place[None]).labels[0] == 1
        assert bool(place[0] >= low) is (role != "good")


@pytest.mark.parametrize("simpson", [False, True])
def test_the_largest_gap_is_the_planted_one(simpson: bool, chance: np.random.Generator) -> None:
    for gap in (0.05, 0.2, 0.4):
        rates = np.array((treated.reversed_ if simpson else treated.hidden)(gap, chance))
        assert np.isclose(np.ptp(rates), gap)


def test_simpson_turns_the_order_and_the_margins_hide_what_is_crossed(chance: np.random.Generator) -> None:
    from hutong.engines.trust.statistics.metrics import reversals

    rates, shares = np.array(treated.reversed_(0.3, chance)), np.array(treated.SKEWED)
    first = [np.average(rates[i : i + 2], weights=shares[i : i + 2]) for i in (0, 2)]
    assert rates[0] < rates[2] and rates[1] < rates[3] and first[0] > first[1]
    case = treated.gaps(treated.SKEWED, True)("null", 0.3, chance)
    from hutong.engines.trust.groups import counted

    labels = case.target.predict(case.data.features).labels
    cells = counted(case.data.groups, case.data.labels, labels, 4)
    assert any({r.first, r.second} == {"x", "y"} for r in reversals(cells, "first", "second", "accuracy", 0))


@pytest.mark.parametrize("weights", [False, True])
def test_decisions_hang_on_the_attribute_where_planted(weights: bool, chance: np.random.Generator) -> None:
    case = treated.flips(4000, weights)("null", 0.1, chance)
    turned = case.data.features.copy()
    turned[:, 1] = 1 - turned[:, 1]
    share = (case.target.predict(turned).labels != case.target.predict(case.data.features).labels).mean()
    assert abs(share - 0.1) < 0.02


def test_only_members_are_remembered_and_as_many_as_planted(chance: np.random.Generator) -> None:
    case = learnt.remembered("defect", 0.8, chance)
    assert case.data.train_features is not None
    inside, outside = (case.target.predict(r).scores for r in (case.data.train_features, case.data.features))
    assert inside is not None and outside is not None
    assert (outside == 500_000).all()
    assert abs((inside.max(axis=1) > 900_000).mean() - 0.6) < 0.1


def test_a_smoothed_step_has_the_radius_of_its_distance(chance: np.random.Generator) -> None:
    case = attacked.smoothed(4)("good", 1.0, chance)
    row = case.data.features[:1]
    noise = chance.normal(0.0, 0.1, (20_000, 3)).astype(np.float32)
    kept = case.target.predict(np.clip(row + noise, 0, 1)).labels == case.target.predict(row).labels[0]
    from scipy.special import ndtr

    assert abs(kept.mean() - float(ndtr(abs(row[0, 0] - 0.5) / 0.1))) < 0.02


def test_a_file_of_stumps_counts_votes() -> None:
    from hutong.engines.trust.runs.selftest.artefacts import stumps_file

    declared = system(Domain("table", unit_domain(3).columns))
    target = open_model(stumps_file([0.5, 0.5, 0.5], ("no", "yes")), declared)
    rows = np.array([[0.1, 0.1, 0.1], [0.9, 0.1, 0.1], [0.9, 0.9, 0.1], [0.9, 0.9, 0.9]], np.float32)
    assert target.predict(rows).labels.tolist() == [0, 0, 1, 1]
