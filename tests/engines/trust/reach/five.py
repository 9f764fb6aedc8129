"""One model and everything it can be given as: files, endpoints on this machine, a log."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from hutong.engines import trust
from hutong.engines.trust.reach.door import open_target, source_of
from hutong.engines.trust.reach.estimator import EstimatorTarget

SEED = "five doors"
COLUMNS = (
    trust.Column("age", Fraction(18), Fraction(80), whole=True),
    trust.Column("income", Fraction(0), Fraction(1)),
    trust.Column("sex", Fraction(0), Fraction(1), whole=True),
)
SYSTEM = trust.System(
    "Adviser", "1", trust.Domain("table", COLUMNS), ("no", "yes"), "yes", Fraction(1, 2), guarded=True
)


@dataclass(frozen=True)
class Given:
    """The fitted model, rows held out and the profile under which it is judged."""

    model: Any
    data: trust.Data
    profile: trust.Profile

    def plan(self, target: trust.Target, aim: int) -> trust.Plan:
        return trust.make_plan(target, SYSTEM, self.profile, self.data, SEED, aim=aim)

    def verdict(self, target: trust.Target, aim: int = 5) -> trust.Verdict:
        plan = self.plan(target, aim)
        seen = trust.observe(plan, target, SYSTEM, self.profile, self.data, SEED)
        evidence = [trust.Evidence(c.id, True, "0" * 64, "EVD", "a", "b") for c in self.profile.checks]
        return trust.judge(plan, seen, evidence)


def given(rows: int = 240, risk_class: int = 4) -> Given:
    """A scaled logistic regression: its form is exact, its score smooth, its answers those of a plain adviser."""
    chance = np.random.default_rng(4)
    age, income, sex = (
        chance.integers(18, 81, 2 * rows),
        chance.random(2 * rows),
        chance.integers(0, 2, 2 * rows),
    )
    x = np.stack([age, income, sex], axis=1).astype(np.float32)
    y = np.where((age - 49) / 31 + 2 * (income - 0.5) + 0.3 * chance.normal(size=2 * rows) > 0, "yes", "no")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(x[rows:].astype(float), y[rows:])
    columns: dict[str, object] = {
        "features": x[:rows],
        "labels": y[:rows],
        "groups": {"sex": np.where(sex[:rows] == 1, "f", "m")},
        "train_features": x[rows:],
        "train_labels": y[rows:],
    }
    profile = trust.load_profile("release-adviser")
    # A small budget: an endpoint is asked some ten thousand times, not millions.
    challenge = replace(profile.challenge, share=Fraction(1, 20), rows=20, queries=40, samples=100)
    return Given(
        model, trust.data_of(columns, SYSTEM), replace(profile, challenge=challenge, risk_class=risk_class)
    )


def onnx_of(model: Any) -> bytes:
    from skl2onnx import to_onnx

    made = to_onnx(model, np.zeros((1, 3), np.float32), options={"zipmap": False}, target_opset=17)
    return bytes(made.SerializeToString())


def handler(model: Any, answer: Callable[..., bytes]) -> Callable[[str, bytes], bytes]:
    """The model as /predict (rows, scores by label) and as /v1/chat/completions (a row in words, a label)."""

    def labelled(asked: Any) -> bytes:
        try:
            lines = asked["messages"][-1]["content"].splitlines()[1:]
            row = [float(line.split(": ")[1]) for line in lines]
            said = str(model.predict(np.array([row]))[0])
        except (ValueError, IndexError):
            return answer({"error": "no such row"}, 400)
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return answer({"choices": [choice], "model": "m1", "system_fingerprint": "f1"})

    def handle(path: str, body: bytes) -> bytes:
        asked = json.loads(body)
        if path != "/predict":
            return labelled(asked)
        try:
            found = model.predict_proba(np.array(asked["rows"], dtype=float)).tolist()
        except (ValueError, TypeError):
            # As many frameworks do: an input that breaks the handler is a server error.
            return answer({"error": "no such row"}, 500)
        return answer({"scores": found})

    return handle


def doors(case: Given, folder: Path, url: str) -> dict[str, trust.Target]:
    """The targets, each opened from what an owner would hand in. skops only where it is installed."""
    found: dict[str, trust.Target] = {"scikit-learn": EstimatorTarget(case.model, SYSTEM, "0" * 64)}
    (folder / "m.onnx").write_bytes(onnx_of(case.model))
    _declare(folder / "http.yaml", url=f"{url}/predict", kind="http", http={"scores": "scores"})
    chat = {"model": "m1", "instruction": "Answer yes or no.", "tokens": 4}
    _declare(folder / "chat.yaml", url=f"{url}/v1/chat/completions", kind="openai", openai=chat)
    with (folder / "log.csv").open("w", newline="") as file:
        scores = case.model.predict_proba(case.data.features.astype(float))
        csv.writer(file).writerows([["no", "yes"], *(map(repr, map(float, row)) for row in scores)])
    names = {"onnx": "m.onnx", "http": "http.yaml", "chat": "chat.yaml", "log": "log.csv"}
    try:
        import skops.io

        (folder / "m.skops").write_bytes(skops.io.dumps(case.model))
        names["skops"] = "m.skops"
    except ImportError:
        pass
    return found | {name: open_target(source_of(folder / file), SYSTEM) for name, file in names.items()}


def _declare(path: Path, **fields: Any) -> None:
    fields |= {"allow": ["127.0.0.1"], "cassette": f"{path.stem}.jsonl"}
    path.write_text(yaml.safe_dump(fields), encoding="utf-8")
