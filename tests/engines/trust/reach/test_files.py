"""Foreign files: one named finding each, nothing run, nothing touched."""

from __future__ import annotations

import bz2
import io
import json
import os
import pickle
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

from hutong.engines import trust
from hutong.engines.trust.reach import estimator, jail
from hutong.engines.trust.reach.door import Source, open_target, source_of
from hutong.engines.trust.reach.jail import Limits, inspect_file
from hutong.engines.trust.reach.look import look
from hutong.engines.trust.reach.pickles import UNKNOWN, list_callables
from hutong.kernel.errors import Invalid

SYSTEM = trust.System(
    "S", "1", trust.Domain("table", tuple(trust.Column(f"x{i}") for i in range(3))), ("0", "1")
)


class Touch:
    """Opened, it makes a file."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (self.path,)


def fitted() -> LogisticRegression:
    chance = np.random.default_rng(1)
    return LogisticRegression().fit(chance.random((60, 3)), np.arange(60) % 2)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def handmade(names: str, size: int, shared: bool) -> bytes:
    """A zip of `size` zeros under each name; shared: all entries use one body (after Fifield 2019)."""
    zeros = b"\0" * size
    body, crc = zlib.compress(zeros, 1)[2:-4], zlib.crc32(zeros)
    fields = struct.pack("<HHHHIIIHH", 0, 8, 0, 0, crc, len(body), size, 1, 0)
    local = [b"PK\x03\x04" + struct.pack("<H", 20) + fields + name.encode() + body for name in names]
    place = [0 if shared else i * len(local[0]) for i in range(len(names))]
    entries = [
        b"PK\x01\x02"
        + struct.pack("<HH", 20, 20)
        + fields
        + struct.pack("<HHHII", 0, 0, 0, 0, at)
        + name.encode()
        for name, at in zip(names, place, strict=True)
    ]
    content, directory = b"".join(local[:1] if shared else local), b"".join(entries)
    n = len(names)
    return (
        content
        + directory
        + b"PK\x05\x06"
        + struct.pack("<HHHHIIH", 0, 0, n, n, len(directory), len(content), 0)
    )


def gzip_bomb() -> bytes:
    """Over 512 MiB of zeros: after a full flush the same compressed piece stands for the same zeros again."""
    packer, zeros = zlib.compressobj(1), b"\0" * 2**26
    first, again = (packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * 8


def model(operator: str = "Relu", domain: str = "", location: str | None = None) -> bytes:
    """An ONNX file, honest or with one thing wrong."""
    weights = numpy_helper.from_array(np.ones((3, 2), np.float32), "w")
    if location is not None:
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value=location)
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["z"]),
        helper.make_node(operator, ["z"], ["y"], domain=domain),
    ]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", k]) for n, k in (("x", 3), ("y", 2))]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weights])
    return bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString())


def hidden_external() -> bytes:
    """External data in a branch of an If, where a look at the initializers alone would miss it."""
    tensor = numpy_helper.from_array(np.ones(2, np.float32), "c")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    end = helper.make_tensor_value_info("b", TensorProto.FLOAT, [2])
    branch = helper.make_graph([helper.make_node("Constant", [], ["b"], value=tensor)], "b", [], [end])
    node = helper.make_node("If", ["q"], ["y"], then_branch=branch, else_branch=branch)
    flag = helper.make_tensor_value_info("q", TensorProto.BOOL, [])
    graph = helper.make_graph(
        [node], "g", [flag], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2])]
    )
    return bytes(helper.make_model(graph).SerializeToString())


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "file.empty"),
    "text": (b"not a model at all", "file.kind"),
    "noise": (np.random.default_rng(7).bytes(4096), "file.kind"),
    "pickle": (pickle.dumps(Touch("owned")), "file.pickle"),
    "text pickle": (pickle.dumps(Touch("owned"), 0), "file.pickle"),
    "estimator": (pickle.dumps(fitted()), "file.pickle"),
    "cut pickle": (pickle.dumps({"a": list(range(999))})[:300], "file.pickle_unreadable"),
    "compressed pickle": (bz2.compress(pickle.dumps(Touch("owned"))), "file.pickle"),
    "torch pickle": (zipped({"m/data.pkl": pickle.dumps(Touch("owned")), "m/version": b"3"}), "file.pickle"),
    "zip cut": (zipped({"schema.json": b"{}" * 500})[:-30], "file.archive_truncated"),
    "zip damaged": (zipped({"a": os.urandom(999)}, zipfile.ZIP_STORED).replace(b"PK\x01\x02", b"PK\x01\x03"), "file.archive_truncated"),
    "zip bomb": (handmade("abcdefghi", 2**26, False), "file.archive_bomb"),
    "zip overlap": (handmade("ab", 10**6, True), "file.archive_bomb"),
    "zip path": (zipped({"../../etc/cron.d/x": b"*"}), "file.archive_path"),
    "zip backslash": (zipped({"..\\..\\x": b"*"}), "file.archive_path"),
    "zip of nothing": (zipped({"readme": b"hello"}), "file.archive_kind"),
    "gzip bomb": (gzip_bomb(), "file.archive_bomb"),
    "gzip cut": (zlib.compress(os.urandom(5000))[:-500], "file.archive_truncated"),
    "nested": (zlib.compress(zlib.compress(b"x" * 100)), "file.archive_bomb"),
    "onnx cut": (model()[:-9], "file.onnx_form"),
    "onnx operator": (model("Exec", "com.evil"), "file.onnx_operator"),
    "onnx external": (model(location="weights.bin"), "file.onnx_external"),
    "onnx traversal": (model(location="../../../etc/passwd"), "file.onnx_path"),
    "onnx absolute": (model(location="/etc/passwd"), "file.onnx_path"),
    "onnx hidden": (hidden_external(), "file.onnx_path"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_its_one_finding_and_touches_nothing(
    name: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content, rule = HOSTILE[name]
    seen = inspect_file(content)
    assert seen.kind == "refused" and seen.finding is not None
    assert (seen.finding.claim, seen.finding.state) == (rule, "fail")
    assert not os.listdir(tmp_path)
    assert seen.finding.words.zh and seen.walls["network"] in ("namespace", "hook")


def test_the_callables_of_a_pickle_are_listed() -> None:
    seen = inspect_file(pickle.dumps([Touch("owned"), fitted()]))
    assert seen.finding is not None
    called = {str(d["callable"]) for d in seen.finding.details if d["called"]}
    assert f"{os.mkdir.__module__}.mkdir" in called and any("LogisticRegression" in c for c in called)
    assert "mkdir" in seen.finding.words.en


def test_names_that_are_hidden_from_a_plain_reader_are_listed_too() -> None:
    at_run_time = b"\x80\x04\x8c\x05posix" + b"\x8c\x06systemK\x00."  # no STACK_GLOBAL: only texts
    assert list_callables(at_run_time).names == {}
    made = b"\x80\x04K\x01\x8c\x06system\x93)R."
    assert list_callables(made).called == (UNKNOWN,)
    by_memo = b"\x80\x04\x8c\x05posix\x94\x8c\x06system\x940h\x00h\x01\x93\x8c\x02id\x85R."
    assert list_callables(by_memo).called == ("posix.system",)
    assert list_callables(b"\x80\x02\x82\x07)R.").called == ("extension.7",)
    assert list_callables(b"(S'id'\nios\nsystem\n.").called == ("os.system",)
    assert list_callables(b"(cos\nsystem\nS'id'\no.").called == ("os.system",)
    twice = pickle.dumps(1) + pickle.dumps(Touch("owned"))
    assert list_callables(twice).called == (f"{os.mkdir.__module__}.mkdir",)
    stream = io.BytesIO()
    joblib.dump({"a": np.ones(3), "b": Touch("owned")}, stream)
    behind_an_array = list_callables(stream.getvalue())
    assert not behind_an_array.whole and f"{os.mkdir.__module__}.mkdir" in behind_an_array.called


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\x80\x04", b"PK\x03\x04", b"\x1f\x8b\x08", b"x\x9c", b"\x08\x08"]),
)
def test_no_bytes_make_the_reader_fail(content: bytes, start: bytes) -> None:
    seen = look(start + content)
    assert seen["kind"] in ("refused", "onnx", "skops")
    json.dumps(seen)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_no_flipped_byte_of_a_pickle_makes_the_reader_fail(place: int, value: int) -> None:
    content = bytearray(pickle.dumps([Touch("owned"), {"a": (1, 2.5, None)}, "x" * 40]))
    content[place % len(content)] = value
    list_callables(bytes(content))


def test_an_honest_model_is_let_in(tmp_path: Path) -> None:
    assert inspect_file(model()).finding is None
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_of(fitted()))
    target = open_target(source_of(path), SYSTEM)
    rows = np.random.default_rng(3).random((9, 3)).astype(np.float32)
    direct = estimator.EstimatorTarget(fitted(), SYSTEM, "0" * 64)
    assert (target.predict(rows).labels == direct.predict(rows).labels).all()


def onnx_of(made: Any) -> bytes:
    from skl2onnx import to_onnx

    return bytes(to_onnx(made, np.zeros((1, 3), np.float32), options={"zipmap": False}).SerializeToString())


def test_a_file_over_the_limit_is_not_even_opened() -> None:
    seen = inspect_file(model(), Limits(largest=10))
    assert seen.finding is not None and seen.finding.claim == "file.size" and not seen.walls


def test_skops_needs_skops_and_types_that_it_trusts(monkeypatch: Any) -> None:
    schema = {
        "__class__": "Pipeline",
        "__module__": "sklearn.pipeline",
        "content": {"__class__": "system", "__module__": "os"},
    }
    content = zipped({"schema.json": json.dumps(schema).encode()})
    seen = inspect_file(content)
    assert seen.kind == "skops" and seen.types == ("os.system", "sklearn.pipeline.Pipeline")
    # A child that is told of no other place does not find a package that is not installed.
    monkeypatch.setattr(jail, "find_spec", lambda name: None)
    with pytest.raises(Invalid) as absent:
        open_target(Source(content), SYSTEM)
    assert absent.value.rule in ("file.skops_missing", "file.skops_types", "file.skops_form")
    with pytest.raises(Invalid) as other:
        open_target(Source(pickle.dumps(fitted())), SYSTEM)
    assert other.value.rule == "file.pickle"


def test_a_skops_file_of_trusted_types_is_the_estimator_it_was() -> None:
    skops = pytest.importorskip("skops.io")
    made = fitted()
    target = open_target(Source(skops.dumps(made)), SYSTEM)
    rows = np.random.default_rng(4).random((50, 3)).astype(np.float32)
    assert (
        target.predict(rows).labels == made.predict(rows.astype(float))
    ).all() and target.access == "scores"
    with pytest.raises(Invalid) as foreign:
        open_target(Source(skops.dumps(Foreign())), SYSTEM)
    assert foreign.value.rule == "file.skops_types" and "Foreign" in foreign.value.what.en


class Foreign:
    """A type that nobody trusts."""


def test_what_is_no_classifier_is_refused() -> None:
    for made, rule in ((LogisticRegression(), "model.form"), (object(), "model.form")):
        with pytest.raises(Invalid) as refusal:
            estimator.EstimatorTarget(made, SYSTEM, "0" * 64)
        assert refusal.value.rule == rule
    other = trust.System("S", "1", SYSTEM.domain, ("no", "yes"))
    with pytest.raises(Invalid) as labels:
        estimator.EstimatorTarget(fitted(), other, "0" * 64)
    assert labels.value.rule == "output.labels"
    assert onnx.__version__
