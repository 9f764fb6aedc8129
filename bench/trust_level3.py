"""From a model file of digits to the verdicts of level 3: seconds, and what was judged.

The model is a network of 64 units on scikit-learn's digits, with its training rows given; the engine runs in this process on
one thread.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from peers.trust_board import Board

LEVEL = 3


def digits() -> tuple[Any, Any, Any]:
    """Target, system and data: 897 rows held out, 900 trained on."""
    from skl2onnx import to_onnx
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    from hutong.engines import trust

    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(5).permutation(len(x))
    x, y = x[order].astype(np.float32), y[order]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((64,), max_iter=120, random_state=0).fit(x[:900], y[:900])
    content = to_onnx(model, x[:1], options={"zipmap": False}, target_opset=17).SerializeToString()
    system = trust.System("Digits", "1", trust.Domain.image(8, 8, 0, 16), tuple("0123456789"), guarded=True)
    data = trust.data_of(
        {
            "features": x[900:],
            "labels": y[900:].astype(str),
            "train_features": x[:900],
            "train_labels": y[:900].astype(str),
        },
        system,
    )
    return trust.open_model(bytes(content), system), system, data


def run() -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    from hutong.engines import trust

    board, profile = Board(), trust.load_profile("form-reader")
    target, system, data = digits()
    times: dict[str, float] = {}
    last = ["", time.process_time()]

    def progress(done: int, of: int, claim: str) -> None:
        now = time.process_time()
        if last[0]:
            times[str(last[0])] = now - float(last[1])
        last[:] = [claim, now]

    with threadpool_limits(1):
        began, cpu = time.perf_counter(), time.process_time()
        plan = trust.make_plan(target, system, profile, data, "level 3", aim=LEVEL)
        seen = trust.observe(plan, target, system, profile, data, "level 3", progress)
        verdict = trust.judge(plan, seen)
        board.put("level 3: digits, one process, CPU s", time.process_time() - cpu)
        board.put("level 3: digits, one process, wall s", time.perf_counter() - began)
    board.put("level 3: claims judged", sum(len(c.findings) for c in verdict.cells))
    measured = [f for c in verdict.cells if c.level > 1 for f in c.findings]
    for state in ("pass", "fail", "inconclusive", "not_estimable"):
        board.put(
            f"level 3: claims of levels 2 and 3 judged {state}", sum(f.state == state for f in measured)
        )
    for finding in measured:
        if finding.state in ("not_run", "not_reachable"):
            board.missing[finding.claim] = finding.words.en
    for claim, spent in sorted(times.items(), key=lambda pair: -pair[1])[:5]:
        board.put(f"level 3: CPU s of {claim}", spent)
    return {"figures": board.figures, "peers": board.peers, "ratios": board.ratios, "missing": board.missing}
