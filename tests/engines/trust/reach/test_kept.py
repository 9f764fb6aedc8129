"""A model that is run in the jail: it answers as in the open, and whatever it or its child does, this process is unharmed."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from hutong.engines import trust
from hutong.engines.trust.reach import jail, kept
from hutong.engines.trust.reach.frames import BrokenFrame, packed, table_in, table_out, unpacked
from hutong.engines.trust.reach.jail import Limits
from hutong.engines.trust.reach.kept import Child, JailedTarget
from hutong.kernel.errors import Invalid

SYSTEM = trust.System("S", "1", trust.Domain("table", (trust.Column("x"), trust.Column("y"))), ("no", "yes"))
ROWS = np.random.default_rng(1).random((9000, 2)).astype(np.float32)


def model(seed: int = 0) -> bytes:
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    x = np.random.default_rng(seed).random((200, 2)).astype(np.float32)
    fitted = LogisticRegression().fit(x, np.where(x[:, 0] > x[:, 1], "yes", "no"))
    return bytes(to_onnx(fitted, x[:1], options={"zipmap": False}).SerializeToString())


def test_it_answers_bit_for_bit_as_in_this_process_and_more_rows_than_a_pipe_holds() -> None:
    content = model()
    open_, jailed = trust.open_model(content, SYSTEM), JailedTarget(content, "onnx", SYSTEM)
    one, other = open_.predict(ROWS), jailed.predict(ROWS)
    assert (one.labels == other.labels).all() and one.scores is not None and other.scores is not None
    assert (one.scores == other.scores).all() and jailed.digest == open_.digest
    assert (jailed.access, jailed.content) == ("weights", content) and len(jailed.predict(ROWS[:0])) == 0
    assert set(jailed.walls) == {"network", "files"}


def test_the_model_is_never_loaded_here(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(model())
    script = """
import sys
from pathlib import Path
from hutong.engines import trust
from hutong.engines.trust.reach.door import open_target, source_of
system = trust.System("S", "1", trust.Domain("table", (trust.Column("x"), trust.Column("y"))), ("no", "yes"))
import numpy as np
with trust.closing(open_target(source_of(Path(sys.argv[1])), system)) as target:
    print(len(target.predict(np.zeros((3, 2), np.float32))), "onnxruntime" in sys.modules, "onnx" in sys.modules)
"""
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "m.onnx")], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["3", "False", "False"]


@pytest.mark.parametrize(
    "rows",
    [
        np.array([["a", "b"]]),
        np.array([[None, 1.0]], dtype=object),
        np.zeros((1, 3), np.float32),
        np.zeros(2, np.float32),
        np.zeros((2, 2), np.float64),
    ],
)
def test_what_the_model_refuses_is_refused_as_out_of_its_domain(rows: Any) -> None:
    target = JailedTarget(model(), "onnx", SYSTEM)
    with pytest.raises(trust.OutOfDomain):
        target.raw(rows)
    assert len(target.raw(ROWS[:2])) == 2


def test_another_file_beside_it_is_run_in_the_same_child() -> None:
    target = JailedTarget(model(), "onnx", SYSTEM)
    variants = [target.beside(model(seed)) for seed in (1, 2)]
    wanted = [trust.open_model(model(seed), SYSTEM).predict(ROWS[:50]).scores for seed in (0, 1, 2)]
    for made, scores in zip([target, *variants], wanted, strict=True):
        assert (made.predict(ROWS[:50]).scores == scores).all()
    assert len({id(t._child) for t in (target, *variants)}) == 1


def test_threads_share_it_and_a_fork_has_its_own() -> None:
    target = JailedTarget(model(), "onnx", SYSTEM)
    wanted = target.predict(ROWS[:100]).labels
    wrong: list[int] = []

    def ask() -> None:
        for _ in range(30):
            wrong.append(int((target.predict(ROWS[:100]).labels != wanted).sum()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == [0] * 120
    child = os.fork()
    if child == 0:
        os._exit(0 if (target.predict(ROWS[:100]).labels == wanted).all() else 1)
    assert os.waitpid(child, 0)[1] == 0 and (target.predict(ROWS[:100]).labels == wanted).all()


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def test_the_child_ends_when_it_is_closed_dropped_or_its_parent_is_killed() -> None:
    target = JailedTarget(model(), "onnx", SYSTEM)
    pid = target._child._process.pid
    assert alive(pid)
    with trust.closing(target):
        pass
    assert gone(pid)
    target = JailedTarget(model(), "onnx", SYSTEM)
    pid = target._child._process.pid
    del target
    gc.collect()
    assert gone(pid)
    script = """
import sys, time
from hutong.engines.trust.reach.kept import Child
child = Child("onnx")
print(child._process.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert gone(pid)


def graph(nodes: list[Any], *constants: Any) -> bytes:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    made = helper.make_graph(nodes, "g", [x], [y], list(constants))
    opset = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString())


def endless() -> bytes:
    """A loop of 2^62 rounds."""
    i = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    c = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    a = helper.make_tensor_value_info("a", TensorProto.FLOAT, None)
    c2, a2 = (
        helper.make_tensor_value_info(n, t, None)
        for n, t in (("c2", TensorProto.BOOL), ("a2", TensorProto.FLOAT))
    )
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Sin", ["a"], ["a2"])],
        "b",
        [i, c, a],
        [c2, a2],
    )
    rounds = helper.make_tensor("rounds", TensorProto.INT64, [], [2**62])
    go = helper.make_tensor("go", TensorProto.BOOL, [], [True])
    return graph([helper.make_node("Loop", ["rounds", "go", "x"], ["y"], body=body)], rounds, go)


def hungry() -> bytes:
    """A tensor of 2^40 numbers."""
    shape = helper.make_tensor("shape", TensorProto.INT64, [1], [2**40])
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["big"]),
        helper.make_node("ReduceSum", ["big"], ["sum"], keepdims=0),
        helper.make_node("Add", ["x", "sum"], ["y"]),
    ]
    return graph(nodes, shape)


def test_a_model_that_does_not_end_is_ended() -> None:
    child = Child("onnx", Limits(cpu_s=60, wall_s=1.5))
    try:
        target = JailedTarget(endless(), "onnx", SYSTEM, child)
    except Invalid as late:
        # Folded when it is opened, by some versions of the runtime.
        assert late.rule == "jail.time"
        return
    with pytest.raises(Invalid) as late_:
        target.predict(ROWS[:1])
    assert late_.value.rule == "jail.time" and gone(child._process.pid)
    with pytest.raises(Invalid) as after:
        target.predict(ROWS[:1])
    assert after.value.rule == "jail.crash"


def test_a_model_that_eats_memory_harms_nobody() -> None:
    with pytest.raises(Invalid) as refusal:
        JailedTarget(hungry(), "onnx", SYSTEM, Child("onnx", Limits(memory=2**31))).predict(ROWS[:1])
    assert refusal.value.rule in ("model.answer", "model.form", "jail.memory", "jail.crash")


LIES = """
import os, sys, time
from hutong.engines.trust.reach.frames import packed, unpacked
def read(size):
    parts = b""
    while len(parts) < size:
        part = os.read(0, size - len(parts))
        if not part: sys.exit(0)
        parts += part
    return parts
def tell(frame):
    while frame: frame = frame[os.write(1, frame):]
tell(packed({"walls": {"network": "namespace", "files": "landlock"}}))
unpacked(read, 2**30)
tell(packed({"access": "weights"}))
unpacked(read, 2**30)
"""
SAID = {
    "nothing, for ever": ("time.sleep(30)", "jail.time"),
    "the end": ("sys.exit(0)", "jail.crash"),
    "no frame": ("os.write(1, b'HTTP/1.1 200 OK' + b'x' * 100)", "jail.crash"),
    "a head that is too long": ("os.write(1, (2**31).to_bytes(4, 'big'))", "jail.crash"),
    "half a head": ("os.write(1, b'\\x00\\x00\\x01\\x00{'); sys.exit(0)", "jail.crash"),
    "more numbers than fit": ("tell(packed({'scores': 2, 'n': 3}, b'x' * 4096))", "jail.crash"),
    "fewer rows": ("tell(packed({'scores': 2, 'n': 2}, b'x' * 32))", "jail.crash"),
    "other labels": ("tell(packed({'scores': 1, 'n': 3}, b'x' * 24))", "jail.crash"),
    "a size that is none": ("os.write(1, b'\\x00\\x00\\x00\\x0e{\\\"bytes\\\": -1}')", "jail.crash"),
    "a list": ("os.write(1, b'\\x00\\x00\\x00\\x02[]')", "jail.crash"),
    "an error of its own making": ("tell(packed({'rule': 'verdict.pass', 'what': {'en': 'x', 'zh': 'x'}}))", "jail.crash"),
    "a finding that is none": ("tell(packed({'finding': {'claim': 'x'}}))", "jail.crash"),
    "infinity": ("tell(packed({'scores': 2, 'n': 3}, b'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0\\x7f' * 6))", "output.finite"),
    "no probabilities": ("tell(packed({'scores': 2, 'n': 3}, b'\\x00\\x00\\x00\\x00\\x00\\x00\\xf0\\x3f' * 6))", "output.probability"),
}  # fmt: skip


def lying(script: str, monkeypatch: pytest.MonkeyPatch) -> JailedTarget:
    """A target whose child was taken over."""

    def start(how: str, what: str, folder: str, limits: Limits, source: Any = None) -> Any:
        return subprocess.Popen(
            [sys.executable, "-c", LIES + script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )

    monkeypatch.setattr(kept, "start", start)
    return JailedTarget(b"any", "onnx", SYSTEM, Child("onnx", Limits(wall_s=3.0)))


@pytest.mark.parametrize("name", SAID)
def test_a_child_that_was_taken_over_is_not_believed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    script, rule = SAID[name]
    target = lying(script, monkeypatch)
    with pytest.raises(Invalid) as refusal:
        target.predict(ROWS[:3])
    assert refusal.value.rule == rule and refusal.value.what.zh
    target.close()


def test_labels_that_there_are_not_are_no_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "tell(packed({'scores': 0, 'n': 3}, b''.join(n.to_bytes(8, 'little', signed=True) for n in (1, 7, -9))))"
    assert lying(said, monkeypatch).predict(ROWS[:3]).labels.tolist() == [1, -1, -1]


def test_where_no_jail_can_be_made_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jail.sys, "platform", "darwin")
    with pytest.raises(Invalid) as refusal:
        trust.open_target(trust.Source(model()), SYSTEM)
    assert refusal.value.rule == "jail.unavailable"


def test_frames_carry_any_table_and_nothing_else() -> None:
    for rows in (
        ROWS[:3], np.zeros((0, 2)), np.arange(3), np.array([["a", "é"]]), np.array([[None, "x"], [1.5, 2]], dtype=object),
        np.array([[np.nan, np.inf]], np.float32),
    ):  # fmt: skip
        content = table_out(rows)
        at = [0]

        def read(size: int, content: bytes = content, at: list[int] = at) -> bytes:
            at[0] += size
            return content[at[0] - size : at[0]]

        again = table_in(*unpacked(read, 2**20))
        assert again.shape == rows.shape and again.dtype == rows.dtype
        assert again.tolist() == rows.tolist() or np.isnan(rows[0, 0])
    for head in (
        {},
        {"type": "O", "shape": [1]},
        {"type": "<f4", "shape": [9]},
        {"type": "?", "shape": ["x"]},
    ):
        with pytest.raises(BrokenFrame):
            table_in(head, b"1234")
    with pytest.raises(BrokenFrame):
        packed({"x": "y" * 2**21})
