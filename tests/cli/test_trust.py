"""The trust verbs: a model from its file to a signed bundle and back, without a hub."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from hutong.cli import trust_output
from hutong.cli.app import build
from hutong.engines.trust.profile import PROFILES
from hutong.kernel.errors import Conflict, HutongError, Invalid, NotFound

sys.path.insert(0, str(Path(__file__).parents[1] / "engines" / "trust" / "runs"))
from planted import Planted, planted


@dataclass(frozen=True)
class Files:
    folder: Path
    case: Planted

    @property
    def inputs(self) -> list[str]:
        return [
            "m.onnx", "--data", "d.csv", "--train", "t.csv", "--profile", "p.yaml", "--system", "s.yaml", "--group", "g",
        ]  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Model, data, training rows, declaration, profile and evidence in an empty folder, and nothing else."""
    case = planted(3000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUTONG_LANG", "en")
    monkeypatch.delenv("HUTONG_HOME", raising=False)
    Path("m.onnx").write_bytes(case.model)
    groups: Any = case.columns["groups"]
    for name, rows, labels in (("d.csv", "features", "labels"), ("t.csv", "train_features", "train_labels")):
        with Path(name).open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["age", "score", "g", "label"])
            table: Any = case.columns[rows]
            for row, group, label in zip(table, groups["g"], case.columns[labels], strict=True):  # type: ignore[call-overload]
                writer.writerow([*map(repr, map(float, row)), group, label])
    Path("s.yaml").write_text(yaml.safe_dump(case.system.as_json()))
    profile = yaml.safe_load((PROFILES / "release-adviser.yaml").read_text(encoding="utf-8"))
    Path("p.yaml").write_text(
        yaml.safe_dump({**profile, "risk_class": 2}, allow_unicode=True), encoding="utf-8"
    )
    answers = [
        {"check": c.id, "answer": True, "digest": "a" * 64, "record": "EVI-1", "given_by": "ann"}
        for c in case.profile.checks
    ]
    Path("e.json").write_text(json.dumps(answers))
    return Files(tmp_path, case)


def hutong(*line: str) -> int:
    """Exit status of one command, in this process."""
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


def test_from_a_model_to_a_verified_bundle_and_back(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    plan = told(capsys, "plan", *files.inputs, "--out", "R")
    assert plan["reachable"] == {"Q": 2, "R": 2, "X": 1, "F": 1, "S": 2, "P": 1, "G": 1}
    assert "too few" in plan["stopped"]["F"]["en"] and plan["queries"] > 8000
    assert oct(Path("R/seed").stat().st_mode & 0o777) == "0o600"
    ran = told(capsys, "run", "R", "--workers", "1")
    assert ran["plan"] == plan["plan"]
    report = told(capsys, "report", "R", "--key", "k", "--evidence", "e.json")
    assert report["outcome"] != "fail" and report["reached"]["Q"] == 2
    assert oct(Path("k").stat().st_mode & 0o777) == "0o600"
    said = told(capsys, "verify", "R/bundle", "--key", "k.pub", "--model", "m.onnx")
    assert said["ok"] and said["report"] == report["report"]
    again = ["--rerun", "--data", "d.csv", "--train", "t.csv", "--profile", "p.yaml", "--group", "g"]
    said = told(capsys, "verify", "R/bundle", "--key", Path("k.pub").read_text(), "--model", "m.onnx", *again)
    assert said["rerun"] == {"tasks": len(files_tasks("R")), "differ": []}
    capsys.readouterr()
    assert hutong("crosswalk", "R/bundle", "nist-ai-rmf", "--key", "k.pub") == 0
    assert json.loads(capsys.readouterr().out)["report"] == report["report"]
    # Everything happened in this folder, and no hub was made for it.
    assert {p.name for p in files.folder.iterdir()} == {
        "m.onnx", "d.csv", "t.csv", "s.yaml", "p.yaml", "e.json", "R", "k", "k.pub",
    }  # fmt: skip


def files_tasks(folder: str) -> tuple[Any, ...]:
    from hutong.engines.trust.runs import open_folder

    with open_folder(Path(folder)).journal() as journal:
        return journal.tasks


def test_a_changed_bundle_fails_and_names_the_part(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    hutong("run", *files.inputs, "--out", "R", "--workers", "1")
    assert hutong("report", "R", "--key", "k", "--to", "b.jsonl") == 1
    assert hutong("verify", "b.jsonl", "--key", "k.pub") == 0
    assert hutong("report", "R", "--key", "k", "--to", "B") == 1
    page = Path("B/report.html")
    page.write_bytes(
        page.read_bytes().replace("✘".encode(), "✔".encode()).replace("○".encode(), "✔".encode())
    )
    said = told(capsys, "verify", "B", "--key", "k.pub")
    assert said["broken"] == ["report"] and not said["ok"]
    assert hutong("verify", "B", "--key", "k.pub") == 1
    other = files.case.model + b"\0"
    Path("other.onnx").write_bytes(other)
    assert told(capsys, "verify", "b.jsonl", "--key", "k.pub", "--model", "other.onnx")["broken"] == ["model"]


def test_an_interrupted_run_goes_on_to_the_same_report(
    files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hutong("plan", *files.inputs, "--out", "R")
    subprocess.run(["cp", "-r", "R", "R2"], check=True)
    whole = told(capsys, "run", "R2", "--workers", "1")

    @contextmanager
    def impatient(quiet: bool) -> Iterator[Any]:
        def told_(done: int, of: int, task: str) -> None:
            if done == 3:
                raise KeyboardInterrupt

        yield told_

    with monkeypatch.context() as patched:
        patched.setattr(trust_output, "progress", impatient)
        assert hutong("run", "R", "--workers", "1") == 130
        assert "hutong trust run R" in capsys.readouterr().err
    with pytest.raises(Conflict) as error:
        hutong("report", "R", "--key", "k")
    assert error.value.rule == "run.unfinished"
    assert told(capsys, "run", "R", "--workers", "1") == {**whole, "run": "R"}


def test_a_plan_is_not_written_twice_and_other_inputs_are_refused(files: Files) -> None:
    hutong("plan", *files.inputs, "--out", "R")
    with pytest.raises(Conflict) as error:
        hutong("plan", *files.inputs, "--out", "R")
    assert error.value.rule == "run.planned"
    with pytest.raises(Conflict) as error:
        hutong("run", *files.inputs, "--label", "other", "--out", "R")
    assert error.value.rule == "run.other_inputs" and "label" in error.value.what.en
    # The model file is replaced behind the plan's back.
    Path("m.onnx").write_bytes(planted(400).model)
    with pytest.raises(Conflict) as error:
        hutong("run", "R", "--workers", "1")
    assert error.value.rule == "plan.target_changed"


def test_two_versions_are_compared_row_by_row(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that errs on every tenth row beside the model: pairs are counted, and the limits hold the difference."""
    answers = files.case.open().predict(files.case.data.features).labels
    worse = np.where(np.arange(len(answers)) % 10 == 0, 1 - answers, answers)
    with Path("log.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["label"], *([files.case.system.labels[i]] for i in worse)])
    common = ["--data", "d.csv", "--system", "s.yaml", "--group", "g"]
    pair = told(capsys, "compare", "m.onnx", "log.csv", *common)
    hits = answers == files.case.data.labels
    bad = worse == files.case.data.labels
    assert (pair["only_first"], pair["only_second"]) == (int((hits & ~bad).sum()), int((bad & ~hits).sum()))
    assert float(pair["lower"]) <= (bad.mean() - hits.mean()) <= float(pair["upper"]) < 0
    assert pair["better"] == "first" and float(pair["p"]) < 1e-6
    same = told(capsys, "compare", "m.onnx", "m.onnx", *common)
    assert same["better"] == "undecided" and same["p"] == "1"
    Path("few.csv").write_text("\n".join(Path("d.csv").read_text().splitlines()[:500]))
    hutong("plan", *[a.replace("d.csv", "few.csv") for a in files.inputs], "--out", "R")
    with pytest.raises(Conflict) as error:
        hutong("compare", "R", "m.onnx", *common)
    assert error.value.rule == "compare.data"


def test_without_a_declaration_one_is_drawn_and_says_so(
    files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["m.onnx", "--data", "d.csv", "--profile", "p.yaml", "--group", "g"]
    hutong("plan", *given, "--out", "R")
    system = json.loads(Path("R/plan.json").read_text())["system"]
    assert system["version"] == "inferred" and system["labels"] == ["no", "yes"]
    assert [c["name"] for c in system["domain"]["columns"]] == ["age", "score"]
    assert system["domain"]["columns"][0]["whole"] and not system["domain"]["columns"][1]["whole"]


def test_arrays_are_read_like_tables(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    columns = files.case.columns
    arrays: Any = {k: v for k, v in columns.items() if k != "groups"} | {"groups.g": columns["groups"]["g"]}  # type: ignore[index]
    np.savez("d.npz", **arrays)
    npz = told(
        capsys, "plan", "m.onnx", "--data", "d.npz", "--profile", "p.yaml", "--system", "s.yaml", "--out", "N"
    )
    table = told(capsys, "plan", *files.inputs, "--out", "T")
    assert npz["claims"] == table["claims"]
    digests = [json.loads(Path(f"{r}/plan.json").read_text())["data"] for r in ("N", "T")]
    assert digests[0] == digests[1]


BAD: tuple[tuple[list[str], str], ...] = (
    (["plan", "m.onnx", "--data", "d.csv"], "cli.missing"),
    (
        ["plan", "no.onnx", "--data", "d.csv", "--profile", "p.yaml", "--system", "s.yaml", "--group", "g"],
        "file.missing",
    ),
    (["plan", "m.onnx", "--data", "d.csv", "--profile", "nobody", "--group", "g"], "profile.unknown"),
    (["plan", "m.onnx", "--data", "d.csv", "--profile", "p.yaml"], "data.features"),
    (
        ["plan", "m.onnx", "--data", "d.csv", "--profile", "p.yaml", "--label", "truth", "--group", "g"],
        "data.column",
    ),
    (["plan", "m.onnx", "--data", "m.onnx", "--profile", "p.yaml"], "data.form"),
    (["plan", "d.csv", "--data", "bad.npz", "--profile", "p.yaml"], "data.form"),
    (
        ["plan", "m.onnx", "--data", "d.csv", "--profile", "p.yaml", "--system", "e.json", "--group", "g"],
        "system.form",
    ),
    (["run", "."], "run.folder"),
    (["report", "nowhere", "--key", "k"], "run.folder"),
    (["verify", "e.json", "--key", "k+1+x"], "bundle.form"),
)


@pytest.mark.parametrize(("line", "rule"), BAD, ids=[r + str(i) for i, (_, r) in enumerate(BAD)])
def test_bad_input_is_refused_in_words(files: Files, line: list[str], rule: str) -> None:
    Path("bad.npz").write_bytes(b"PK\x03\x04 not an archive of arrays")
    with pytest.raises((Invalid, NotFound)) as error:
        hutong(*line)
    assert error.value.rule == rule and error.value.what.zh and error.value.remedy.en


def test_an_array_that_holds_objects_is_not_opened(files: Files) -> None:
    """NPZ can carry pickles; reading one must not run it."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return os.system, ("touch exploded",)

    np.savez("bomb.npz", features=np.array([Bomb()], dtype=object), labels=np.array(["no"]))
    with pytest.raises(HutongError):
        hutong("plan", "m.onnx", "--data", "bomb.npz", "--profile", "p.yaml")
    assert not Path("exploded").exists()


def test_django_is_not_even_imported(files: Files) -> None:
    code = (
        "import sys; from hutong.cli.app import build; a = sys.argv[1:]\n"
        "build(a)(args=a, standalone_mode=False)\n"
        "assert not any(m == 'django' or m.startswith('django.') for m in sys.modules), 'django'"
    )
    line = ["trust", "plan", *files.inputs, "--json"]
    done = subprocess.run([sys.executable, "-c", code, *line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["required"]["R"] == 2 and not Path(".hutong").exists()


def test_the_words_are_chinese_where_asked(
    files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUTONG_LANG", "zh")
    hutong("plan", *files.inputs)
    out = capsys.readouterr().out
    assert "可判定的范围" in out and "公平性" in out and "样本过少" in out


def test_selftest_prints_what_a_machine_can_read_and_its_exit_status_tells(
    files: Files, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the planted tests that take milliseconds; the others are drawn in the engine's own tests."""
    from hutong.engines.trust.runs import selftest
    from hutong.engines.trust.runs.selftest.plants import plants

    quick = tuple(p for p in plants() if p.weight == 10)
    monkeypatch.setattr(selftest, "plants", lambda: quick)
    found = told(capsys, "selftest", "--cases", "400", "--seed", "a seed")
    assert found["cases"] >= 400 and found["seed"] == "a seed"
    assert {"nulls", "false_pass", "false_pass_upper", "detection"} <= set(found)
    assert {"nulls", "false_pass", "false_pass_upper", "detection"} <= set(found["categories"]["Q"])
    assert found["ok"] and hutong("selftest", "--cases", "400", "--seed", "a seed") == 0
    assert "a seed" in capsys.readouterr().out
