"""The terminal's built-in verbs: what they print, as tables and as JSON, and the exit status."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lane import Lane

from hutong import verify as verifier
from hutong.cli.app import build
from hutong.kernel.places import plans_directory

FIGURE = "T6.1"


@pytest.fixture
def planned(hub: Any) -> Lane:
    """A loaded plan, a centre, and a system with an award and hours."""
    lane = Lane(hub)
    text = (plans_directory() / "beijing-2023-2025.yaml").read_bytes()
    hub.do(lane.office, "plan.plan.load", file=hub.store(text, "plan.yaml"))
    lane.allocation()
    return lane


@pytest.fixture
def travelled(planned: Lane) -> Lane:
    """The same, and the system is filed."""
    planned.filing()
    return planned


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type a line; returns (exit status, what was printed)."""
    monkeypatch.setenv("HUTONG_LANG", "en")

    def typed(*words: str, lang: str = "en") -> tuple[int, str]:
        monkeypatch.setenv("HUTONG_LANG", lang)
        line = list(words)
        with pytest.raises(SystemExit) as left:
            build(line)(args=line, prog_name="hutong")
        code = left.value.code
        return (code if isinstance(code, int) else 0), capsys.readouterr().out

    return typed


def test_a_figure_is_explained_down_to_the_proof_of_each_record(planned, say):
    status, said = say("plan", "explain", FIGURE, "--json")
    content = json.loads(said)
    assert status == 0 and content["counted"]
    for fact in content["counted"]:
        assert fact["record"].startswith("urn:hutong:") and fact["leaf"] and fact["proof"] is not None
    assert content["checkpoint"] and content["formula"]
    status, said = say("plan", "explain", FIGURE)
    assert status == 0 and "in the log" in said and content["formula"] in said
    assert "已入账簿" in say("plan", "explain", FIGURE, lang="zh")[1]


def test_every_figure_of_the_plan_can_be_explained(planned, say):
    board = json.loads(say("plan", "status", "--json")[1])
    names = [i["id"] for i in board["indicators"]]
    assert len(names) >= 40
    for name in names:
        assert json.loads(say("plan", "explain", name, "--json")[1])["figure"]["id"] == name


def test_the_board_is_the_same_as_data_and_as_a_table(planned, say):
    board = json.loads(say("plan", "status", "--json")[1])
    said = say("plan", "status")[1]
    assert (len(board["objectives"]), len(board["tasks"]), len(board["safeguards"])) == (5, 16, 4)
    assert all(i["id"] in said for i in board["indicators"])
    assert all(i["source"]["citation"]["en"] for i in board["indicators"])
    unknown = [i for i in board["indicators"] if i["value"]["state"] != "number"]
    assert unknown and all("value" not in i["value"] for i in unknown)


def test_a_passport_is_shown_and_exported_as_a_bundle_that_verifies(travelled, say, capsys, tmp_path):
    code = travelled.system().code
    shown = json.loads(say("passport", "show", code, "--json")[1])
    states = {g["stage"]: g["state"] for g in shown["gates"]}
    assert shown["code"] == code and states["trust"] == states["filing"] == "done"
    assert "HUB-2026-00001" in say("passport", "show", code)[1]
    path = tmp_path / "bundle.json"
    assert say("passport", "export", code, "-o", str(path))[0] == 0
    assert verifier.main([str(path)]) == 0
    capsys.readouterr()
    bom = json.loads(say("passport", "export", code, "--bom")[1])
    assert bom["bomFormat"] == "CycloneDX"


def test_a_bundle_is_verified_by_the_same_command(planned, say, tmp_path):
    path = tmp_path / "bundle.json"
    say("passport", "export", planned.system().code, "-o", str(path))
    assert say("verify", str(path))[0] == 0
    text = path.read_text(encoding="utf-8")
    place = text.index("calls.award.grant")
    path.write_text(text[:place] + "X" + text[place + 1 :], encoding="utf-8")
    status, said = say("verify", str(path), "--json")
    assert status != 0 and json.loads(said)


def test_the_doctor_finds_a_healthy_hub_well(planned, say):
    status, said = say("doctor", "--json")
    findings = {f["what"]: f["ok"] for f in json.loads(said)}
    assert {"python", "database", "evidence", "hours", "keys", "room", "jobs"} <= set(findings)
    assert findings["evidence"] and findings["hours"]
    assert status == (0 if all(findings.values()) else 1)
    assert "evidence" in say("doctor")[1]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (("plan", "explain", "T99.9"), 4),
        (("passport", "show", "SYS-9999"), 4),
        (("plan", "status", "--as-of", "2999-01-01"), 22),
        (("plan", "status", "--as-of", "soon"), 22),
    ],
)
def test_what_is_not_there_leaves_with_its_status(planned, line, status, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["hutong", *line])
    from hutong.cli.app import main

    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == status
    assert len(capsys.readouterr().err.strip().splitlines()) == 3
