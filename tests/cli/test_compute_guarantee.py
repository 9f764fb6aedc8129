"""`hutong compute guarantee`: the proof of a lender at the terminal, in both languages and as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from compute.lender import CHIPS, Lender
from tests_hub import Hub

from hutong.cli.app import main
from hutong.kernel.clock import SYSTEM_CLOCK, SteppingClock
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.guarantee import settle_rights


@pytest.fixture
def lender(db: None, settings: Any, tmp_path: Any) -> Lender:
    settings.HUTONG_HOME = tmp_path / "home"
    settings.HUTONG_HOME.mkdir()
    hub = Hub()
    hub.clock = SteppingClock(SYSTEM_CLOCK.now() - timedelta(days=9))
    made = Lender(hub)
    made.keep_all()
    return made


def typed(monkeypatch: Any, capsys: Any, who: str, *line: str, lang: str = "en") -> tuple[int, str]:
    monkeypatch.setenv("HUTONG_AS", who)
    monkeypatch.setenv("HUTONG_LANG", lang)
    monkeypatch.setattr("sys.argv", ["hutong", "compute", "guarantee", *line])
    capsys.readouterr()
    status: Any = 0
    try:
        main()
    except SystemExit as left:
        status = left.code or 0
    said = capsys.readouterr()
    return int(status), said.out + said.err


def test_the_proof_at_the_terminal(
    lender: Lender, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hub, code = lender.hub, lender.centre.code
    before = hub.clock.now()
    job = lender.home(chips=CHIPS - 1, limit_s=60)
    settle_rights(hub.clock.now(), before)
    hub.do(THE_HUB, "compute.job.start", job=job, pool=lender.lent)
    status, said = typed(monkeypatch, capsys, lender.south.code, code)
    assert status == 0 and "guarantee kept: 1 of 1 own jobs" in said and "nobody paid" in said
    late = lender.home(chips=1)
    settle_rights(hub.clock.now(), hub.clock.now())
    # Days have passed since: it waits beyond the notice of ten minutes.
    status, said = typed(monkeypatch, capsys, lender.south.code, code, lang="zh")
    assert status == 1 and "2项中1项已履行" in said and late.code in said
    status, said = typed(monkeypatch, capsys, lender.south.code, code, "--json")
    told = json.loads(said)
    assert status == 1 and (told["kept"], told["judged"]) == (1, 2)
    assert [(o["job"], o["guests_held"], o["notice_s"]) for o in told["late"]] == [(late.code, 0, 600)]
    status, said = typed(monkeypatch, capsys, lender.engineer.code, code)
    assert status not in (0, 1) or "compute:statement:view" in said
