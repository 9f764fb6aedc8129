"""The log of a job at the terminal where it is awkward: half characters, a second attempt, and as JSON; descriptions likewise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from compute.commands import FORM, CommandDesk
from tests_hub import Hub

from hutong.cli import compute as terminal
from hutong.cli.app import main
from hutong.modules.compute import contract
from hutong.modules.compute.models import Attempt, Job


@pytest.fixture
def desk(db: None, settings: Any, tmp_path: Path) -> CommandDesk:
    settings.HUTONG_HOME = tmp_path / "home"
    settings.HUTONG_HOME.mkdir()
    return CommandDesk(Hub())


@pytest.fixture
def typed(
    desk: CommandDesk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    """Type a line as the engineer; returns (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUTONG_AS", desk.engineer.code)
    monkeypatch.setenv("HUTONG_LANG", "en")

    def line(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["hutong", *words])
        capsys.readouterr()
        status: Any = 0
        try:
            main()
        except SystemExit as left:
            status = left.code or 0
        return (int(status), *capsys.readouterr())

    return line


def looks(monkeypatch: pytest.MonkeyPatch, job: Job, saids: list[tuple[int, bytes]]) -> None:
    """At each look the job's attempt of that number has said so much; after the last the job is over."""
    coming: Iterator[tuple[int, bytes]] = iter(saids)
    now = {"said": b""}

    def look(seconds: float = 0) -> None:
        found = next(coming, None)
        if found is None:
            Job.objects.filter(pk=job.pk).update(state="failed")
            return
        number, now["said"] = found
        while Attempt.objects.filter(job=job).count() < number:
            Attempt.objects.filter(job=job).update(state="ended", ending="lost")
            Attempt.objects.create(
                job=job, pool_id=job.allocation.pool_id, state="running", placed_at=job.created_at
            )

    look()
    monkeypatch.setattr(contract, "log_of", lambda attempt: now["said"])
    monkeypatch.setattr(terminal, "time", SimpleNamespace(sleep=look))


def test_half_a_character_waits_for_its_other_half(
    desk: CommandDesk, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.order(desk.active("2"), "true")
    whole = "进度：一".encode()
    looks(monkeypatch, job, [(1, whole[:4]), (1, whole[:5]), (1, whole)])
    assert typed("compute", "log", job.code, "--follow")[1] == "进度：一"


def test_a_second_attempt_says_everything_anew(
    desk: CommandDesk, typed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = desk.order(desk.active("2"), "true")
    looks(monkeypatch, job, [(1, b"one\n"), (2, b"again one\n"), (2, b"again one\ntwo\n")])
    assert typed("compute", "log", job.code, "--follow")[1] == "one\nagain one\ntwo\n"


def test_a_log_as_json(desk: CommandDesk, typed: Any) -> None:
    job = desk.done(desk.order(desk.active("2"), "echo", "好"))
    told = json.loads(typed("compute", "log", job.code, "--json")[1])
    assert told == {"code": job.code, "state": "finished", "log": "好\n"}
    status, _, said = typed("compute", "log", "JOB-9999", "--json")
    assert status == 4 and json.loads(said)["rule"] == "record.unknown"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"form: {FORM}\ncommand: [sh]\nfiles: [a/x.py, b/x.py]\n", "file.twice"),
        ("&a [*a]", "input.json"),
        ("a: &a [x, x]\nb: [*a, *a]\n", "input.json"),
        (None, "file.not_found"),
    ],
)
def test_a_description_with_a_trap_is_refused(
    desk: CommandDesk, typed: Any, text: str | None, rule: str
) -> None:
    """Two files of one name in one folder; a value that holds itself; aliases, of which ten lines unfold to 10^10 values; a
    file that is not there."""
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "x.py").write_text(folder)
    if text is not None:
        Path("work.yaml").write_text(text)
    status, out, said = typed("compute", "job", "submit", "work.yaml", "--allocation", desk.active("2").code)
    assert status in (4, 22) and out == "" and f"why: {rule} " in said, said
