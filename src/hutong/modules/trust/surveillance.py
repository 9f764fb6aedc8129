"""Surveillance: is what was certified still what is there? A certificate that is no longer borne out is suspended."""

from __future__ import annotations

from datetime import date

from hutong.kernel.clock import SYSTEM_CLOCK, Clock, local_date
from hutong.kernel.errors import HutongError, NotFound
from hutong.kernel.permission import THE_HUB
from hutong.modules.trust import services
from hutong.modules.trust.models import Certificate, Service
from hutong.platform import files, runner


def survey(clock: Clock = SYSTEM_CLOCK) -> list[str]:
    """Look at every live certificate again and suspend, with the reason, those that do not hold; returns their codes.

    Looked at: the digests of the version, the bytes of the model in the file store, the term; and of a deployed service
    whether it is admitted, asked as before, and says that it is what it was.
    """
    today = local_date(clock.now())
    known = _live()
    _greet(clock)
    fallen_services = known - _live()
    live = Certificate.objects.select_related("version_of").filter(state="live").order_by("id")
    fallen = [(c, why) for c in live if (why := _fault(c, today)) is not None]
    for certificate, why in fallen:
        given = {"certificate": certificate.code, "reason": why}
        runner.run(THE_HUB, "trust.certificate.suspend", given, clock=clock)
    return [*sorted(fallen_services), *(c.code for c, _ in fallen)]


def _live() -> set[str]:
    return set(Certificate.objects.filter(state="live").values_list("code", flat=True))


def _greet(clock: Clock) -> None:
    """Ask every service that bears a live certificate what it is. An outage is no change, and is left for the next time."""
    cards = Certificate.objects.filter(state="live").values("model_sha256")
    rows = Service.objects.filter(state="answering", card_sha256__in=cards)
    for service in rows.select_related("system__organisation", "grant").order_by("id"):
        try:
            why = services.changed(service)
        except NotFound as gone:
            why = f"{gone.what.en} / {gone.what.zh}"
        except HutongError:
            continue
        if why is not None:
            given = {"service": service.code, "reason": why}
            runner.run(THE_HUB, "trust.service.change", given, clock=clock)


def _fault(certificate: Certificate, today: date) -> str | None:
    """Why the certificate no longer holds, for its record; None while it does."""
    version = certificate.version_of
    if certificate.valid_to < today:
        return f"term ended on {certificate.valid_to.isoformat()} / 有效期已于 {certificate.valid_to.isoformat()} 届满"
    certified = (certificate.model_sha256, certificate.data_sha256, certificate.spec_sha256)
    if certified != (version.model_sha256, version.data_sha256, version.spec_sha256):
        return f"{version.code} is not what was certified / {version.code} 与所认证内容不一致"
    try:
        files.read(certificate.model_sha256)
    except HutongError as refusal:
        return f"{refusal.what.en} / {refusal.what.zh}"
    return None
