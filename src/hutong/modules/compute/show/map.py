"""The partnership on a map: what every centre offers, how much of it is free, and what the whole of it has.

Three queries, whatever the number of centres: centres, pools with what runs on them, the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml
from django.db.models import Count, Min, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from hutong.kernel.text import Text
from hutong.modules.compute.models import Centre, Job, Pool
from hutong.modules.compute.queries import under_way

SOURCE = Path(__file__).with_name("provinces.yaml")


@dataclass(frozen=True, slots=True)
class Province:
    """A province-level division. code: first two digits of GB/T 2260; column, row: its tile, from 0."""

    code: str
    name: Text
    mark: Text
    column: int
    row: int


@cache
def provinces() -> tuple[Province, ...]:
    """All 34, in the order of their codes."""
    rows = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return tuple(
        Province(
            r["code"],
            Text(r["en"], r["zh"]),
            Text(r["mark_en"], r["mark_zh"]),
            int(r["column"]),
            int(r["row"]),
        )
        for r in rows
    )


def province_of(region: str) -> Province | None:
    """The province of a GB/T 2260 code; None where it names none."""
    return next((p for p in provinces() if p.code == region[:2]), None)


@dataclass(frozen=True, slots=True)
class Holding:
    """A pool now. busy: chips on which jobs run; a pool made smaller under its jobs has no more busy than it has."""

    chip: str
    chips: int
    busy: int
    fen: int
    waiting: int

    @property
    def free(self) -> int:
        return self.chips - self.busy


@dataclass(slots=True)
class Site:
    """A centre with its open pools."""

    centre: Centre
    pools: list[Holding] = field(default_factory=list)

    @property
    def chips(self) -> int:
        return sum(p.chips for p in self.pools)

    @property
    def busy(self) -> int:
        return sum(p.busy for p in self.pools)

    @property
    def offers(self) -> bool:
        """Whether the chips that no job runs on can be had now."""
        return self.centre.state == "active" and self.centre.silent_since is None

    @property
    def free(self) -> int:
        """Chips that can be had now: none while the centre is silent or takes nothing new."""
        return self.chips - self.busy if self.offers else 0

    @property
    def waiting(self) -> int:
        return sum(p.waiting for p in self.pools)

    @property
    def cheapest_fen(self) -> int | None:
        return min((p.fen for p in self.pools), default=None)


def sites() -> list[Site]:
    """Every centre that is not closed, with its open pools, in the order they joined: two queries."""
    found = {c.pk: Site(c) for c in Centre.objects.exclude(state="closed").order_by("pk")}
    running = under_way(OuterRef("pk")).values("pool")
    queued = Job.objects.filter(state="submitted", allocation__pool=OuterRef("pk")).order_by()
    pools = Pool.objects.exclude(centre__state="closed").annotate(
        busy=Coalesce(Subquery(running.values(n=Sum("chips"))), 0),
        queue=Coalesce(Subquery(queued.values("allocation__pool").values(n=Count("pk"))), 0),
    )
    for pool in pools.order_by("pk"):
        # A closed pool still serves the jobs that it has.
        if pool.centre_id in found and (pool.state == "active" or pool.busy or pool.queue):
            found[pool.centre_id].pools.append(_holding(pool, pool.busy, pool.queue))
    return list(found.values())


def _holding(pool: Pool, busy: int, waiting: int) -> Holding:
    return Holding(pool.chip, pool.chips, min(busy, pool.chips), pool.price_fen, waiting)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in the whole partnership. oldest: when the job that waits longest was submitted."""

    jobs: int
    chips: int
    oldest: datetime | None


def queue() -> Queue:
    """One query."""
    seen = Job.objects.filter(state="submitted").aggregate(
        jobs=Count("pk"), chips=Coalesce(Sum("chips"), 0), oldest=Min("created_at")
    )
    return Queue(seen["jobs"], seen["chips"], seen["oldest"])


@dataclass(frozen=True, slots=True)
class Kind:
    """All chips of one kind: in open pools, at work, to be had now, and the prices of an hour in fen."""

    chip: str
    chips: int
    busy: int
    free: int
    lowest_fen: int
    highest_fen: int


def by_kind(all_sites: Iterable[Site]) -> list[Kind]:
    """By kind of chip, the most numerous first."""
    rows: dict[str, list[tuple[Holding, bool]]] = {}
    for site in all_sites:
        for pool in site.pools:
            rows.setdefault(pool.chip, []).append((pool, site.offers))
    kinds = [
        Kind(
            chip,
            sum(p.chips for p, _ in held),
            sum(p.busy for p, _ in held),
            sum(p.free for p, offered in held if offered),
            min(p.fen for p, _ in held),
            max(p.fen for p, _ in held),
        )
        for chip, held in rows.items()
    ]
    return sorted(kinds, key=lambda k: (-k.chips, k.chip))


def in_provinces(all_sites: Sequence[Site]) -> dict[str, list[Site]]:
    """Centres by the first two digits of their region."""
    found: dict[str, list[Site]] = {}
    for site in all_sites:
        found.setdefault(site.centre.region[:2], []).append(site)
    return found
