"""What became of the attempts at their centres: settled when they end, given back when they were interrupted."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby

from django.utils import timezone

from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute import connections
from hutong.modules.compute.adapters import Adapter, Report, Unreachable, Usage
from hutong.modules.compute.adapters import Attempt as Sent
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.broker.looking import Look, Question, look_at
from hutong.modules.compute.broker.recall import is_due, warn
from hutong.modules.compute.execution import begin, conclude
from hutong.modules.compute.models import Attempt, Centre
from hutong.platform import runner
from hutong.platform.jobs import JobFailed

# For how long an attempt that its centre does not know is begun again there.
FORGOTTEN = timedelta(minutes=10)


def follow() -> int:
    """Look at every open attempt once; returns how many are still open at centres that answer."""
    open_ = (
        Attempt.objects.exclude(state="ended")
        .select_related("job", "pool__centre")
        .order_by("pool__centre_id", "pk")
    )
    asked: list[tuple[Centre, list[Attempt], Question]] = []
    for _, group in groupby(open_, key=lambda a: a.pool.centre_id):
        attempts = list(group)
        centre = attempts[0].pool.centre
        try:
            asked.append((centre, attempts, _question(centre, attempts)))
        except Unreachable as silence:
            _silent(centre, silence)
    faults: list[str] = []
    looks = look_at([question for _, _, question in asked])
    for (centre, attempts, question), look in zip(asked, looks, strict=True):
        if look.silence is not None:
            _silent(centre, look.silence)
        else:
            faults += _centre(centre, attempts, question.adapter, look)
    if faults:
        raise JobFailed(faults[0])
    return Attempt.objects.exclude(state__in=("ended", "unreachable")).count()


def _question(centre: Centre, attempts: Sequence[Attempt]) -> Question:
    now = timezone.now()
    stops = [
        (name_of(a), f"{'stop' if a.stop_asked else 'due'}-{a.pk}")
        for a in attempts
        if a.stop_asked or is_due(a, now)
    ]
    adapter = _reached(centre)
    # The local centre's memory is its files; it forgets nothing, and nothing comes back to life there.
    others = connections.known(centre.connection)["engine"] != "local"
    return Question(adapter, [name_of(a) for a in attempts], stops, alive=others)


def _silent(centre: Centre, silence: Unreachable) -> None:
    if centre.silent_since is None:
        given = {"centre": centre.code, "reason": f"{silence.what.en} / {silence.what.zh}"}
        runner.run(THE_HUB, "compute.centre.fall_silent", given)


def _centre(centre: Centre, attempts: Sequence[Attempt], adapter: Adapter, look: Look) -> list[str]:
    """Settle what a centre answered; returns the faults, one for each job that had one."""
    if centre.silent_since is not None:
        runner.run(THE_HUB, "compute.centre.answer", {"centre": centre.code})
    faults = []
    try:
        _bury(adapter, look.alive)
        for attempt in attempts:
            try:
                name = name_of(attempt)
                _attempt(attempt, look.reports[name], look.used.get(name))
                warn(adapter, attempt, look.reports[name])
            except Unreachable:
                raise
            except Exception:
                # One job's fault is told, and holds up no other.
                faults.append(f"{attempt.job.code}: {traceback.format_exc()}")
    except Unreachable:
        # It fell silent in between: the next turn finds out.
        pass
    return faults


def _reached(centre: Centre) -> Adapter:
    """The centre's adapter. `Unreachable` where its entry in the hub's file is gone or wrong: what it runs goes on there."""
    try:
        return adapter_of(centre)
    except HutongError as missing:
        raise Unreachable(centre.code, missing.what.en) from missing


def _bury(adapter: Adapter, alive: frozenset[Sent]) -> None:
    """Cancel what an engine takes for alive and the hub has settled: one that was killed comes back with what it knew
    some seconds before, and keeps chips for it."""
    over = Attempt.objects.filter(pk__in=[one.fence for one in alive], state="ended").select_related("job")
    for attempt in over if alive else ():
        if name_of(attempt) in alive:
            adapter.cancel(name_of(attempt), key=f"bury-{attempt.pk}")


def _attempt(attempt: Attempt, report: Report, usage: Usage | None) -> None:
    if report.ended:
        if usage is not None:
            conclude(attempt.pk, report, usage)
    elif report.state == "unknown":
        _again(attempt)
    elif attempt.state != "running":
        Attempt.objects.filter(pk=attempt.pk).update(
            state="running", started_at=report.started_at, reference=report.number or attempt.reference
        )


def _again(attempt: Attempt) -> None:
    """The centre answers and does not know it: not begun yet, or forgotten by an engine that was killed. Under its own
    name it can be begun again and runs once, whatever still comes through; one forgotten for long is barred instead,
    and its job waits again."""
    if timezone.now() - attempt.placed_at > FORGOTTEN:
        Attempt.objects.filter(pk=attempt.pk).update(stop_asked=True)
        return
    Attempt.objects.filter(pk=attempt.pk).update(reference="")
    begin.enqueue(attempt=attempt.pk)
