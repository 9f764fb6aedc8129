"""What others may ask about certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hutong.modules.trust.models import Certificate, Evaluation


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate that holds today: levels by category, the class it suffices for, its term."""

    code: str
    version_code: str
    system_code: str
    levels: dict[str, int]
    meets_class: int
    valid_from: date
    valid_to: date
    model_sha256: str


def live_certificate(version_code: str, on: date) -> CertificateView | None:
    """The certificate of a version that holds on that day: live, in its term, bound to the version as it is."""
    rows = Certificate.objects.select_related("version_of__system").filter(
        version_of__code=version_code, state="live"
    )
    for row in rows.filter(valid_from__lte=on, valid_to__gte=on).order_by("-id"):
        version = row.version_of
        bound = (row.model_sha256, row.data_sha256, row.spec_sha256)
        if bound == (version.model_sha256, version.data_sha256, version.spec_sha256):
            return CertificateView(
                row.code, version.code, version.system.code, row.levels, row.meets_class,
                row.valid_from, row.valid_to, row.model_sha256,
            )  # fmt: skip
    return None


def latest_evaluation(system_code: str) -> Evaluation | None:
    """The newest evaluation of a system, whatever its state."""
    rows = Evaluation.objects.select_related("version_of__system").filter(
        version_of__system__code=system_code
    )
    return rows.order_by("-id").first()
