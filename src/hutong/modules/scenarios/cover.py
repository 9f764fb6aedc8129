"""Whether a version may be used with people on a day: a live certificate and a live filing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from hutong.kernel.errors import Denied
from hutong.kernel.text import Text
from hutong.modules.filing.contract import live_filing
from hutong.modules.trust.contract import live_certificate


@dataclass(frozen=True, slots=True)
class Cover:
    """Codes of the live certificate and the live filing of a version; None where there is none."""

    version: str
    certificate: str | None
    filing: str | None

    def refusal(self) -> Denied | None:
        """What is missing, as the refusal of a step; None where nothing is."""
        lacks = [
            what
            for what, held in (
                (Text("no live certificate", "没有有效的评测证书"), self.certificate),
                (Text("no live filing", "没有有效的备案"), self.filing),
            )
            if held is None
        ]
        if not lacks:
            return None
        named = Text(", ".join(x.en for x in lacks), "、".join(x.zh for x in lacks))
        return Denied(
            Text("{v} has {l}.", "{v} {l}。").format(v=self.version, l=named),
            rule="pilot.not_covered",
            remedy=Text(
                "Have the version certified and filed, then take this step.",
                "请先为该版本取得评测证书并完成备案。",
            ),
            field="version",
        )


def cover_of(version_code: str, on: date) -> Cover:
    """What covers a version on a day."""
    certificate, filing = live_certificate(version_code, on), live_filing(version_code)
    return Cover(version_code, certificate.code if certificate else None, filing.code if filing else None)
