"""The door of trust. Reactions may hang on `SUSPENDED` and `REVOKED`."""

from hutong.modules.trust.models import Certificate
from hutong.modules.trust.queries import CertificateView, live_certificate
from hutong.modules.trust.surveillance import survey

SUSPENDED = "trust.certificate.suspend"
REVOKED = "trust.certificate.revoke"

__all__ = ["REVOKED", "SUSPENDED", "Certificate", "CertificateView", "live_certificate", "survey"]
