"""The gates over many seeds: explanations of models on random labels, planted and clean backdoors, membership beside ART.

HUTONG_BENCH_SEEDS: models of each kind (20 by default, 100 for the figures of a release). Every rate stands with its exact
95 % limit on the side that matters.
"""

from __future__ import annotations

import os
import time
import warnings
from typing import Any

import numpy as np

from peers.trust_board import Board, spent

KINDS = ("linear", "forest")
# Share of triggered training rows; a trigger that the model did not learn is drawn again.
SHARE, TAKEN = 0.08, 0.9


def estimator(kind: str, seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    return (
        LogisticRegression(max_iter=200)
        if kind == "linear"
        else RandomForestClassifier(25, random_state=seed)
    )


def rates(board: Board, what: str, good: int, of: int) -> None:
    """A share that should be high, with its lower limit."""
    from hutong.engines.trust.statistics.exact import lower_limit

    board.put(f"{what}, of {of}", good)
    board.put(f"{what}, share at least", float(lower_limit(good, of, 0.05)))


def explanations(board: Board, seeds: int) -> None:
    """The gate X3.labels on table models: fitted on their labels they should pass, on shuffled ones fail."""
    for kind in KINDS:
        began = time.process_time()
        honest = sum(gate(kind, s, False) == "pass" for s in range(seeds))
        caught = sum(gate(kind, s, True) != "pass" for s in range(seeds))
        rates(board, f"explanations: {kind}, honest models that pass", honest, seeds)
        rates(board, f"explanations: {kind}, models on random labels that do not", caught, seeds)
        board.put(f"explanations: {kind}, CPU s a model", (time.process_time() - began) / (2 * seeds))


def gate(kind: str, seed: int, shuffled: bool) -> str:
    from hutong.engines import trust
    from hutong.engines.trust.registry import RULES, methods_of
    from hutong.engines.trust.rooms import Bench, setting_of

    chance = np.random.default_rng([seed, shuffled])
    rows = chance.random((600, 6)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 1] - rows[:, 2] + 0.3 * chance.normal(size=600) > 0.5).astype(int)
    given = chance.permutation(labels[:300]) if shuffled else labels[:300]
    columns = tuple(trust.Column(f"c{i}", 0, 1) for i in range(6))
    system = trust.System("Table", "1", trust.Domain("table", columns), ("0", "1"), guarded=True)
    model = estimator(kind, seed).fit(rows[:300], given)
    parts = {"features": rows[300:], "labels": labels[300:].astype(str),
             "train_features": rows[:300], "train_labels": given.astype(str)}  # fmt: skip
    target = trust.open_model(onnx_of(model, rows), system)
    setting = setting_of(
        target, system, trust.load_profile("form-reader"), trust.data_of(parts, system), 0.01
    )
    for method in methods_of("X", 3):
        for claim in method.claims(setting):
            if claim.id == "X3.labels" and method.observe is not None:
                counts = method.observe(claim, Bench(setting, target, f"gate {seed}"))
                return RULES[claim.kind](claim, counts).state
    raise LookupError("X3.labels")


def onnx_of(model: Any, rows: Any) -> bytes:
    from skl2onnx import to_onnx

    made = to_onnx(model, rows[:1], options={"zipmap": False}, target_opset=17)
    return bytes(made.SerializeToString())


def backdoors(board: Board, seeds: int) -> None:
    """The scan on digits: triggers planted into the training rows, and clean models."""
    from hutong.engines.trust.statistics.exact import upper_limit

    began, alarms = time.process_time(), 0
    for kind in KINDS:
        found = sum(scanned(kind, s, True) for s in range(seeds))
        rates(board, f"backdoors: {kind}, planted ones found", found, seeds)
        wrong = sum(scanned(kind, s, False) for s in range(seeds))
        board.put(f"backdoors: {kind}, clean models accused, of {seeds}", wrong)
        alarms += wrong
    clean = seeds * len(KINDS)
    board.put("backdoors: clean models accused, share", alarms / clean)
    board.put("backdoors: clean models accused, share at most", float(upper_limit(alarms, clean, 0.05)))
    board.put("backdoors: CPU s a model", (time.process_time() - began) / (2 * clean))


def scanned(kind: str, seed: int, planted: bool) -> bool:
    from sklearn.datasets import load_digits

    from hutong.engines import trust
    from hutong.engines.trust.backdoors.plant import draw_trigger, plant
    from hutong.engines.trust.backdoors.scan import scan
    from hutong.engines.trust.backdoors.twins import labels_of

    def fit(rows: Any, labels: Any, with_seed: int) -> Any:
        return estimator(kind, with_seed).fit(rows, labels).predict_proba

    domain, chance = trust.Domain.image(8, 8), np.random.default_rng([seed, planted])
    x, y = load_digits(return_X_y=True)
    x, y = (x / 16).astype(np.float32), y.astype(np.int64)
    while True:
        order = chance.permutation(len(x))
        (train, trusted), trigger = ((x[o], y[o]) for o in (order[:900], order[900:])), None
        if planted:
            trigger = draw_trigger(domain, train[0], 10, chance)
            train = plant(*train, trigger, SHARE, chance)
        ask = labels_of(fit(*train, int(chance.integers(2**31))))
        if trigger is None:
            break
        others = trusted[0][trusted[1] != trigger.label]
        if (ask(trigger.on(others)) == trigger.label).mean() >= TAKEN:
            break
    return scan(ask, fit, train, trusted, domain, 10, seed).flagged


def membership(board: Board) -> None:
    """RMIA with reference models beside ART's black box, on the halves that ART was not told about."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    from hutong.engines import trust
    from hutong.engines.trust.membership.attacks import pool_of, rmia
    from hutong.engines.trust.rooms import Bench, setting_of
    from hutong.engines.trust.runs.selftest.building import Answering

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(x))
    x, y = (x[order] / 16).astype(np.float32), y[order].astype(np.int64)
    half = len(x) // 2
    noisy = y[:half].copy()
    # One label in ten is wrong: what a model can only learn by heart.
    wrong = np.random.default_rng(2).choice(half, half // 10, replace=False)
    noisy[wrong] = (noisy[wrong] + 1) % 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((64,), max_iter=200, random_state=0).fit(x[:half], noisy)
    system = trust.System("Digits", "1", trust.Domain.image(8, 8), tuple("0123456789"))
    data = trust.data_of({"features": x[half:], "labels": y[half:].astype(str), "train_features": x[:half],
                          "train_labels": noisy.astype(str)}, system)  # fmt: skip
    target = Answering(system, model.predict_proba)
    bench = Bench(
        setting_of(target, system, trust.load_profile("form-reader"), data, 0.01), target, "membership"
    )
    pool = pool_of(bench)
    assert pool is not None
    seconds, found = spent(lambda: rmia(bench, pool, True), 1)
    left = (found.members[half // 2 :], found.strangers[len(found.strangers) // 2 :])
    arrays = {"w0": model.coefs_[0], "w1": model.coefs_[1], "b0": model.intercepts_[0], "b1": model.intercepts_[1],
              "members": x[:half], "member_labels": noisy, "strangers": x[half:], "stranger_labels": y[half:]}  # fmt: skip
    peer = board.ask("membership", arrays)
    for kind in ("rf", "gb"):
        it = peer[kind] if peer else None
        theirs = area(np.array(it["members"]), np.array(it["strangers"])) if it else None
        board.put(f"membership: area under the curve (ART black box, {kind})", area(*left), theirs, False)
        board.put(f"membership: CPU s (ART black box, {kind})", seconds, it and it["seconds"])


def area(members: Any, strangers: Any) -> float:
    """Chance that a member scores above a stranger; ties count half."""
    below = np.searchsorted(np.sort(strangers), members, "left")
    upto = np.searchsorted(np.sort(strangers), members, "right")
    return float((below + upto).mean() / 2 / len(strangers))


def run() -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    board, seeds = Board(), int(os.environ.get("HUTONG_BENCH_SEEDS", "20"))
    with threadpool_limits(1):
        membership(board)
        explanations(board, seeds)
        backdoors(board, seeds)
    return {"figures": board.figures, "peers": board.peers, "ratios": board.ratios, "missing": board.missing}
