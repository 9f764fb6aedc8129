"""The evaluator beside Fairlearn, AIF360, shap, ART and AI Verify's plug-in, on the same data in one run.

Each peer has an environment of its own, named by a variable (docs/guide/benchmarks.md), and reads the same .npz. Times are CPU
seconds of one thread on both sides, but for verification and import (wall). What both compute is compared: "values
that differ" must be 0.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from peers import trust_data, trust_size, trust_smoothing
from peers.trust_board import Board, spent

REPLICATES, BUDGET = 10_000, 2_000


def fairness(board: Board) -> None:
    from hutong.engines.trust.statistics.counts import count_codes, count_rows
    from hutong.engines.trust.statistics.metrics import equalized_odds_difference, metric, rates
    from hutong.engines.trust.statistics.prng import stream
    from hutong.engines.trust.statistics.resample import gap_of, resample

    data = trust_data.groups().arrays
    columns = {"age": data["age"], "sex": data["sex"]}
    names = {k: tuple(str(i) for i in range(int(v.max()) + 1)) for k, v in columns.items()}
    truth = (data["outcome"], data["decision"])
    counted, cells = spent(lambda: count_codes(columns, names, *truth), 20)
    three = [metric(n, (2, 2)) for n in ("selection_rate", "tpr", "fpr")]

    def spread() -> Any:
        """Both sides end with the quantiles of every group."""
        drawn = resample(cells, three, REPLICATES, stream("bench", "fairness"))
        return [np.quantile(r.value, [0.025, 0.975], axis=0) for r in drawn]

    def gaps() -> Any:
        """(replicates,) equalized odds differences of the two halves."""
        return np.max(
            [gap_of(r.value) for r in resample(halves, three[1:], REPLICATES, stream("bench", "sex"))], axis=0
        )

    drawn, _ = spent(spread, 3)
    gap_seconds, gap = spent(lambda: equalized_odds_difference(count_codes(columns, names, *truth)), 20)
    sex = ({"sex": columns["sex"]}, {"sex": names["sex"]})
    pair_seconds, pair = spent(lambda: equalized_odds_difference(count_codes(*sex, *truth)), 20)
    halves = cells.by(("sex",))
    known_seconds, _ = spent(lambda: equalized_odds_difference(halves), 20)
    pairs, _ = spent(gaps, 3)
    unnamed, _ = spent(lambda: equalized_odds_difference(count_rows(columns, *truth)), 3)
    found = board.ask("fairness", data)
    fair, other = (found["fairlearn"], found["aif360"]) if found else ({}, {})
    each, again = fair.get("replicate_seconds"), other.get("replicate_seconds")
    board.put(
        "fairness: 10 groups, 3 metrics, CPU s a replicate (Fairlearn)", (counted + drawn) / REPLICATES, each
    )
    board.put(
        "fairness: 2 groups, odds gap, CPU s a replicate (AIF360)", (pair_seconds + pairs) / REPLICATES, again
    )
    board.put("fairness: odds gap, 10 groups, CPU s (Fairlearn)", gap_seconds, fair.get("gap_seconds"))
    board.put("fairness: the same from unnamed values, CPU s (Fairlearn)", unnamed, fair.get("gap_seconds"))
    board.put(
        "fairness: odds gap, 2 groups, with set-up, CPU s (AIF360)", pair_seconds, other.get("whole_seconds")
    )
    board.put("fairness: the same, set up already, CPU s (AIF360)", known_seconds, other.get("gap_seconds"))
    if found:
        off = [abs(gap.value - fair["gap"])]
        off += [abs(pair.value - x["gap_of_sex"]) for x in (fair, other)]
        places = [cells.names.index((str(a), str(s))) for a, s in fair["groups"]]
        off += [
            float(d) for m in three for d in np.abs(rates(cells, m).value[places] - fair["values"][m.name])
        ]
        board.put("fairness: values that differ by over 1e-12", sum(not d <= 1e-12 for d in off))


def explanations(board: Board) -> None:
    from skl2onnx import to_onnx

    from hutong.engines.trust.distances import linear, read_model
    from hutong.engines.trust.explanations import explain, explain_linear, missing_shap
    from hutong.engines.trust.statistics.prng import stream

    made = trust_data.cancer()
    data, forest = made.arrays, made.model
    rows, background, ones = data["rows"], data["background"], np.ones(len(data["rows"]), np.int64)
    model = linear(data["weights"], data["bias"])
    seconds, exact = spent(lambda: explain_linear(model, rows, ones, background), 50)
    content = to_onnx(forest, rows[:1], options={"zipmap": False}).SerializeToString()
    trees = read_model(content, rows.shape[1])
    tree_seconds, found = spent(
        lambda: explain(
            forest.predict_proba, rows, ones, background, stream("bench", "trees"), trees, 250_000
        ),
        1,
    )
    lack = missing_shap()
    if lack is not None:
        board.missing["shap, on our side"] = f"{lack.en}; pip install shap"
    peer = board.ask("shap", data)
    near = (
        (lambda values, to: float(np.linalg.norm(values - np.array(to)) / np.linalg.norm(to)))
        if peer
        else None
    )
    first, whole, theirs = ((peer or {}).get(k, {}) for k in ("defaults", "whole", "trees"))
    board.put("explanations: linear, 20 rows, CPU s (KernelExplainer)", seconds, first.get("seconds"))
    board.put("explanations: linear, 20 rows, CPU s (the same, l1_reg=0)", seconds, whole.get("seconds"))
    board.put("explanations: linear, worst additivity gap", float(exact.gaps.max()))
    board.put(
        f"explanations: forest, 20 rows, CPU s (TreeExplainer; ours {found.how})",
        tree_seconds,
        theirs.get("seconds"),
    )
    if peer and near:
        error = near(np.array(first["values"]), exact.values)
        board.put(
            "explanations: linear, error over exact (KernelExplainer)",
            near(exact.values, whole["values"]),
            error,
            False,
        )
        off = int((~(np.abs(exact.values - np.array(whole["values"])) <= 1e-9)).sum())
        board.put("explanations: linear values that differ by over 1e-9", off)
        if peer["forest_differs_by"] < 1e-9:
            board.put(
                "explanations: forest, error over exact", near(found.values, theirs["values"]), 0.0, False
            )


def attacks(board: Board) -> None:
    from hutong.engines.trust.distances import LinearModel, evade, is_feasible, minimal_linear, size
    from hutong.engines.trust.types import Domain

    data, domain = trust_data.digits().arrays, Domain.image(8, 8)
    model = LinearModel(data["weights"], data["bias"], tuple("0123456789"))
    rows, was = data["rows"], model.decide(data["rows"])
    exact_seconds, exact = spent(lambda: minimal_linear(model, rows, "l2", domain), 3)

    def scores(x: Any) -> Any:
        odds = np.exp(model.scores(x) - model.scores(x).max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def labels(x: Any) -> Any:
        return np.eye(10)[model.decide(x)]

    def judged(ends: Any) -> tuple[float, float, int]:
        """Median length over the exact minimum, share of rows that flip, and rows that are nearer than can be."""
        flips = (model.decide(ends) != was) & is_feasible(ends, rows, domain)
        length = size(np.asarray(ends, np.float64) - rows, "l2")[flips] / exact.distance[flips]
        return float(np.median(length)), float(flips.mean()), int((length < 1 - 1e-6).sum())

    blind, impossible = judged(exact.rows), 0
    board.put("attacks: exact distances, 40 rows, CPU s", exact_seconds)
    board.put("attacks: exact counter-examples, length over the minimum", blind[0])
    board.put("attacks: exact counter-examples, share flipped", blind[1])
    peer = board.ask("art", {k: data[k] for k in ("rows", "weights", "bias")})
    # Two attacks of ART see labels only, and ours gets as many queries as they took; DeepFool takes gradients.
    for name, seen in (("HopSkipJump", labels), ("BoundaryAttack", labels), ("DeepFool", scores)):
        it = peer[name] if peer else {}
        asked = it["asked"] / len(rows) if it else None
        most = int(asked) if asked and seen is labels else BUDGET
        attack = partial(evade, seen, rows, "l2", domain, budget=most, pool=data["others"])
        seconds, found = spent(attack, 1)
        ours, theirs = judged(found.rows), judged(np.array(it["rows"])) if it else (None, None, 0)
        impossible += ours[2] + theirs[2]
        end = f"from {seen.__name__} (ART {name})"
        board.put(f"attacks: length over the minimum, median, {end}", ours[0], theirs[0], False)
        board.put(f"attacks: share flipped, {end}", ours[1], theirs[1], False)
        board.put(f"attacks: CPU s for 40 rows, {end}", seconds, it.get("seconds"))
        board.put(
            f"attacks: queries a row, {end}",
            float(found.queries.mean()) + found.shared / len(rows),
            asked,
            False,
        )
    board.put("attacks: counter-examples nearer than the exact minimum", impossible + blind[2])


def table(board: Board) -> None:
    from hutong.engines.trust.distances import NORMS, is_feasible, linear, minimal_linear
    from hutong.engines.trust.types import Column, Domain

    data = trust_data.table().arrays
    columns = ((n, *trust_data.KINDS[n]) for n in trust_data.TABLE)
    domain = Domain("table", tuple(Column(n, Fraction(a), Fraction(b), w, i) for n, a, b, w, i in columns))
    model, rows = linear(data["weights"], data["bias"]), data["rows"]

    def judged(ends: Any) -> tuple[float, int]:
        """Share of rows that flip, and rows that the declared table cannot hold."""
        flips, held = model.decide(ends) != data["decided"], is_feasible(ends, rows, domain)
        return float(flips.mean()), int((~held).sum())

    peer = board.ask("aiverify", data)
    theirs = judged(np.array(peer["rows"])) if peer else (None, None)
    for norm in NORMS:
        seconds, found = spent(partial(minimal_linear, model, rows, norm, domain), 1 if norm == "l2" else 5)
        ours = judged(found.rows)
        board.put(f"table: 2,500 x 8, CPU s, exact in {norm} (AI Verify)", seconds, peer and peer["seconds"])
        board.put(f"table: rows flipped, exact in {norm} (AI Verify)", ours[0], theirs[0], False)
        board.put(f"table: infeasible rows, exact in {norm} (AI Verify)", ours[1], theirs[1], False)


def verification(board: Board) -> None:
    from hutong.engines.trust.networks.__main__ import read_instances, run_one, summary

    for name, line in (("auto_LiRPA", "auto_LiRPA"), ("Marabou", "maraboupy")):
        board.missing[name] = (
            f"no script drives it yet; it needs an environment of its own: pip install {line}"
        )
    folder = os.environ.get("HUTONG_DATA")
    instances = Path(folder or "") / "acasxu" / "verdicts.csv"
    if not folder or not instances.is_file():
        board.missing["ACAS Xu"] = (
            "HUTONG_DATA names no folder with acasxu/verdicts.csv, onnx/ and vnnlib/ in it"
        )
        return
    found = summary([run_one(str(instances.parent), r, 20.0, 0) for r in read_instances(instances)])
    for key in ("instances", "decided", "wrong", "median_seconds", "longest_seconds"):
        board.put(f"verification: ACAS Xu, {key.replace('_', ' ')}", float(str(found[key])))


PARTS: tuple[Callable[[Board], None], ...] = (
    fairness, explanations, attacks, trust_smoothing.smoothing, table, verification, trust_size.footprint,
)  # fmt: skip


def run() -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    board = Board()
    with threadpool_limits(1):
        for part in PARTS:
            part(board)
    return {"figures": board.figures, "peers": board.peers, "ratios": board.ratios, "missing": board.missing}
