"""Computing at the terminal: submit with files beside, why a job waits, its log as it grows, replay and audit; two languages."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from compute.commands import FORM, CommandDesk
from tests_hub import Hub

from hutong.cli import compute as terminal
from hutong.cli.app import main
from hutong.modules.compute.models import Decision, Job, Segment
from hutong.platform import jobs


@dataclass(frozen=True)
class Said:
    status: int
    out: str
    err: str


Say = Callable[..., Said]


@pytest.fixture
def desk(db: None, settings: Any, tmp_path: Path) -> CommandDesk:
    settings.HUTONG_HOME = tmp_path / "home"
    settings.HUTONG_HOME.mkdir()
    return CommandDesk(Hub())


@pytest.fixture
def say(
    desk: CommandDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Say:
    """Type a line as the engineer, in a folder of the engineer's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUTONG_AS", desk.engineer.code)

    def typed(*line: str, lang: str = "en") -> Said:
        monkeypatch.setenv("HUTONG_LANG", lang)
        monkeypatch.setattr("sys.argv", ["hutong", *line])
        capsys.readouterr()
        status: Any = 0
        try:
            main()
        except SystemExit as left:
            status = left.code or 0
        said = capsys.readouterr()
        return Said(int(status), said.out, said.err)

    return typed


def describe(name: str = "train.yaml", **changed: Any) -> str:
    content = {"form": FORM, "command": ["true"], **changed}
    Path(name).write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return name


def submit(say: Say, hours: Any, name: str, *more: str, lang: str = "en") -> Said:
    line = ("compute", "job", "submit", name, "--allocation", hours.code, "--limit-s", "60", *more)
    return say(*line, lang=lang)


def test_a_description_is_sent_with_the_files_beside_it_by_their_digests(desk: CommandDesk, say: Say) -> None:
    hours = desk.active("2")
    Path("train.py").write_text("print('训练完成')\nopen('model.txt', 'w').write('m')\n", encoding="utf-8")
    name = describe(command=["python3", "train.py"], files=["train.py"], results=["model.txt"])
    said = submit(say, hours, name, "--chips", "1")
    # Where, when and at what price: sixty seconds of one chip at 3.50 an hour.
    assert said.status == 0 and said.out.splitlines()[0].startswith("JOB-0001 · Submitted · #")
    assert said.out.splitlines()[1] == f"It starts at {desk.pool.code} within seconds, for CNY 0.06 at most."
    stored = hashlib.sha256(Path("train.py").read_bytes()).hexdigest()
    job = Job.objects.get()
    assert job.inputs["files"] == {"train.py": stored}
    # What was sent cannot change afterwards.
    Path("train.py").write_text("raise SystemExit(1)")
    assert desk.done(job).state == "finished" and set(job.results) == {"model.txt"}
    assert say("compute", "log", "JOB-0001").out == "训练完成\n"


def test_where_when_and_price_or_why_not_in_both_languages_and_as_json(desk: CommandDesk, say: Say) -> None:
    hours, name = desk.active("5"), describe(command=["sleep", "1"])
    assert (
        submit(say, hours, name, "--chips", "2", lang="zh")
        .out.splitlines()[1]
        .startswith(f"数秒内在 {desk.pool.code} 启动")
    )
    desk.hub.work()
    told = json.loads(submit(say, hours, name, "--chips", "2", "--json").out)
    assert (told["record"]["code"], told["record"]["state"], told["repeated"]) == (
        "JOB-0002",
        "submitted",
        False,
    )
    jobs.drain(wait=False)
    submit(say, hours, name, "--chips", "2")
    # Sixty seconds of two chips at 3.50 an hour; the pool is named, and the minute of the start.
    waiting = submit(say, hours, name, "--chips", "2")
    first, second = waiting.out.splitlines()
    assert waiting.status == 0 and first.startswith("JOB-0004 · Submitted · #")
    assert desk.pool.code in second and "As asked" in second and second.endswith("It costs CNY 0.12 at most.")
    chinese = submit(say, hours, name, "--chips", "2", lang="zh").out.splitlines()
    assert chinese[0].startswith("JOB-0005 · 提交 · #") and "按原申请" in chinese[1] and "0.12" in chinese[1]
    shown = json.loads(say("compute", "job", "show", "JOB-0003", "--json").out)
    assert shown["code"] == "JOB-0003" and shown["state"] == "submitted"
    listed = json.loads(say("compute", "job", "list", "--json").out)
    assert [row["code"] for row in listed] == [f"JOB-000{n}" for n in (5, 4, 3, 2, 1)]


def test_what_no_pool_can_do_is_refused_at_the_terminal(desk: CommandDesk, say: Say) -> None:
    hours, name = desk.active("5"), describe()
    said = submit(say, hours, name, "--chips", "3")
    assert said.status == 22 and "why: job.chips [chips]" in said.err and "do: Ask for 1 to 2." in said.err
    said = submit(say, hours, name, "--chips", "3", lang="zh")
    assert "原因: job.chips [chips]" in said.err and "请填写1至2" in said.err
    said = submit(say, hours, name, "--limit-s", "36000")
    assert said.status == 29 and "account.overdrawn" in said.err
    assert Job.objects.count() == 0


def bad_descriptions(folder: Path) -> dict[str, tuple[str, int, str]]:
    """Name → (rule, exit status, field) of descriptions that are refused."""
    (folder / "broken.yaml").write_text("form: [hutong-job/1\n", encoding="utf-8")
    (folder / "binary.yaml").write_bytes(b"\xff\xfe\x00form")
    (folder / "list.yaml").write_text("- a\n- b\n", encoding="utf-8")
    (folder / "empty.yaml").write_text("", encoding="utf-8")
    describe("form.yaml", form="hutong-job/9")
    describe("words.yaml", command=["w"] * 300)
    describe("shell.yaml", command="rm -rf .")
    describe("missing.yaml", files=["not-here.py"])
    describe("digest.yaml", files={"x": "0" * 64})
    describe("results.yaml", results=["../model"])
    return {
        "broken.yaml": ("input.json", 22, "work"),
        "binary.yaml": ("input.json", 22, "work"),
        "list.yaml": ("job.form", 22, "work"),
        "empty.yaml": ("input.required", 22, "work"),
        "form.yaml": ("job.form", 22, "work"),
        "words.yaml": ("job.command", 22, "work"),
        "shell.yaml": ("job.command", 22, "work"),
        "missing.yaml": ("file.not_found", 4, "files"),
        "digest.yaml": ("file.unknown", 4, "file"),
        "results.yaml": ("job.results", 22, "work"),
    }


def test_bad_descriptions_are_refused_in_three_lines_of_either_language_and_as_json(
    desk: CommandDesk, say: Say, tmp_path: Path
) -> None:
    hours = desk.active("2")
    for name, (rule, status, field) in bad_descriptions(tmp_path).items():
        for lang, why, do in (("en", "why", "do"), ("zh", "原因", "办法")):
            said = submit(say, hours, name, lang=lang)
            lines = said.err.strip().splitlines()
            assert (said.status, len(lines), said.out) == (status, 3, ""), (name, said)
            assert lines[1] == f"{why}: {rule} [{field}]" and lines[2].startswith(f"{do}: ")
        told = json.loads(submit(say, hours, name, "--json").err)
        assert (told["rule"], told["field"]) == (rule, field) and told["what"]["zh"]
    assert Job.objects.count() == 0


def test_the_log_is_followed_to_the_end_of_the_job(
    desk: CommandDesk, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = desk.active("2")
    name = describe(command=["sh", "-c", "for n in 1 2 3 4; do echo 第$n步; sleep 0.3; done"])
    submit(say, hours, name)
    assert say("compute", "log", "JOB-0001").out == ""
    written: list[str] = []
    monkeypatch.setattr(terminal.sys.stdout, "write", written.append, raising=False)
    real = time.sleep

    def worked(seconds: float) -> None:
        """The hub's worker, between two looks."""
        jobs.drain(wait=False)
        real(0.05)

    monkeypatch.setattr(terminal, "time", SimpleNamespace(sleep=worked))
    say("compute", "log", "JOB-0001", "--follow")
    assert "".join(written) == "第1步\n第2步\n第3步\n第4步\n"
    # It came piece by piece, and not at the end.
    assert len([w for w in written if w]) > 1
    monkeypatch.undo()


def test_the_log_of_a_job_that_is_not_there_or_not_seen(
    desk: CommandDesk, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lang in ("en", "zh"):
        said = say("compute", "log", "JOB-9999", lang=lang)
        assert (
            said.status == 4
            and "record.unknown [code]" in said.err
            and len(said.err.strip().splitlines()) == 3
        )
    submit(say, desk.active("2"), describe())
    monkeypatch.setenv("HUTONG_AS", desk.stranger().code)
    assert say("compute", "log", "JOB-0001").status == 4


def test_decisions_are_replayed_a_hundred_times_and_a_changed_one_is_named(
    desk: CommandDesk, say: Say
) -> None:
    hours, name = desk.active("5"), describe()
    assert json.loads(say("compute", "replay", "--json").out) == {"decisions": 0, "last": "", "faults": []}
    for _ in range(3):
        submit(say, hours, name)
        desk.hub.work()
    told = say("compute", "replay", "--times", "100", "--json")
    last = Decision.objects.latest("pk")
    assert told.status == 0 and json.loads(told.out) == {"decisions": 3, "last": last.sha256, "faults": []}
    assert say("compute", "replay", "--times", "100").out.startswith(
        "3 decisions, 0 differ; the chain ends in "
    )
    assert say("compute", "replay", lang="zh").out.startswith("共3次决策，0次不符")
    last.content["epoch"] += 1
    last.save()
    said = say("compute", "replay")
    assert said.status == 1 and f"decision {last.pk}: its content was changed" in said.out
    assert say("compute", "replay", "--times", "0").status == 2


def test_the_books_are_audited_and_a_false_meter_is_named(desk: CommandDesk, say: Say) -> None:
    submit(say, desk.active("2"), describe(command=["sleep", "0.2"]))
    desk.hub.work()
    said = say("compute", "audit", "--json")
    found = json.loads(said.out)
    assert said.status == 0 and all(f["holds"] for f in found)
    assert {f["rule"]: f["counted"] for f in found}["segment.span"] == 1
    assert "卡时记账借贷平衡" in say("compute", "audit", lang="zh").out
    assert "every booking" in say("compute", "audit").out
    Segment.objects.update(used_ms=0)
    said = say("compute", "audit", "--json")
    assert said.status == 1 and [f["rule"] for f in json.loads(said.out) if not f["holds"]] == ["job.metered"]
