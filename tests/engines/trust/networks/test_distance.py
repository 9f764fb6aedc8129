"""Robustness of labels and the runner: closed forms, brackets, a wrong verdict that is shown."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hutong.engines.trust.networks import minimal_distance, read_network, robust_at
from hutong.engines.trust.networks.__main__ import main
from hutong.kernel.errors import Invalid

BOX = (np.zeros(6), np.ones(6))


def test_the_distance_of_a_linear_model_is_its_closed_form(make: Any) -> None:
    """Without a wall in reach the nearest input with margin 0 is at m / |w|_1 (Hoelder)."""
    chance = np.random.default_rng(7)
    for _ in range(10):
        weights = chance.standard_normal((3, 6)).astype(np.float32).astype(np.float64)
        network = read_network(make.dense([weights], [np.zeros(3)]))
        x = chance.uniform(0.45, 0.55, 6)
        scores = weights @ x
        label = int(scores.argmax())
        others = [k for k in range(3) if k != label]
        want = min((scores[label] - scores[k]) / np.abs(weights[label] - weights[k]).sum() for k in others)
        if want > 0.4:
            continue
        found = minimal_distance(network, x, label, BOX, 10.0, tolerance=1e-4)
        assert found.upper is not None and not found.whole
        assert found.lower <= want * (1 + 1e-9) and want <= found.upper * (1 + 1e-5)
        assert found.upper - found.lower <= 2e-4 * found.upper


def test_the_bracket_of_a_network_agrees_with_single_questions(make: Any) -> None:
    for seed, inputs in ((0, 4), (1, 14)):
        network = make.random(seed, [inputs, 12, 12, 3])
        box, x = (np.zeros(inputs), np.ones(inputs)), np.full(inputs, 0.5)
        label = int(network.forward(x[None])[0].argmax())
        found = minimal_distance(network, x, label, box, 300.0)
        if found.whole:
            assert robust_at(network, x, label, 1.0, box, 10.0).verdict == "holds"
            continue
        assert found.upper is not None and 0 < found.lower <= found.upper <= 1.003 * found.lower
        assert robust_at(network, x, label, found.lower, box, 10.0).verdict == "holds"
        wide = robust_at(network, x, label, 1.01 * found.upper, box, 10.0)
        assert wide.verdict == "violated" and wide.counter_example is not None
        assert int(np.argmax(wide.counter_example.outputs)) != label


def test_a_label_that_never_changes_has_no_distance(make: Any) -> None:
    network = read_network(make.dense([np.zeros((2, 6))], [np.array([1.0, 0.0])]))
    found = minimal_distance(network, np.full(6, 0.5), 0, BOX, 5.0)
    assert (found.whole, found.upper, found.lower) == (True, None, 0.5)


def test_a_wrong_label_is_a_counter_example_at_distance_zero(make: Any) -> None:
    network = read_network(make.dense([np.zeros((2, 6))], [np.array([1.0, 0.0])]))
    assert robust_at(network, np.full(6, 0.5), 1, 0.0, BOX, 5.0).verdict == "violated"
    found = minimal_distance(network, np.full(6, 0.5), 1, BOX, 5.0)
    assert found.lower == 0.0 and found.upper is not None and found.upper < 1e-9


@pytest.mark.parametrize(
    ("x", "label", "eps", "rule"),
    [
        (np.full(5, 0.5), 0, 0.1, "robust.input"),
        (np.full(6, 1.5), 0, 0.1, "robust.input"),
        (np.full(6, np.nan), 0, 0.1, "robust.input"),
        (np.full(6, 0.5), 2, 0.1, "robust.label"),
        (np.full(6, 0.5), 0, -0.1, "robust.eps"),
        (np.full(6, 0.5), 0, np.nan, "robust.eps"),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    make: Any, x: Any, label: int, eps: float, rule: str
) -> None:
    network = make.random(0, [6, 4, 2])
    with pytest.raises(Invalid) as refused:
        robust_at(network, x, label, eps, BOX, 1.0)
    assert refused.value.rule == rule


PROPERTY = """(declare-const X_0 Real)
(declare-const Y_0 Real)
(assert (>= X_0 0))
(assert (<= X_0 1))
(assert (>= Y_0 {limit}))
"""


def _instances(make: Any, folder: Path, verdicts: list[str]) -> Path:
    (folder / "onnx").mkdir()
    (folder / "onnx" / "n.onnx").write_bytes(make.dense([[[2.0]]], [np.zeros(1)]))
    rows = []
    for i, (limit, verdict) in enumerate(zip((1.5, 2.5, "x"), verdicts, strict=True)):
        (folder / f"{i}.vnnlib").write_text(PROPERTY.format(limit=limit))
        rows.append(["n.onnx", f"{i}.vnnlib", 9, verdict])
    path = folder / "instances.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["onnx", "vnnlib", "timeout_s", "verdict"], *rows])
    return path


def test_the_runner_counts_and_shows_a_wrong_verdict(make: Any, tmp_path: Path, capsys: Any) -> None:
    path = _instances(make, tmp_path, ["violated", "violated", "holds"])
    assert main([str(path), "--seconds", "5", "--processes", "1", "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [r["verdict"] for r in report["results"]] == ["violated", "holds", "error"]
    assert [r["wrong"] for r in report["results"]] == [False, True, False]
    assert "Line 5" in report["results"][2]["error"]
    counts = {
        k: report["summary"][k] for k in ("instances", "decided", "holds", "violated", "error", "wrong")
    }
    assert counts == {"instances": 3, "decided": 2, "holds": 1, "violated": 1, "error": 1, "wrong": 1}
    assert main([str(path), "--seconds", "5", "--processes", "1", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("violated")
