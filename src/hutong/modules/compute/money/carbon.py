"""Energy and carbon of a job, from its metered use and what its centre declared: whole watt-hours and grams.

A job whose centre declared no power, no PUE or no intensity for one of its hours has none, in words and never zero. What
went into making the hardware (M of the SCI, ISO/IEC 21031:2024) is not included: no centre declares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hutong.engines.broker.carbon import Stretch, spent
from hutong.engines.broker.money import to_ms
from hutong.kernel.text import Text
from hutong.modules.compute.broker.signals import hours_of
from hutong.modules.compute.models import Job, Pool, Segment
from hutong.platform.context import RunContext


@dataclass(frozen=True, slots=True)
class Footprint:
    """energy_wh, grams: None where not declared; missing: which declaration is: watts, pue, intensity or use."""

    energy_wh: int | None
    grams: int | None
    missing: str = ""


def footprint(segments: Sequence[Segment]) -> Footprint:
    """Of metered use, whose pools and centres are loaded: one query."""
    pools = {s.pool.pk: s.pool for s in segments if s.pool is not None}
    if not segments or not pools:
        return Footprint(None, None, "use")
    for name in ("watts", "pue"):
        if not all(_declared(p, name) for p in pools.values()):
            return Footprint(None, None, name)
    begins, ends = min(s.began_at for s in segments), max(s.ended_at for s in segments)
    known = hours_of([p.centre for p in pools.values()], begins, ends)
    energy, grams = 0, list[int | None]()
    for pool in pools.values():
        rows = [
            Stretch(s.chips, to_ms(s.began_at), to_ms(s.ended_at)) for s in segments if s.pool_id == pool.pk
        ]
        found = spent(rows, pool.watts, pool.centre.pue_milli, known.get(pool.centre_id, []))
        energy += found.energy_wh or 0
        grams.append(found.grams)
    told = [g for g in grams if g is not None]
    return Footprint(energy, sum(told)) if len(told) == len(grams) else Footprint(energy, None, "intensity")


def _declared(pool: Pool, name: str) -> int:
    return pool.watts if name == "watts" else pool.centre.pue_milli


def write(ctx: RunContext, job: Job) -> None:
    """Write a job's carbon down when its use is metered to the end, and note its energy: two queries."""
    segments = list(Segment.objects.filter(job=job).select_related("pool__centre").order_by("pk"))
    found = footprint(segments)
    job.carbon_g = found.grams
    if found.energy_wh is not None:
        ctx.note(energy_wh=found.energy_wh)
    if found.grams is None:
        ctx.note(carbon_missing=found.missing)
    else:
        ctx.note(carbon_g=found.grams, carbon_native_ms=sum(s.native_ms for s in segments))


MISSING = {
    "watts": Text("the pool names no power of its chips", "算力池未申报单卡功率"),
    "pue": Text("the centre names no PUE", "算力中心未申报PUE"),
    "intensity": Text("the centre names no intensity for its hours", "算力中心未公布相应时段的碳强度"),
    "use": Text("it never ran", "未曾运行"),
    "before": Text("it ended before this hub counted it", "其结束时本平台尚未计量"),
}
NOT_DECLARED = Text("not declared", "未申报")
