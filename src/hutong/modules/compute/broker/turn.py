"""One turn of the broker: take the lease, follow what runs, place what waits."""

from __future__ import annotations

from django.utils import timezone

from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.follow import follow
from hutong.modules.compute.broker.place import place


def turn() -> bool:
    """Do one turn; whether anything is still going on. False as well while another broker has the turn."""
    epoch = lease.take(timezone.now())
    if epoch is None:
        return False
    open_ = follow()
    return bool(place(epoch)) or open_ > 0
