"""Paired experiments and the drawing of completion times."""

from __future__ import annotations

import xml.etree.ElementTree as tree

import numpy as np
import pytest

from hutong.engines.broker.elastic import completion_plot, experiment


def noisy(policy: str, workload: str, seed: int) -> dict[str, float]:
    level = np.random.default_rng([len(workload), ord(workload[-1]), seed]).uniform(1, 10)
    return {"hours": level * (0.8 if policy == "ours" else 1.0)}


def test_pairing_takes_the_workload_out_of_the_ratio() -> None:
    found = experiment(["base", "ours"], ["w1", "w2", "w3"], [1, 2], noisy)
    (one,) = found.comparisons
    assert (one.policy, one.against, one.pairs, one.less_in) == ("ours", "base", 6, 6)
    assert one.ratio == one.low == one.high == pytest.approx(0.8)
    cells = {cell.policy: cell for cell in found.cells}
    assert cells["base"].low < cells["base"].mean < cells["base"].high
    assert len(found.rows) == 12


def test_records_are_plain_and_repeat() -> None:
    one = experiment(["base", "ours"], ["w1", "w2"], [1], noisy).as_records()
    assert one == experiment(["base", "ours"], ["w1", "w2"], [1], noisy).as_records()
    assert set(one) == {"rows", "cells", "comparisons"}
    assert all(isinstance(row, dict) for rows in one.values() for row in rows)


def test_the_bootstrap_covers_the_mean_about_as_often_as_it_says() -> None:
    hits = 0
    for trial in range(100):
        values = np.random.default_rng(trial).normal(5.0, 1.0, 30)
        found = experiment(
            ["p"], [str(n) for n in range(30)], [0], lambda _p, w, _s, v=values: {"x": v[int(w)]}
        )
        hits += found.cells[0].low <= 5.0 <= found.cells[0].high
    assert 86 <= hits <= 100


def test_the_plot_is_xml_in_both_languages_and_escapes_names() -> None:
    hours = {"a<b": np.array([0.1, 1.0, 10.0]), "other": np.array([0.2, 2.0])}
    for language, title in (("en", "Share of jobs done within a time"), ("zh", "在给定时间内完成的作业比例")):
        root = tree.fromstring(completion_plot(hours, language))  # type: ignore[arg-type]
        assert root.find("{http://www.w3.org/2000/svg}title").text == title  # type: ignore[union-attr]
        assert len(root.findall("{http://www.w3.org/2000/svg}polyline")) == 2
