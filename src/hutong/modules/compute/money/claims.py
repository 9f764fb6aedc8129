"""What a centre claims beside what the hub metered: read, compared by the engine, priced from the centre's price book."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models.functions import Coalesce

from hutong.engines.broker.money import (
    Books,
    Finding,
    PoolTerms,
    Segment,
    double_claims,
    from_ms,
    hub_tolerance,
    reconcile,
    settle,
    to_ms,
    usage,
)
from hutong.kernel.clock import parse_instant
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text
from hutong.modules.compute.models import Attempt, Centre, Statement
from hutong.modules.compute.models import Segment as Metered
from hutong.modules.compute.money.charging import price_book

MOST_LINES = 100_000
# The hub looks every half second; a job's start and end are known no finer, and Slurm tells whole seconds.
POLL_MS = 2_000
# When the attempt of a segment was over; of segments from before attempts were kept, when the job was.
OVER = Coalesce("attempt__ended_at", "job__ended_at")


@dataclass(frozen=True, slots=True)
class Compared:
    """verdict: matched, disputed or quarantined. flags: findings as {rule, verdict, en, zh, attempts}."""

    verdict: str
    flags: list[dict[str, Any]]
    claimed_ms: int
    metered_ms: int
    claimed_fen: int
    metered_fen: int


def metered(centre: Centre, begins: datetime, ends: datetime) -> list[Segment]:
    """The hub's own segments of attempts that ran at the centre and ended in the period."""
    rows = Metered.objects.annotate(over=OVER).filter(pool__centre=centre, over__gte=begins, over__lt=ends)
    last = {a.job_id: a.pk for a in Attempt.objects.filter(job__segments__in=rows).order_by("pk")}
    return [
        Segment(
            f"{row.job.code}/{row.attempt_id or last.get(row.job_id, 0)}",
            row.pool.code,
            row.pool.chip,
            row.chips * 1000,
            to_ms(row.began_at),
            to_ms(row.ended_at),
        )
        for row in rows.select_related("job", "pool").order_by("pk")
        if row.pool is not None
    ]


def read(rows: Any, centre: Centre, begins: datetime, ends: datetime) -> list[Segment]:
    """Claimed lines. Raises `Invalid` statement.lines with the number of the first bad one."""
    if not isinstance(rows, list) or len(rows) > MOST_LINES:
        raise _bad(0)
    pools = {p.code: p.chip for p in centre.pools.all()}
    places = {f"{a.job.code}/{a.pk}": a.pool.code for a in _attempts(centre, begins)}
    made = []
    for number, row in enumerate(rows, 1):
        try:
            name = str(row["attempt"])
            pool = str(row.get("pool") or places.get(name, ""))
            start, end = (to_ms(parse_instant(row[k], field="lines")) for k in ("began", "ended"))
            chips = row["chips"]
            if type(chips) is not int or chips < 1 or end <= start or pool not in pools | {"": ""}:
                raise _bad(number)
        except (KeyError, TypeError, AttributeError, Invalid):
            raise _bad(number) from None
        made.append(Segment(name, pool or min(pools), pools.get(pool, ""), chips * 1000, start, end))
    return made


def _attempts(centre: Centre, begins: datetime) -> Iterable[Attempt]:
    return Attempt.objects.filter(pool__centre=centre).select_related("job", "pool")


def _bad(number: int) -> Invalid:
    return Invalid(
        Text("Line {n} of the statement cannot be read.", "对账单第{n}行无法识别。").format(n=number),
        rule="statement.lines",
        remedy=Text(
            "Give attempt, began, ended (with zone) and chips; a pool of this centre where the attempt is not the hub's.",
            "须含 attempt、began、ended（带时区）与 chips；非平台发起的运行还须给出本中心的算力池。",
        ),
        field="lines",
    )


def as_rows(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Lines as they are kept and given."""
    return [
        {
            "attempt": s.attempt,
            "pool": s.pool,
            "began": from_ms(s.start_ms).isoformat(),
            "ended": from_ms(s.end_ms).isoformat(),
            "chips": s.milli_chips // 1000,
        }
        for s in segments
    ]


def elsewhere(centre: Centre, claimed: Sequence[Segment], begins: datetime, ends: datetime) -> list[Finding]:
    """Time of an attempt that a standing statement of another centre claims as well: lent chips are paid once."""
    others = Statement.objects.exclude(state="withdrawn").exclude(centre=centre)
    standing: dict[str, list[Segment]] = {centre.code: list(claimed)}
    for other in others.filter(begins__lt=ends, ends__gt=begins).select_related("centre").order_by("pk"):
        standing.setdefault(other.centre.code, []).extend(map(_line, other.lines))
    found: dict[str, tuple[int, list[str]]] = {}
    for attempt, one, two, ms in double_claims(standing):
        if centre.code in (one, two):
            other_code = two if one == centre.code else one
            sum_ms, names = found.get(other_code, (0, []))
            found[other_code] = (sum_ms + ms, [*names, attempt])
    return [
        Finding(
            "reconcile.elsewhere",
            "disputed",
            Text("{c} claims {s} s of the same runs.", "{c} 对同一运行申报了 {s} 秒。").format(
                c=code, s=-(-ms // 1000)
            ),
            tuple(names[:20]),
        )
        for code, (ms, names) in sorted(found.items())
    ]


def _line(row: Mapping[str, Any]) -> Segment:
    """A line of a statement as it is kept (`as_rows`)."""
    start, end = (to_ms(parse_instant(row[k], field="lines")) for k in ("began", "ended"))
    return Segment(row["attempt"], row["pool"], "", row["chips"] * 1000, start, end)


def compare(
    centre: Centre, claimed: Sequence[Segment], observed: Sequence[Segment], others: Sequence[Finding] = ()
) -> Compared:
    """Both sides, their difference and what it asks for. others: findings from beyond the two sides."""
    made = reconcile(claimed, observed, POLL_MS, hub_tolerance())
    found = replace(made, findings=(*made.findings, *others))
    flags = [
        {
            "rule": f.rule,
            "verdict": f.verdict,
            "en": f.sentence.en,
            "zh": f.sentence.zh,
            "attempts": list(f.attempts),
        }
        for f in found.findings
    ]
    return Compared(
        found.verdict,
        flags,
        _chip_ms(claimed),
        _chip_ms(observed),
        _fen(centre, claimed),
        _fen(centre, observed),
    )


def _chip_ms(segments: Iterable[Segment]) -> int:
    return sum(s.milli_chips * (s.end_ms - s.start_ms) for s in segments) // 1000


def _fen(centre: Centre, segments: Sequence[Segment]) -> int:
    total = 0
    pools: Mapping[str, Any] = {p.code: p for p in centre.pools.all()}
    for code in sorted({s.pool for s in segments}):
        pool = pools[code]
        rows = [(n, 0, s.milli_chips, s.start_ms, s.end_ms) for n, s in enumerate(segments) if s.pool == code]
        total += settle(usage(rows), [PoolTerms(code, pool.chip)], Books(price_book(pool))).total_fen
    return total
