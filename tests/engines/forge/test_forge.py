"""Builds: refusals that name the part, bytes that repeat, parity that is measured, rows held back by rule."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hutong.engines import forge
from hutong.kernel.errors import Invalid

SPEC: dict[str, Any] = {
    "format": "hutong-build/1",
    "target": "y",
    "labels": ["no", "yes"],
    "decision": {"positive": "yes", "at": "0.5"},
    "features": [{"column": "a", "low": 0, "high": 1}, {"column": "b", "values": {"x": 0, "z": 1}}],
    "groups": ["g"],
    "model": {"kind": "logistic_regression", "parameters": {"C": "1"}},
    "split": {"holdout": "0.3", "seed": "s"},
}


def table(rows: int = 400) -> pa.Table:
    chance = np.random.default_rng(7)
    a, b = chance.random(rows), chance.integers(0, 2, rows)
    y = np.where(a + 0.3 * b + 0.2 * chance.standard_normal(rows) > 0.7, "yes", "no")
    return pa.table({"a": a, "b": np.where(b == 1, "z", "x"), "g": np.where(a > 0.5, "p", "q"), "y": y})


def changed(path: str, value: Any) -> dict[str, Any]:
    spec = copy.deepcopy(SPEC)
    *way, last = path.split(".")
    part = spec
    for key in way:
        part = part[key]
    part[last] = value
    return spec


@pytest.mark.parametrize(
    ("path", "value", "rule"),
    [
        ("format", "hutong-build/9", "spec.format"),
        ("labels", ["no", "no"], "spec.labels"),
        ("features", ["a", "a"], "spec.features"),
        ("features", ["a", "y"], "spec.leak"),
        ("features", ["a", "g"], "spec.sensitive"),
        ("model.kind", "os.system", "spec.model"),
        ("model.parameters", {"C": "-1"}, "spec.parameter"),
        ("model.parameters", {"C": 0.5}, "spec.parameter"),
        ("model.parameters", {"n_jobs": 4}, "spec.parameter"),
        ("split.holdout", "1.5", "spec.share"),
        ("split.holdout", 0.3, "spec.share"),
        ("decision.positive", "maybe", "spec.decision"),
        ("image", [3, 3], "spec.image"),
        ("augment", ["shift"], "spec.augment"),
        ("surprise", 1, "spec.key"),
    ],
)
def test_what_is_wrong_in_a_specification_is_named(path: str, value: Any, rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        forge.spec_of(changed(path, value))
    assert refused.value.rule == rule and refused.value.field


@pytest.mark.parametrize(
    ("column", "values", "rule"),
    [
        ("a", None, "spec.column_missing"),
        ("a", [float("nan")] * 400, "spec.finite"),
        ("a", [None] * 400, "spec.nulls"),
        ("a", ["word"] * 400, "spec.numbers"),
        ("b", ["unknown"] * 400, "spec.value_unknown"),
        ("y", ["perhaps"] * 400, "spec.label_unknown"),
    ],
)
def test_what_is_wrong_in_the_data_is_named(column: str, values: Any, rule: str) -> None:
    given_ = table()
    place = given_.column_names.index(column)
    bent = (
        given_.remove_column(place) if values is None else given_.set_column(place, column, pa.array(values))
    )
    with pytest.raises(Invalid) as refused:
        forge.build(forge.spec_of(SPEC), bent)
    assert refused.value.rule == rule


def test_the_same_specification_and_data_give_the_same_bytes() -> None:
    spec = forge.spec_of(SPEC)
    first, again = forge.build(spec, table()), forge.build(forge.read_spec(yaml.safe_dump(SPEC)), table())
    assert first.model == again.model and first.spec_sha256 == again.spec_sha256
    assert first.parity.passed and first.parity.edges > 0 and first.parity.differing == 0
    assert first.trained_rows + first.held_rows == 400


@pytest.mark.parametrize("kind", ["random_forest", "gradient_boosting", "multilayer_perceptron"])
def test_every_estimator_keeps_parity(kind: str) -> None:
    spec = changed("model", {"kind": kind, "parameters": {}})
    assert forge.build(forge.spec_of(spec), table()).parity.passed


def test_a_model_that_answers_otherwise_fails_parity() -> None:
    from fractions import Fraction

    from hutong.engines.forge.estimators import make

    spec, rows = forge.spec_of(SPEC), table()
    model = forge.build(spec, rows).model
    matrix, labels = forge.matrix(rows, spec), forge.labels_of(rows, spec)
    other = make("logistic_regression", {}).fit(matrix.astype(float), labels[::-1])
    assert not forge.compare(
        other, model, matrix, forge.boundary_rows(matrix, spec), Fraction(1, 1000)
    ).passed


@given(st.integers(1, 3000), st.text("abc", min_size=1, max_size=5))
def test_rows_held_back_depend_on_place_and_seed_only(rows: int, seed: str) -> None:
    spec = forge.spec_of(changed("split.seed", seed))
    mask = forge.holdout_mask(rows, spec)
    assert (forge.holdout_mask(rows + 10, spec)[:rows] == mask).all()
    if rows > 500:
        assert 0.2 < mask.mean() < 0.4
