"""Carbon of the centres' electricity, as their operators posted it: for the picture, and for the account of a job."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hutong.engines.broker.carbon import Hours
from hutong.engines.broker.decide import Signal
from hutong.engines.broker.money import from_ms, to_ms
from hutong.modules.compute.models import Centre, Intensity

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
# So far ahead a job looks for a cleaner hour.
HORIZON = timedelta(days=8)


def hours_of(centres: Iterable[Centre], begins: datetime, ends: datetime) -> dict[int, list[Hours]]:
    """The posted hours that touch [begins, ends) by centre, in pieces without gaps: one query."""
    since = from_ms(to_ms(begins) // HOUR_MS * HOUR_MS)
    rows = Intensity.objects.filter(centre__in=[c.pk for c in centres], at__gte=since, at__lt=ends)
    made: dict[int, list[Hours]] = {}
    for centre, at, grams in rows.order_by("centre", "at").values_list("centre", "at", "g_per_kwh"):
        pieces, begin = made.setdefault(centre, []), to_ms(at)
        if pieces and pieces[-1].ends_ms == begin:
            pieces[-1] = Hours(pieces[-1].begins_ms, (*pieces[-1].values, grams))
        else:
            pieces.append(Hours(begin, (grams,)))
    return made


def signals(centres: Iterable[Centre], now: datetime) -> tuple[Signal, ...]:
    """From this hour on, as far as it is known without a gap, of the centres that declare their PUE: grams per
    kilowatt-hour at the chip, which is what the centre's meter counts times PUE, rounded half up."""
    declared = {c.pk: c for c in centres if c.pue_milli}
    found = hours_of(declared.values(), now, now + HORIZON) if declared else {}
    made = []
    for key, centre in declared.items():
        piece = next((h for h in found.get(key, ()) if h.at(to_ms(now)) is not None), None)
        if piece is not None:
            at_chip = tuple((2 * g * centre.pue_milli + 1000) // 2000 for g in piece.values)
            made.append(Signal(centre.code, piece.begins_ms, at_chip))
    return tuple(made)
