"""One model behind five doors: the same answers, the same verdict."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hutong.engines import trust
from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.answers import Shape, predictions, question
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.budget import Budget
from hutong.engines.trust.reach.cassette import Cassette
from hutong.engines.trust.reach.estimator import EstimatorTarget
from hutong.engines.trust.reach.http import HttpTarget
from hutong.engines.trust.reach.openai import Chat, ChatTarget, Price, spoken
from hutong.engines.trust.reach.wire import Wire
from hutong.kernel.errors import Exhausted, Invalid

LOCAL = frozenset({"127.0.0.1"})
QUICK = Budget(pause_s=0.001, longest_s=0.01)
LABELS = ("no", "yes")
DOMAIN = trust.Domain(
    "table",
    (trust.Column("x", Fraction(0), Fraction(1)), trust.Column("n", Fraction(0), Fraction(9), whole=True)),
)
SYSTEM = trust.System("S", "1", DOMAIN, LABELS, "yes", Fraction(1, 2), guarded=True)


@pytest.fixture(scope="module")
def case() -> dict[str, Any]:
    """A table, a scikit-learn model of it and the same model as ONNX."""
    from skl2onnx import to_onnx

    chance = np.random.default_rng(11)
    rows = np.column_stack([chance.random(600), chance.integers(0, 10, 600)]).astype(np.float32)
    labels = np.where(rows[:, 0] + rows[:, 1] / 20 + chance.normal(0, 0.15, 600) > 0.7, "yes", "no")
    model = LogisticRegression(C=10).fit(rows[:300].astype(float), labels[:300])
    options = {"zipmap": False}
    onnx = to_onnx(model, np.zeros((1, 2), np.float32), options=options).SerializeToString()
    columns = {"features": rows[300:], "labels": labels[300:], "groups": {"g": chance.choice(["a", "b"], 300)},
               "train_features": rows[:300], "train_labels": labels[:300]}  # fmt: skip
    return {"model": model, "onnx": onnx, "data": trust.data_of(columns, SYSTEM)}


def serve(model: Any, answer: Callable[..., bytes]) -> Callable[[str, bytes], bytes]:
    """The model as /predict (rows, scores by label) and as /v1/chat/completions (a row in words, a label)."""

    def handle(path: str, body: bytes) -> bytes:
        asked = json.loads(body)
        if path == "/predict":
            try:
                given = model.predict_proba(np.array(asked["rows"], dtype=float))
            except (ValueError, TypeError):
                return answer({"error": "no such row"}, 422)
            found = [dict(zip(map(str, model.classes_), map(float, p), strict=True)) for p in given]
            return answer({"out": {"items": [{"p": p} for p in found]}, "model": "m1"})
        lines = asked["messages"][-1]["content"].splitlines()[1:]
        try:
            row = [float(line.split(": ")[1]) for line in lines]
            said = f" {model.predict(np.array([row]))[0].upper()}.\n"
        except (ValueError, IndexError):
            return answer({"error": "no such row"}, 400)
        usage = {"prompt_tokens": 20, "completion_tokens": 1}
        choice = {"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}
        return answer({"choices": [choice], "usage": usage, "model": "m1", "system_fingerprint": "f1"})

    return handle


SHAPE = Shape(scores="out.items[].p")


def doors(case: dict[str, Any], stub: Any) -> dict[str, Any]:
    model, data = case["model"], case["data"]
    http = Broker(url_of(stub.url + "/predict"), Wire(LOCAL), budget=QUICK)
    chat = Broker(url_of(stub.url + "/v1/chat/completions"), Wire(LOCAL), budget=QUICK)
    estimator = EstimatorTarget(model, SYSTEM, "0" * 64)
    scores = model.predict_proba(data.features.astype(float))
    return {
        "scikit-learn": estimator,
        "onnx": trust.open_model(case["onnx"], SYSTEM),
        "http": HttpTarget(http, SYSTEM, SHAPE),
        "chat": ChatTarget(Chat(chat, "m1"), SYSTEM, "Answer yes or no."),
        "log": trust.LogTarget(SYSTEM, probabilities=scores),
    }


def test_one_model_answers_alike_behind_every_door(
    case: dict[str, Any], stub: Any, answer: Callable[..., bytes]
) -> None:
    stub.handler = serve(case["model"], answer)
    rows = case["data"].features
    targets = doors(case, stub)
    found = {name: t.predict(rows) for name, t in targets.items()}
    first = found["scikit-learn"]
    assert len(set(first.labels)) == 2
    for name, seen in found.items():
        assert (seen.labels == first.labels).all(), name
        if seen.scores is not None and name != "onnx":
            assert (seen.scores == first.scores).all(), name
    # ONNX computes in float32: the last of six digits may differ.
    assert np.abs(found["onnx"].scores - first.scores).max() <= 1
    assert found["chat"].scores is None
    assert [targets[n].access for n in ("scikit-learn", "http", "chat", "log")] == [
        "scores",
        "scores",
        "labels",
        "log",
    ]


def test_asking_again_is_another_observation(
    case: dict[str, Any], stub: Any, answer: Callable[..., bytes]
) -> None:
    """An endpoint that answers otherwise when asked again is seen to do so: no cache speaks for it."""
    calls = [0]

    def fickle(path: str, body: bytes) -> bytes:
        calls[0] += 1
        n = len(json.loads(body)["rows"])
        return answer({"labels": [LABELS[calls[0] % 2]] * n})

    stub.handler = fickle
    with Broker(url_of(stub.url), Wire(LOCAL)) as broker:
        target = HttpTarget(broker, SYSTEM, Shape(labels="labels"))
        rows = case["data"].features[:20]
        assert (target.predict(rows).labels != target.predict(rows).labels).all()
        assert target.access == "labels"
        # But equal rows of one call are asked once.
        before = calls[0]
        target.predict(np.repeat(rows[:1], 50, axis=0))
        assert (
            calls[0] == before + 1 and len(json.loads(question(rows[:1], DOMAIN, target.shape))["rows"]) == 1
        )


def test_malformed_input_is_seen_to_be_declined(
    case: dict[str, Any], stub: Any, answer: Callable[..., bytes]
) -> None:
    stub.handler = serve(case["model"], answer)
    targets = doors(case, stub)
    bare = np.array([[np.nan, 1.0]], dtype=np.float32)
    for name in ("http", "chat"):
        with pytest.raises(trust.OutOfDomain):
            targets[name].raw(bare[:, :1])
        assert len(targets[name].raw(case["data"].features[:1])) == 1


def test_numbers_go_over_the_wire_whole_and_exact() -> None:
    rows = np.array([[0.1, 3.0], [1 / 3, 9.0]], dtype=np.float32)
    sent = json.loads(question(rows, DOMAIN, Shape(labels="l", extra={"v": 2})))
    assert (np.array(sent["rows"], dtype=np.float32) == rows).all() and sent["v"] == 2
    assert isinstance(sent["rows"][0][1], int)
    named = json.loads(question(rows, DOMAIN, Shape(labels="l", named=True)))
    assert set(named["rows"][0]) == {"x", "n"}
    assert json.loads(question([[np.inf, np.nan]], DOMAIN, Shape(labels="l")))["rows"] == [["Infinity", None]]


@pytest.mark.parametrize(
    ("value", "shape", "rule"),
    [
        ({"l": ["no"]}, Shape(labels="l"), "endpoint.rows"),
        ({"l": ["no"] * 3}, Shape(labels="l"), "endpoint.rows"),
        ({"x": ["no", "no"]}, Shape(labels="l"), "endpoint.mapping"),
        ([1], Shape(labels="l"), "endpoint.mapping"),
        ({"l": "no"}, Shape(labels="l"), "endpoint.mapping"),
        ({"l": [{"a": 1}, {}]}, Shape(labels="l[].a"), "endpoint.mapping"),
        ({"l": [None, "no"]}, Shape(labels="l"), "output.form"),
        ({"l": [True, False]}, Shape(labels="l"), "output.form"),
        ({"s": [[0.5, 0.5], [0.5]]}, Shape(scores="s"), "output.form"),
        ({"s": [["0.5", "0.5"], [0.5, 0.5]]}, Shape(scores="s"), "output.form"),
        ({"s": [{"no": 1.0}, {"no": 1.0}]}, Shape(scores="s"), "output.labels"),
        ({"s": [[2.0, -1.0], [0.5, 0.5]]}, Shape(scores="s"), "output.probability"),
        ({"s": [[3.0, 4.0], [0.5, 0.5]]}, Shape(scores="s"), "output.probability"),
    ],
)
def test_answers_that_do_not_fit_the_mapping_are_refused(value: Any, shape: Shape, rule: str) -> None:
    with pytest.raises(Invalid) as refusal:
        predictions(value, 2, SYSTEM, shape)
    assert refusal.value.rule == rule


def test_one_score_is_that_of_the_favourable_label_and_an_unknown_label_is_none() -> None:
    found = predictions({"s": [0.75, 0.25]}, 2, SYSTEM, Shape(scores="s"))
    assert found.scores is not None and found.scores.tolist() == [[250000, 750000], [750000, 250000]]
    assert predictions({"l": ["maybe", "yes"]}, 2, SYSTEM, Shape(labels="l")).labels.tolist() == [-1, 1]
    with pytest.raises(Invalid):
        Shape()


def test_a_chat_that_does_not_answer_with_a_label_gives_none(
    case: dict[str, Any], stub: Any, answer: Callable[..., bytes]
) -> None:
    said = iter(["Yes", "ｎｏ。", "I would say yes", "", "'no'"])
    stub.handler = lambda path, body: answer(
        {"choices": [{"message": {"content": next(said)}, "finish_reason": "stop"}]}
    )
    with Broker(url_of(stub.url), Wire(LOCAL), budget=Budget(parallel=1)) as broker:
        target = ChatTarget(Chat(broker, "m"), SYSTEM, "yes or no?")
        rows = np.array([[i / 10, i] for i in range(5)], dtype=np.float32)
        assert target.predict(rows).labels.tolist() == [1, 0, -1, -1, 0]


def test_tokens_are_paid_as_used_and_bounded_before(stub: Any, answer: Callable[..., bytes]) -> None:
    message = {
        "choices": [{"message": {"content": "hi"}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    }
    stub.handler = lambda path, body: answer(message)
    price = Price(read=1000, written=5000)
    with Broker(url_of(stub.url), Wire(LOCAL), budget=Budget(cost=1000), price=price.of) as broker:
        chat = Chat(broker, "m", tokens=10, price=price)
        assert [s.text for s in chat.ask(["你好", "hello"]) if s] == ["hi", "hi"]
        assert broker.purse.spent == 2 * (3 + 10) and broker.purse.held == 0
        with pytest.raises(Exhausted):
            chat.ask(["x" * 2000])
    with pytest.raises(Invalid) as usage:
        price.of({"usage": {"prompt_tokens": -1}})
    assert usage.value.rule == "endpoint.usage"


@pytest.mark.parametrize(
    "value", [{}, [], {"choices": []}, {"choices": [{}, {}]}, {"choices": [{"message": {"content": None}}]},
              {"choices": [{"message": {"content": [1]}}]}, {"choices": [{"delta": {"content": "x"}}]}, {"choices": [None]}]
)  # fmt: skip
def test_what_is_no_chat_completion_is_refused(value: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        spoken(value)
    assert refusal.value.rule == "endpoint.mapping"
    said = spoken(
        {
            "choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "length"}],
            "model": "m",
        }
    )
    assert (said.text, said.cut, said.version) == ("no", True, ("m", ""))


RECORD = """
import json, sys
from pathlib import Path
from hutong.engines.trust.reach.address import url_of
from hutong.engines.trust.reach.asks import Ask
from hutong.engines.trust.reach.broker import Broker
from hutong.engines.trust.reach.cassette import Cassette
from hutong.engines.trust.reach.wire import Wire
tape = Cassette(Path(sys.argv[2]), {"url": "stub"})
with Broker(url_of(sys.argv[1]), Wire(frozenset({"127.0.0.1"})), tape) as one:
    one.run([Ask(json.dumps({"q": i}).encode()) for i in range(400)])
"""


def test_a_run_that_is_killed_goes_on_with_what_it_has(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    def slow(path: str, body: bytes) -> bytes:
        time.sleep(0.002)
        return answer({"a": json.loads(body)["q"]})

    stub.handler = slow
    tape = tmp_path / "c.jsonl"
    paths = os.pathsep.join(p for p in sys.path if p)
    for kill in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", RECORD, stub.url, str(tape)], env={"PYTHONPATH": paths}
        )
        wanted = 60 * (kill + 1)
        while stub.seen["/"] < wanted and child.poll() is None:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait()
    with Broker(url_of(stub.url), Wire(LOCAL), Cassette(tape, {"url": "stub"})) as last:
        found = last.run([Ask(json.dumps({"q": i}).encode()) for i in range(400)])
    assert [a.value["a"] for a in found] == list(range(400))
    assert last.counts.replayed + last.counts.answered == 400 and last.counts.replayed > 100
    # Asked twice is at most what was on its way at each of three kills.
    assert 400 <= stub.seen["/"] <= 400 + 3 * 16


def test_scored_requests_per_second(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path, record_property: Any, capsys: Any
) -> None:
    """One row in one question, its answer parsed, scored and recorded. The figure is printed; it decides nothing."""
    said = answer({"labels": ["yes"]})
    stub.handler = lambda path, body: said
    n = 3000
    rows = np.column_stack([np.linspace(0, 1, n), np.arange(n) % 10]).astype(np.float32)
    with Broker(url_of(stub.url), Wire(LOCAL), Cassette(tmp_path / "c.jsonl", {"url": "stub"})) as broker:
        target = HttpTarget(broker, SYSTEM, Shape(labels="labels"), batch=1)
        start = time.perf_counter()
        found = target.predict(rows)
        seconds = time.perf_counter() - start
    assert (found.labels == 1).all() and broker.counts.answered == n == stub.seen["/"]
    record_property("scored_requests_per_second", round(n / seconds))
    start = time.perf_counter()
    again = Cassette(tmp_path / "c.jsonl", {"url": "stub"}, writable=False)
    opened = time.perf_counter() - start
    assert len(again.answers) == n
    with capsys.disabled():
        print(
            f"\n{n / seconds:,.0f} scored requests/s, endpoint in a thread; {n} answers read again in {opened * 1000:.0f} ms"
        )
