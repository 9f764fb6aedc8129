"""What became of the attempts at their centres: settled when they end, given back when they were interrupted."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from itertools import groupby

from hutong.kernel.errors import HutongError
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.adapters import Adapter, Report, Unreachable
from hutong.modules.compute.broker.centres import adapter_of, name_of
from hutong.modules.compute.execution import begin, conclude
from hutong.modules.compute.models import Attempt, Centre
from hutong.platform import runner
from hutong.platform.jobs import JobFailed


def follow() -> int:
    """Look at every open attempt once; returns how many are still open at centres that answer."""
    open_ = (
        Attempt.objects.exclude(state="ended")
        .select_related("job", "pool__centre")
        .order_by("pool__centre_id", "pk")
    )
    for _, group in groupby(open_, key=lambda a: a.pool.centre_id):
        attempts = list(group)
        _centre(attempts[0].pool.centre, attempts)
    return Attempt.objects.exclude(state__in=("ended", "unreachable")).count()


def _centre(centre: Centre, attempts: Sequence[Attempt]) -> None:
    try:
        adapter = _reached(centre)
        for attempt in attempts:
            if attempt.stop_asked:
                adapter.cancel(name_of(attempt), key=f"stop-{attempt.pk}")
        reports = adapter.poll([name_of(a) for a in attempts])
    except Unreachable as silence:
        if centre.silent_since is None:
            given = {"centre": centre.code, "reason": f"{silence.what.en} / {silence.what.zh}"}
            runner.run(THE_HUB, "compute.centre.fall_silent", given)
        return
    if centre.silent_since is not None:
        runner.run(THE_HUB, "compute.centre.answer", {"centre": centre.code})
    faults = []
    for attempt in attempts:
        try:
            _attempt(attempt, reports[name_of(attempt)])
        except Exception:
            # One job's fault is told, and holds up no other.
            faults.append(f"{attempt.job.code}: {traceback.format_exc()}")
    if faults:
        raise JobFailed(faults[0])


def _reached(centre: Centre) -> Adapter:
    """The centre's adapter. `Unreachable` where its entry in the hub's file is gone or wrong: what it runs goes on there."""
    try:
        return adapter_of(centre)
    except HutongError as missing:
        raise Unreachable(centre.code, missing.what.en) from missing


def _attempt(attempt: Attempt, report: Report) -> None:
    if report.ended:
        conclude(attempt.pk, report)
    elif report.state == "unknown":
        # The centre answers and has never heard of it: it was not begun (and is begun again, harmlessly), or is gone.
        if attempt.reference:
            conclude(attempt.pk, report)
        else:
            begin.enqueue(attempt=attempt.pk)
    elif attempt.state != "running":
        Attempt.objects.filter(pk=attempt.pk).update(
            state="running", started_at=report.started_at, reference=report.number or attempt.reference
        )
