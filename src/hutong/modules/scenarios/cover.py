"""Whether a version may be used with people: a live certificate and a live filing."""

from __future__ import annotations

from dataclasses import dataclass

from hutong.modules.filing.contract import live_filing
from hutong.modules.trust.contract import live_certificate


@dataclass(frozen=True, slots=True)
class Cover:
    """Codes of the live certificate and the live filing of a version; None where there is none."""

    certificate: str | None
    filing: str | None

    @property
    def complete(self) -> bool:
        return self.certificate is not None and self.filing is not None


def cover_of(version_code: str) -> Cover:
    """What covers a version now."""
    certificate, filing = live_certificate(version_code), live_filing(version_code)
    return Cover(certificate.code if certificate else None, filing.code if filing else None)


def covered(version_code: str) -> bool:
    """Whether both are live now."""
    return cover_of(version_code).complete
