"""One turn of the broker: take the lease, let prices fall due, follow what runs, place what waits."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from hutong.modules.compute.broker import lease
from hutong.modules.compute.broker.follow import follow
from hutong.modules.compute.broker.guarantee import settle_rights
from hutong.modules.compute.broker.over import end_reservations
from hutong.modules.compute.broker.picture import prices_on
from hutong.modules.compute.broker.place import place
from hutong.modules.compute.models import Pool


def turn() -> bool:
    """Do one turn; whether anything is still going on. False as well while another broker has the turn."""
    now, since = timezone.now(), lease.last()
    epoch = lease.take(now)
    if epoch is None:
        return False
    fall_due(now)
    end_reservations(now)
    open_ = follow()
    settle_rights(now, since)
    return bool(place(epoch)) or open_ > 0


def fall_due(now: datetime) -> int:
    """A price that was posted for later is what the pool's pages show from then on; returns how many pools changed."""
    due = prices_on(now)
    late = [
        pool
        for pool in Pool.objects.only("pk", "price_fen")
        if due.get(pool.pk, pool.price_fen) != pool.price_fen
    ]
    for pool in late:
        pool.price_fen = due[pool.pk]
    return Pool.objects.bulk_update(late, ["price_fen"]) if late else 0
