"""A quote at the terminal: what every pool says, in two languages and as JSON, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from compute.commands import FORM, CommandDesk, Neighbouring
from django.core.cache import cache
from tests_hub import Hub

from hutong.cli.app import main
from hutong.modules.compute.models import Job
from hutong.platform.ledger.tables import Event


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
    monkeypatch.setenv("COLUMNS", "120")

    def line(*words: str, lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setenv("HUTONG_LANG", lang)
        monkeypatch.setattr("sys.argv", ["hutong", *words])
        cache.clear()
        capsys.readouterr()
        status: Any = 0
        try:
            main()
        except SystemExit as left:
            status = left.code or 0
        return (int(status), *capsys.readouterr())

    return line


def described(**changed: Any) -> str:
    Path("train.yaml").write_text(json.dumps({"form": FORM, "command": ["python3", "train.py"], **changed}))
    return "train.yaml"


def test_every_pool_answers_and_nothing_is_left_behind(desk: CommandDesk, typed: Any, settings: Any) -> None:
    Neighbouring(desk).agree()
    hours, events = desk.active("5"), Event.objects.count()
    Path("train.py").write_text("print(1)")
    work, home = described(files=["train.py"]), Path(settings.HUTONG_HOME)
    before = set(home.rglob("*"))
    status, out, _ = typed("compute", "quote", work, "--chips", "2", "--allocation", hours.code)
    assert status == 0 and Job.objects.count() == 0 and Event.objects.count() == events
    assert set(home.rglob("*")) == before
    # Both could start it now; the neighbour's chips cost less, so the broker takes those.
    assert out.splitlines()[0] == (
        "Submitted now, it starts at POL-0002 within seconds, for CNY 2.00 at most."
    )
    assert "CNY 7.00" in out and "cheapest" in out
    zh = typed("compute", "quote", work, "--chips", "2", "--allocation", hours.code, lang="zh")[1]
    assert zh.startswith("如现在提交，数秒内在 POL-0002 启动，费用至多 2.00 元。") and "即刻" in zh


def test_as_json_with_the_named_constraint_of_each_pool(desk: CommandDesk, typed: Any) -> None:
    neighbour = Neighbouring(desk)
    hours = desk.active("5")
    line = ("compute", "quote", "--chips", "3", "--limit-s", "7200", "--allocation", hours.code, "--json")
    status, out, _ = typed(*line)
    told = json.loads(out)
    # Three chips: more than the desk has; the neighbour has them and lends none without an agreement.
    assert status == 1 and told["possible"] is False
    found = {p["pool"]: p for p in told["pools"]}
    assert found[desk.pool.code]["cause"] == "count" and found[desk.pool.code]["constraints"] == ["count"]
    assert found[neighbour.pool.code]["cause"] == "home"
    neighbour.agree()
    status, out, _ = typed(*line)
    told = json.loads(out)
    found = {p["pool"]: p for p in told["pools"]}
    assert status == 0 and found[neighbour.pool.code]["now"] and found[neighbour.pool.code]["chosen"]
    assert found[neighbour.pool.code]["fen_at_most"] == 3 * 2 * 100
    assert told["hold_ms"] == 3 * 7_200_000


@pytest.mark.parametrize(
    ("words", "rule", "status"),
    [
        (("--chips", "0"), "quote.number", 22),
        (("--chips", "eight"), "quote.number", 22),
        (("--limit-s", "99999999"), "quote.number", 22),
        (("--accept", "x" * 61), "job.accept", 22),
        (("--deadline", "tomorrow"), "", 22),
        (("--allocation", "ALC-9999"), "record.unknown", 4),
        (("missing.yaml",), "file.not_found", 4),
    ],
)
def test_what_cannot_be_read_is_refused(
    desk: CommandDesk, typed: Any, words: tuple[str, ...], rule: str, status: int
) -> None:
    found, out, said = typed("compute", "quote", *words)
    assert (found, out) == (status, "") and f"why: {rule}" in said
