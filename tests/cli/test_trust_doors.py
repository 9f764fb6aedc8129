"""The trust verbs on what is no ONNX file: an endpoint, from its declaration to a bundle that is counted again without asking it."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from hutong.cli import trust_output
from hutong.cli.app import build
from hutong.engines.trust.profile import PROFILES
from hutong.kernel.errors import Conflict, Invalid

sys.path.insert(0, str(Path(__file__).parents[1] / "engines" / "trust" / "reach"))
from five import SYSTEM, Given, given, handler


def hutong(*line: str) -> int:
    arguments = ["trust", *line]
    try:
        build(arguments)(args=arguments, prog_name="hutong", standalone_mode=False)
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def told(capsys: pytest.CaptureFixture[str], *line: str) -> Any:
    capsys.readouterr()
    hutong(*line, "--json")
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def case() -> Given:
    return given(120, risk_class=2)


@pytest.fixture
def served(case: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An endpoint on this machine, its declaration, rows, profile and answers to the checks in an empty folder."""
    from importlib import util

    place = Path(__file__).parents[1] / "engines" / "trust" / "reach" / "conftest.py"
    spec = util.spec_from_file_location("stub_of_reach", place)
    assert spec is not None and spec.loader is not None
    made = util.module_from_spec(spec)
    spec.loader.exec_module(made)
    stub = made.Stub()
    stub.handler = handler(case.model, made.answer)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUTONG_LANG", "en")
    record = {
        "kind": "http",
        "url": f"{stub.url}/predict",
        "allow": ["127.0.0.1"],
        "http": {"scores": "scores"},
    }
    Path("e.yaml").write_text(yaml.safe_dump({**record, "rate": 100_000}))
    with Path("d.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["age", "income", "sex", "g", "label"])
        for row, group, label in zip(
            case.data.features, case.data.groups["sex"], case.data.labels, strict=True
        ):
            writer.writerow([*map(repr, map(float, row)), group, SYSTEM.labels[label]])
    Path("s.yaml").write_text(yaml.safe_dump(SYSTEM.as_json()))
    profile = yaml.safe_load((PROFILES / "release-adviser.yaml").read_text(encoding="utf-8"))
    Path("p.yaml").write_text(
        yaml.safe_dump({**profile, "risk_class": 2}, allow_unicode=True), encoding="utf-8"
    )
    yield stub
    stub.close()


INPUTS = ["e.yaml", "--data", "d.csv", "--profile", "p.yaml", "--system", "s.yaml", "--group", "g"]


def test_an_endpoint_from_its_declaration_to_a_bundle_counted_again_from_the_record(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = told(capsys, "plan", *INPUTS, "--out", "R")
    assert not served.seen, "planning asked the endpoint"
    assert plan["queries"] > 100 and float(plan["seconds"]) == pytest.approx(
        plan["queries"] / 100_000, abs=0.1
    )
    ran = told(capsys, "run", "R")
    asked = sum(served.seen.values())
    assert asked > 10 and ran["plan"] == plan["plan"]
    # Whoever runs it again asks nothing: all is in the journal.
    assert told(capsys, "run", "R") == ran and sum(served.seen.values()) == asked
    report = told(capsys, "report", "R", "--key", "k")
    assert report["reached"]["Q"] == 0
    line = [
        "verify",
        "R/bundle",
        "--key",
        "k.pub",
        "--model",
        "e.yaml",
        "--rerun",
        "--data",
        "d.csv",
        "--profile",
        "p.yaml",
    ]
    said = told(capsys, *line, "--group", "g", "--cassette", "R/answers.jsonl")
    assert said["ok"] and said["rerun"]["differ"] == [] and said["rerun"]["tasks"] > 3
    assert sum(served.seen.values()) == asked
    # The record is bound: one changed answer is named and nothing is counted from it.
    tape = Path("R/answers.jsonl")
    tape.write_bytes(tape.read_bytes().replace(b"0.9", b"0.8", 1))
    with pytest.raises(Invalid) as changed:
        hutong(*line, "--group", "g", "--cassette", "R/answers.jsonl")
    assert changed.value.rule == "cassette.tampered"


def test_another_endpoint_is_not_the_one_that_was_planned(served: Any) -> None:
    hutong("plan", *INPUTS, "--out", "R")
    record = yaml.safe_load(Path("e.yaml").read_text())
    Path("e.yaml").write_text(yaml.safe_dump({**record, "url": f"{served.url}/v2/predict"}))
    with pytest.raises(Conflict) as other:
        hutong("run", "R")
    assert other.value.rule == "plan.target_changed"


def test_an_endpoint_is_compared_with_its_own_log(
    served: Any, case: Given, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = case.model.predict_proba(case.data.features.astype(float))
    with Path("log.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["no", "yes"], *(map(repr, map(float, row)) for row in scores)])
    pair = told(
        capsys, "compare", "e.yaml", "log.csv", "--data", "d.csv", "--system", "s.yaml", "--group", "g"
    )
    assert pair["better"] == "undecided" and pair["only_first"] == pair["only_second"] == 0


def test_a_record_is_needed_where_nothing_may_be_asked(served: Any) -> None:
    with pytest.raises(Invalid) as missing:
        hutong("plan", *INPUTS, "--replay")
    assert (missing.value.rule, missing.value.field) == ("cli.missing", "cassette")
    hutong("plan", *INPUTS, "--cassette", "none.jsonl", "--replay", "--out", "R")
    with pytest.raises(Invalid) as empty:
        hutong("run", "R")
    assert empty.value.rule == "cassette.missing" and not served.seen


def test_declarations_are_read_and_a_wrong_one_is_refused(
    served: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.json").write_text('[{"category": "F"}]')
    with pytest.raises(Invalid) as bad:
        hutong("plan", *INPUTS, "--declare", "bad.json")
    assert bad.value.rule == "cli.declare"
    ground = {
        "category": "F",
        "ground": "no_persons",
        "reason": {"en": "r", "zh": "由"},
        "digest": "a" * 64,
        "record": "R1",
    }
    Path("d.json").write_text(json.dumps([ground]))
    with pytest.raises(Invalid) as refused:
        hutong("plan", *INPUTS, "--declare", "d.json")
    # This profile excuses no fairness, and persons are in the data.
    assert refused.value.rule in ("declaration.ground", "declaration.contradicted")


def test_a_jail_without_walls_of_the_kernel_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    for network, said in (("hook", True), ("namespace", False)):
        held: Any = SimpleNamespace(walls={"network": network, "files": "landlock"})
        trust_output.tell_walls(held)
        assert ("network" in capsys.readouterr().err) is said
