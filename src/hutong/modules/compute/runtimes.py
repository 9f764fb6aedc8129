"""Run times learned from the hub's own ended jobs, and forecasts of starts held against what came of them.

A job is likened to those of the same organisation, program (of a command its first two words) and number of chips; where
fewer than eight of these have ended, to all of the organisation, and where even these are few, to all of the hub. What is
learned is the share of its limit that a job runs: people overstate limits, each in their own way (Tsafrir, Etsion and
Feitelson 2007; `reserve.RunTimes`). Strictly causal: at a moment only jobs count that had ended by then.

These estimates tell people when to expect a start. No reservation rests on them: a reserved job starts no later than it was
first promised (I11 of the partnership's rules), and only limits, which centres enforce, can hold that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Min, OuterRef, Q, Subquery

from hutong.engines.broker.decide import Asked, Picture
from hutong.engines.broker.decide.expect import Drawn
from hutong.engines.broker.money import to_ms
from hutong.engines.broker.reserve import NEVER, Calibrator, Interval, RunTimes
from hutong.engines.broker.reserve.plays import quantiles
from hutong.engines.broker.reserve.profile import Ints
from hutong.engines.broker.reserve.quantiles import SIDES
from hutong.modules.compute.models import Attempt, Job
from hutong.modules.compute.programs import COMMAND

# What is learned from: the latest so many jobs. Older ones say little, and a page waits for the query.
KEPT_JOBS = 4_000
KEPT_FORECASTS = 512
PLAYS = 40
COVERAGE = 0.8
WHOLE = 1000
Class = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A job as far as a forecast needs it. started_ms, ended_ms: None before. first_ms: its first start at any centre.

    foretold: the forecast that was made of its start, as `outlook` keeps it: at, raw, low, middle, high in seconds.
    """

    job: str
    state: str
    organisation: str
    name: str
    chips: int
    limit_ms: int
    started_ms: int | None
    ended_ms: int | None
    first_ms: int | None
    foretold: Any = None

    @property
    def fine(self) -> Class:
        return (self.organisation, self.name, str(self.chips))

    @property
    def coarse(self) -> Class:
        return (self.organisation,)

    def share(self, ms: int) -> int:
        """So much time as thousandths of the limit, rounded up: at least one, at most all of it."""
        return min(WHOLE, max(1, -(-ms * WHOLE // self.limit_ms)))


def name_of(program: str, words: Sequence[Any]) -> str:
    """What a job is likened by: its program, of a person's command the first two words too."""
    return " ".join([program, *(str(w)[:80] for w in words[:2])]) if program == COMMAND else program


class Learned:
    """Run times by class and the stream of forecasts, as they stood at a moment. Times of forecasts are whole seconds."""

    def __init__(self, jobs: Iterable[Known], now_ms: int) -> None:
        """jobs: in any order; what lies after now_ms is passed over."""
        self._jobs = {j.job: j for j in jobs}
        ended = [j for j in self._jobs.values() if _ran(j, now_ms)]
        ended.sort(key=lambda j: (j.ended_ms, j.job))
        self._fine = {c: i for i, c in enumerate(dict.fromkeys(j.fine for j in ended))}
        self._coarse = {c: i for i, c in enumerate(dict.fromkeys(j.coarse for j in ended))}
        # The last class of each is that of a job that is like none.
        self._by_fine = RunTimes(len(self._fine) + 1, WHOLE)
        self._by_coarse = RunTimes(len(self._coarse) + 1, WHOLE)
        for job in ended:
            assert job.started_ms is not None and job.ended_ms is not None
            ran = job.share(job.ended_ms - job.started_ms)
            self._by_fine.observe(self._fine[job.fine], ran)
            self._by_coarse.observe(self._coarse[job.coarse], ran)
        self._stream = _stream(self._jobs.values(), now_ms)

    @property
    def ready(self) -> bool:
        """Whether enough has ended to say more than limits do."""
        return self._by_coarse.ready

    def drawn(self, picture: Picture, waiting: Sequence[Asked], name: str = "") -> Drawn:
        """Draws for all at work and these waiting. name: what a job that is not in the records is likened by.

        Of one seed, so that two looks at one moment tell the same.
        """
        dice = np.random.default_rng(0)
        ends = {h.job: self._end(h.job, picture.now_ms, h.ends_ms, dice) for h in picture.running}
        runs = {}
        for asked in waiting:
            known = self._jobs.get(asked.job) or Known(
                asked.job, "", asked.account, name, asked.chips, asked.limit_ms, None, None, None
            )
            runs[asked.job] = self._run(known, 0, dice)
        return Drawn(PLAYS, ends, runs)

    def _end(self, job: str, now_ms: int, limit: int, dice: np.random.Generator) -> Ints:
        known = self._jobs.get(job)
        if known is None or known.started_ms is None:
            return np.full(PLAYS, limit, np.int64)
        return known.started_ms + self._run(known, now_ms - known.started_ms, dice)

    def _run(self, known: Known, ran_ms: int, dice: np.random.Generator) -> Ints:
        """(PLAYS,) whole run times in milliseconds; none beyond the limit."""
        faces = dice.integers(0, SIDES, PLAYS)
        kind = self._fine.get(known.fine, len(self._fine))
        ran = ran_ms * WHOLE // known.limit_ms
        if self._by_fine.known(kind):
            shares = self._by_fine.drawn(kind, ran, faces)
        else:
            shares = self._by_coarse.drawn(self._coarse.get(known.coarse, len(self._coarse)), ran, faces)
        spans: Ints = np.minimum(shares, WHOLE) * known.limit_ms // WHOLE
        return spans

    def interval(self, starts: Ints, now_ms: int) -> tuple[Interval, int] | None:
        """The interval for drawn starts, corrected by what came of earlier ones, and the raw middle, all in seconds.

        None where nothing can be said: too little has ended, or some play never starts it.
        """
        if not self.ready or int(starts.max()) >= NEVER:
            return None
        now = now_ms // 1000
        low, middle, high = (-(-at // 1000) for at in quantiles(starts))
        return self._stream.corrected(now, low, middle, high), middle


def _ran(job: Known, now_ms: int) -> bool:
    return (
        job.state in ("finished", "failed")
        and job.started_ms is not None
        and job.ended_ms is not None
        and job.ended_ms <= now_ms
    )


# At one instant starts come before forecasts, as a cycle comes before what is told of it.
STARTED, FORETOLD, AT_ONCE = range(3)


def _stream(jobs: Iterable[Known], now_ms: int) -> Calibrator:
    """The calibrator after all forecasts and first starts up to a moment; jobs that will never start are left out."""
    told = [j for j in jobs if j.foretold and not (j.state == "cancelled" and j.first_ms is None)]
    told = sorted(told, key=lambda j: (j.foretold["at"], j.job))[-KEPT_FORECASTS:]
    moments: list[tuple[int, int, int]] = []
    for number, job in enumerate(told):
        made = job.foretold["at"]
        if made * 1000 > now_ms:
            continue
        moments.append((made, FORETOLD, number))
        if job.first_ms is not None and job.first_ms <= now_ms:
            at = max(made, job.first_ms // 1000)
            moments.append((at, STARTED if at > made else AT_ONCE, number))
    stream = Calibrator(COVERAGE)
    for at, what, number in sorted(moments):
        if what == FORETOLD:
            made = told[number].foretold
            stream.recall(number, at, made["raw"], Interval(made["low"], made["middle"], made["high"]))
        else:
            stream.started(number, at)
    return stream


FIELDS = (
    "code", "state", "allocation__organisation__code", "program", "inputs__command__0", "inputs__command__1", "chips",
    "limit_s", "started_at", "ended_at", "first", "outlook__foretold",
)  # fmt: skip


def learned(now: datetime, waiting: Iterable[str] = ()) -> Learned:
    """What the hub knows at this moment: one query over the latest jobs that ended, run, or wait under these codes."""
    first = Attempt.objects.filter(job=OuterRef("pk")).order_by().values("job")
    rows = (
        Job.objects.filter(
            Q(ended_at__isnull=False)
            | Q(state="running")
            | Q(state="submitted", code__in=[*waiting])
            | Q(state="submitted", outlook__has_key="foretold")
        )
        .annotate(first=Subquery(first.values(at=Min("placed_at"))))
        .order_by("-pk")[:KEPT_JOBS]
        .values_list(*FIELDS)
    )
    return Learned([_known(row) for row in rows], to_ms(now))


def _known(row: Sequence[Any]) -> Known:
    code, state, organisation, program, one, two, chips, limit_s, started, ended, first, foretold = row
    words = [w for w in (one, two) if w is not None]
    return Known(
        code, state, organisation, name_of(program, words), chips, limit_s * 1000,
        _ms(started), _ms(ended), _ms(first), foretold,
    )  # fmt: skip


def _ms(at: datetime | None) -> int | None:
    return None if at is None else to_ms(at)
