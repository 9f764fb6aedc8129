"""From an open call to a frozen version, through operations."""

from __future__ import annotations

from lane import Lane

from hutong.modules.compute.money import book
from hutong.modules.passport.contract import course


def test_a_system_reaches_a_frozen_version(hub):
    lane = Lane(hub)
    version = lane.version()
    states = {g.stage.key: g.state for g in course(lane.system()).gates if g.stage.number <= 4}
    assert states == {"call": "done", "hours": "done", "data": "done", "build": "done"}
    assert version.model_sha256 == lane.made["artefact"].model_sha256
    assert lane.made["artefact"].parity_passed
    assert book.sound()
    balances = book.balances(lane.made["allocation"])
    assert balances["held"] == 0 and balances["used"] > 0
