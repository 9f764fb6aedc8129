"""What centres owe one another for jobs, and how a centre's guarantee to its own users was kept.

What a job used is owed by the centre of its allocation to the centre where it ran, at what that cost, once the statement
of that centre for the period of its end is accepted; a settled statement is paid. Amounts are offset by the engine
(`hutong.engines.broker.money`): pair by pair, and over all centres to the fewest transfers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, Sum

from hutong.engines.broker.money import Owed, balances, bilateral, multilateral
from hutong.modules.compute.broker.guarantee import in_force
from hutong.modules.compute.models import Agreement, Centre, Job, Pool, Segment, Statement
from hutong.modules.compute.money.claims import OVER

# Waits of own users are shown of so many days, and of so many jobs at most.
LOOKED_BACK = timedelta(days=30)
MOST_JOBS = 100


@dataclass(frozen=True, slots=True)
class Position:
    """A centre's balance with its partners in fen. receives, pays: by partner, before any offset; net_of: after that of
    the pair, positive is to be received. transfers: those of the fewest that settle all centres which concern this one.
    """

    centre: str
    receives: dict[str, int]
    pays: dict[str, int]
    net_of: dict[str, int]
    transfers: tuple[Owed, ...]

    @property
    def net(self) -> int:
        return sum(self.net_of.values())


def debts() -> list[Owed]:
    """What every centre owes every other for jobs in accepted statements, not yet paid: one query."""
    accepted = Statement.objects.filter(
        centre=OuterRef("pool__centre"),
        state="accepted",
        begins__lte=OuterRef("over"),
        ends__gt=OuterRef("over"),
    )
    rows = (
        Segment.objects.annotate(over=OVER)
        .filter(Exists(accepted), cost_fen__gt=0)
        .exclude(pool__centre=F("job__allocation__pool__centre"))
        .order_by()
        .values_list("job__allocation__pool__centre__code", "pool__centre__code")
        .annotate(fen=Sum("cost_fen"))
    )
    return sorted(Owed(debtor, creditor, fen) for debtor, creditor, fen in rows)


def position(centre: str, owed: Sequence[Owed]) -> Position:
    """The balance of one centre."""
    net_of: dict[str, int] = {}
    for one in bilateral(owed):
        if one.creditor == centre:
            net_of[one.debtor] = one.amount
        elif one.debtor == centre:
            net_of[one.creditor] = -one.amount
    return Position(
        centre,
        {o.debtor: o.amount for o in owed if o.creditor == centre},
        {o.creditor: o.amount for o in owed if o.debtor == centre},
        net_of,
        tuple(t for t in multilateral(balances(owed)) if centre in (t.debtor, t.creditor)),
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """The agreement of a centre beside what it has. chips: in open pools; None where no agreement is in force."""

    chips: int
    agreement: Agreement | None

    @property
    def kept(self) -> int:
        return 0 if self.agreement is None else self.chips * self.agreement.guaranteed_milli // 1000

    @property
    def lendable(self) -> int:
        return 0 if self.agreement is None else self.chips * self.agreement.lendable_milli // 1000


def promise(centre: Centre, now: datetime) -> Promise:
    """Two queries."""
    terms = in_force(now).get(centre.pk)
    chips = Pool.objects.filter(centre=centre, state="active").aggregate(n=Sum("chips"))["n"] or 0
    return Promise(chips, terms)


@dataclass(frozen=True, slots=True)
class Waited:
    """A job of the centre's own users. lent: most chips of the centre that guests held at once while it waited."""

    job: Job
    wait_ms: int
    lent: int


def guests_and_own(centre: Centre, now: datetime) -> tuple[int, int, list[Waited]]:
    """Chips of the centre that guests and own users hold now, and the latest jobs of own users with their waits.

    Own users are those whose allocation is on the centre's pools, wherever the job ran. One query.
    """
    # A row for each try of a job, which may run at several sizes and places, one after the other.
    recent = Q(created_at__gte=now - LOOKED_BACK) | Q(state__in=("submitted", "running"))
    here = Q(allocation__pool__centre=centre) | Q(try_centre=centre.pk)
    rows = list(
        Job.objects.annotate(
            try_pk=F("attempts__pk"),
            try_centre=F("attempts__pool__centre"),
            try_chips=F("attempts__chips"),
            try_placed=F("attempts__placed_at"),
            try_ended=F("attempts__ended_at"),
        )
        .filter(here, recent)
        .select_related("allocation__pool", "pool")
        .order_by("-pk", "-try_pk")[:10_000]
    )
    stays = [(j.allocation.pool.centre_id, _stay(j)) for j in rows if j.try_centre == centre.pk]
    guests = [stay for home, stay in stays if home != centre.pk]
    lent = sum(s.chips for s in guests if s.ended_at is None)
    used = sum(s.chips for _, s in stays if s.ended_at is None) - lent
    mine = [j for j in rows if j.allocation.pool.centre_id == centre.pk and j.state != "cancelled"]
    own = list({j.pk: j for j in mine}.values())
    return lent, used, [_waited(j, guests, now) for j in own[:MOST_JOBS]]


@dataclass(frozen=True, slots=True)
class Stay:
    """Chips that one try of a job holds, since when and until when."""

    chips: int
    placed_at: datetime
    ended_at: datetime | None


def _stay(row: Job) -> Stay:
    """A job with one of its tries."""
    seen = vars(row)
    return Stay(seen["try_chips"], seen["try_placed"], seen["try_ended"])


def _waited(job: Job, guests: Sequence[Stay], now: datetime) -> Waited:
    until = job.started_at or job.ended_at or now
    wait = job.wait_ms if job.wait_ms is not None else round((until - job.created_at).total_seconds() * 1000)
    return Waited(job, max(0, wait), peak(guests, job.created_at, until, now))


def peak(held: Sequence[Stay], begins: datetime, ends: datetime, now: datetime) -> int:
    """Most chips that the tries held at once in [begins, ends)."""
    changes: list[tuple[datetime, int]] = []
    for one in held:
        start, end = max(one.placed_at, begins), min(one.ended_at or now, ends)
        if start < end:
            changes += [(start, one.chips), (end, -one.chips)]
    most = level = 0
    for _, chips in sorted(changes):
        level += chips
        most = max(most, level)
    return most
