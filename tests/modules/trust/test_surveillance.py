"""Certificates are looked at again: what is no longer borne out is suspended, with its filing, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from lane import Lane
from refusals import refused

from hutong.kernel.errors import Conflict
from hutong.kernel.measure import MEASURES
from hutong.modules.passport.contract import course
from hutong.modules.trust.contract import survey
from hutong.platform import files


@pytest.fixture
def filed(hub):
    lane = Lane(hub)
    lane.filing()
    return lane


def states(lane: Lane) -> tuple[str, str]:
    certificate, filing = lane.made["certificate"], lane.made["filing"]
    certificate.refresh_from_db()
    filing.refresh_from_db()
    return certificate.state, filing.state


def test_a_model_that_was_changed_on_disk_suspends_certificate_filing_and_figure(filed, hub):
    assert survey(hub.clock) == [] and states(filed) == ("live", "filed")
    certificate = filed.made["certificate"]
    path = files.path_of(certificate.model_sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert survey(hub.clock) == [certificate.code] and survey(hub.clock) == []
    assert states(filed) == ("suspended", "suspended")
    assert "no longer matches" in certificate.reason and "不符" in certificate.reason
    gates = {g.stage.key: g.state for g in course(filed.system()).gates}
    assert gates["trust"] == gates["filing"] == "closed"
    now = hub.clock.now()
    for name in ("trust.certificates_live", "filing.filings_live"):
        assert not [f for f in MEASURES[name].facts() if f.lasts(now) and f.known(now)]


def test_a_certificate_whose_term_is_over_is_suspended_and_not_resumed(filed, hub):
    certificate = filed.made["certificate"]
    hub.clock.move_to(hub.clock.now() + (certificate.valid_to - certificate.valid_from) + timedelta(days=2))
    assert survey(hub.clock) == [certificate.code]
    assert states(filed) == ("suspended", "suspended") and "term ended" in certificate.reason
    with refused(Conflict, "certificate.term_over", "certificate"):
        hub.do(
            filed.people["supervisor"], "trust.certificate.resume", certificate=certificate, reason="Please."
        )
