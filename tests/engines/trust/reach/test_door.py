"""The one door: what is handed in is opened as what it is, or refused by name; an endpoint is recorded and found again."""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hutong.engines import trust
from hutong.engines.trust.reach.declaration import endpoint_of
from hutong.engines.trust.reach.door import Door, chat_of, open_target, source_of
from hutong.engines.trust.runs import run, tasks_of
from hutong.engines.trust.runs.case import recorded
from hutong.kernel.canonical import digest
from hutong.kernel.errors import Exhausted, Invalid, NotFound

sys.path.insert(0, str(Path(__file__).parent))
from five import SEED, SYSTEM, Given, given, handler

HTTP: dict[str, Any] = {"kind": "http", "url": "http://127.0.0.1:1/p", "http": {"scores": "scores"}}
CHAT: dict[str, Any] = {
    "kind": "openai",
    "url": "http://127.0.0.1:1/v1/chat/completions",
    "openai": {"model": "m", "instruction": "yes or no?"},
}


@pytest.fixture(scope="module")
def case() -> Given:
    return given(120, risk_class=2)


WRONG: tuple[tuple[dict[str, Any], str, str | None], ...] = (
    ({**HTTP, "kind": "grpc"}, "endpoint.form", "kind"),
    ({**HTTP, "url": "file:///etc/passwd"}, "endpoint.url", "url"),
    ({**HTTP, "url": None}, "endpoint.url", "url"),
    ({**HTTP, "key": "secret"}, "endpoint.form", "key"),
    ({**HTTP, "http": {"scores": "s", "sores": "x"}}, "endpoint.form", "http.sores"),
    ({**HTTP, "http": {}}, "endpoint.mapping", "mapping"),
    ({**HTTP, "http": "scores"}, "endpoint.form", "http"),
    ({**HTTP, "rate": 0}, "endpoint.form", "rate"),
    ({**HTTP, "rate": "fast"}, "endpoint.form", "rate"),
    ({**HTTP, "requests": -1}, "endpoint.form", "requests"),
    ({**HTTP, "cost": True}, "endpoint.form", "cost"),
    ({**CHAT, "openai": {"instruction": "yes or no?"}}, "endpoint.form", "openai.model"),
    ({**CHAT, "openai": {"model": "m"}}, "endpoint.form", "openai.instruction"),
    ({**CHAT, "openai": {**CHAT["openai"], "price": {"read": 1, "wrote": 1}}}, "endpoint.form", "openai.price.wrote"),
)  # fmt: skip


@pytest.mark.parametrize(("record", "rule", "field"), WRONG, ids=[str(f) for _, _, f in WRONG])
def test_a_declaration_is_refused_at_its_field(record: dict[str, Any], rule: str, field: str | None) -> None:
    with pytest.raises(Invalid) as refusal:
        endpoint_of(record, Path())
    assert (refusal.value.rule, refusal.value.field) == (rule, field) and refusal.value.what.zh


def test_what_is_declared_is_what_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = {
        **CHAT,
        "key_env": "THE_KEY",
        "rate": 5,
        "requests": 9,
        "cost": 100,
        "parallel": 2,
        "cassette": "c.jsonl",
    }
    (tmp_path / "e.yaml").write_text(yaml.safe_dump(record))
    source = source_of(tmp_path / "e.yaml")
    door = Door(source, SYSTEM)
    assert door.alone and door.seconds == 0.2 and source.endpoint is not None
    limit = source.endpoint.budget
    assert (limit.per_second, limit.requests, limit.cost, limit.parallel) == (5, 9, 100, 2)
    assert source.endpoint.cassette == tmp_path / "c.jsonl"
    with pytest.raises(Invalid) as unset:
        open_target(source, SYSTEM)
    assert unset.value.rule == "endpoint.key" and "THE_KEY" in unset.value.what.en
    monkeypatch.setenv("THE_KEY", "swordfish")
    with trust.closing(open_target(source, SYSTEM)) as target:
        assert target.access == "labels"
    # The key goes with no value that is kept or sent to another process.
    assert b"swordfish" not in pickle.dumps(Door(source, SYSTEM)) and "swordfish" not in repr(source)
    assert b"swordfish" not in (tmp_path / "c.jsonl").read_bytes()
    said = replace(source.endpoint, chat={"model": "m"}, cassette=None)
    chat, name = chat_of(said, SYSTEM)
    other = chat_of(replace(said, chat={"model": "m", "system_prompt": "be brief"}), SYSTEM)[1]
    assert chat.model == "m" and len(name) == 64 and name != other


def test_bytes_are_opened_as_what_they_are_whatever_they_are_called(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        source_of(tmp_path / "no.onnx")
    assert missing.value.rule == "file.missing"
    wrong = {
        "m.onnx": (pickle.dumps({"a": 1}), "file.pickle"),
        "m.skops": (b"PK\x03\x04" + b"x" * 40, "file.archive_truncated"),
        "m.bin": (b"junk", "file.kind"),
        "empty.onnx": (b"", "file.empty"),
        "log.csv": (b"a,b\n1,2\n", "log.columns"),
        "log.npz": (b"PK", "data.form"),
        "e.yml": (b"kind: [", "endpoint.form"),
        "f.yaml": (b"- a\n", "endpoint.form"),
    }
    for name, (content, rule) in wrong.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Invalid) as refusal:
            open_target(source_of(tmp_path / name), SYSTEM)
        assert refusal.value.rule == rule, name


def declared(folder: Path, url: str, **more: Any) -> Door:
    record = {**HTTP, "url": url, "allow": ["127.0.0.1"], **more}
    (folder / "e.yaml").write_text(yaml.safe_dump(record))
    return Door(source_of(folder / "e.yaml"), SYSTEM)


def fickle(model: Any, answer: Callable[..., bytes]) -> Callable[[str, bytes], bytes]:
    """As `handler`, but every seventh answer is another model's."""
    plain, calls = handler(model, answer), [0]

    def handle(path: str, body: bytes) -> bytes:
        said = plain(path, body)
        calls[0] += 1
        if calls[0] % 7 or b'"scores"' not in said:
            return said
        found = json.loads(said.partition(b"\r\n\r\n")[2])
        return answer({"scores": [row[::-1] for row in found["scores"]]})

    return handle


def carried(case: Given, plan: trust.Plan, door: Any, folder: Path, **how: Any) -> trust.Observations:
    return run(plan, door, SYSTEM, case.profile, case.data, SEED, folder, **how)


def planned(case: Given, door: Door) -> trust.Plan:
    with trust.closing(door()) as target:
        return case.plan(target, 2)


class Cut(Exception):
    pass


def test_an_endpoint_that_answers_by_chance_is_found_again_task_by_task(
    case: Given, stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    """Broken off, gone on with, and counted again from the record alone: the same counts, though it never answers twice alike."""
    stub.handler = fickle(case.model, answer)
    door = declared(tmp_path, stub.url + "/predict")
    plan, tape = planned(case, door), tmp_path / "answers.jsonl"
    of = len(tasks_of(plan))

    def cut(done: int, of: int, task: str) -> None:
        if done == 3:
            raise Cut

    with pytest.raises(Cut):
        carried(case, plan, recorded(door, tape), tmp_path / "one", progress=cut)
    seen = carried(case, plan, recorded(door, tape), tmp_path / "one")
    asked = sum(stub.seen.values())
    heard: list[int] = []
    again = carried(
        case,
        plan,
        recorded(door, tape, True),
        tmp_path / "two",
        progress=lambda done, of, task: heard.append(done),
    )
    assert digest(again.as_json()) == digest(seen.as_json()) and heard[-1] == of
    assert sum(stub.seen.values()) == asked
    # Without the record it is another observation.
    other = carried(case, plan, recorded(door, tmp_path / "other.jsonl"), tmp_path / "three")
    assert digest(other.as_json()) != digest(seen.as_json())


def test_an_endpoint_is_asked_by_one_process_on_one_machine(
    case: Given, stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    stub.handler = handler(case.model, answer)
    door = declared(tmp_path, stub.url + "/predict")
    plan = planned(case, door)
    for engine in ("ray", "slurm"):
        with pytest.raises(Invalid) as refusal:
            carried(case, plan, door, tmp_path / "j", engine=engine)
        assert refusal.value.rule == "run.alone"
    carried(case, plan, door, tmp_path / "j", workers=4)
    assert stub.connections <= 16


def test_a_spent_budget_stops_the_run_and_passes_nothing(
    case: Given, stub: Any, answer: Callable[..., bytes], tmp_path: Path
) -> None:
    """Most of all in tests where no answer is the right answer."""
    stub.handler = handler(case.model, answer)
    door = declared(tmp_path, stub.url + "/predict", requests=40)
    plan = planned(case, door)
    tape = tmp_path / "a.jsonl"
    with pytest.raises(Exhausted):
        carried(case, plan, recorded(door, tape), tmp_path / "j")
    more = declared(tmp_path, stub.url + "/predict", requests=100_000)
    seen = carried(case, plan, recorded(more, tape), tmp_path / "j")
    free = carried(case, plan, declared(tmp_path, stub.url + "/predict"), tmp_path / "k")
    assert digest(seen.as_json()) == digest(free.as_json())


@pytest.mark.parametrize("status", [400, 422, 500])
def test_an_input_that_breaks_the_server_is_answered_by_no_answer(
    stub: Any, answer: Callable[..., bytes], tmp_path: Path, status: int
) -> None:
    """A server error is an outage for a good row, and a refusal, heard at once, for one that is malformed on purpose."""
    stub.handler = lambda path, body: answer({"error": "x"}, status)
    with trust.closing(declared(tmp_path, stub.url)()) as target:
        raw: Any = getattr(target, "raw")  # noqa: B009
        with pytest.raises(trust.OutOfDomain):
            raw(np.array([[np.nan, 1, 1]], np.float32))
        with pytest.raises(trust.OutOfDomain):
            raw(np.array([1.0, 2.0], np.float32))
        assert sum(stub.seen.values()) == 2
