"""Forgetting what was personal: the payload and its salt go, the header and its proof stay."""

from __future__ import annotations

from hutong.platform.ledger.tables import Payload


def erase(seq: int) -> bool:
    """Erase the payload and the salt of one event; False where there was nothing left to erase.

    Commitments in the payload can no longer be opened; the event stays provable (PIPL art. 47 asks for deletion,
    the log keeps no personal value that could be read).
    """
    return bool(Payload.objects.filter(seq=seq, body__isnull=False).update(body=None, salt=None))
