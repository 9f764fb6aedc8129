"""The veto of a centre: jobs of others, or of a whole organisation, that it will not run, with a reason that is told."""

from __future__ import annotations

from typing import Annotated

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.operation import Help, Reason, operation
from hutong.kernel.text import Text
from hutong.modules.compute import avoiding
from hutong.modules.compute import policy as may
from hutong.modules.compute.models import Centre, Job
from hutong.platform.context import RunContext
from hutong.platform.people import Organisation

OPEN = ("active", "draining", "suspended")
JobCode = Annotated[
    str,
    Text("Job", "计算作业"),
    Help(Text("Its code, for example JOB-0012.", "作业编号，例如 JOB-0012。")),
]


@operation(
    "compute.centre.decline",
    permission=may.CENTRE_DECLINE,
    title=Text("Decline a job", "拒绝作业"),
    sentence=Text("declined a job at {subject}", "在 {subject} 拒绝了作业"),
    needs=OPEN,
)
def centre_decline(ctx: RunContext, centre: Centre, *, job: JobCode, reason: Reason) -> None:
    """Have a waiting job of others placed elsewhere. Who submitted it reads the reason. Own users' jobs cannot be
    declined, nor can one that runs: its chips are called back."""
    found = _job(centre, job)
    if found.allocation.pool.centre_id == centre.pk:
        raise _own()
    if found.state != "submitted":
        raise Conflict(
            Text("The job {j} does not wait.", "作业 {j} 不在等待中。").format(j=found.code),
            rule="decline.waiting",
            remedy=Text(
                "Stop it, or drain the centre; the chips of running guests are called back for own users.",
                "可停止该作业或排空中心；自有用户需要时将收回外部作业的芯片。",
            ),
            field="job",
        )
    avoiding.added(found, centre.code, reason, "job")
    ctx.touch(found)


@operation(
    "compute.centre.bar",
    permission=may.CENTRE_DECLINE,
    title=Text("Decline an organisation", "拒绝单位"),
    sentence=Text("declined an organisation at {subject}", "在 {subject} 拒绝了一家单位"),
    needs=OPEN,
)
def centre_bar(ctx: RunContext, centre: Centre, *, organisation: Organisation, reason: Reason) -> None:
    """Take no job of an organisation until it is admitted again; those of its jobs whose hours are the centre's own are
    not touched, nor are those that run. Who submits one reads the reason."""
    if organisation.pk == centre.organisation_id:
        raise _own("organisation")
    jobs = _waiting(centre, organisation)
    for job in jobs:
        avoiding.added(job, centre.code, reason, "organisation")
        ctx.touch(job)
    ctx.note(jobs=len(jobs))


@operation(
    "compute.centre.admit",
    permission=may.CENTRE_DECLINE,
    title=Text("Admit again what was declined", "撤销拒绝"),
    sentence=Text("admitted again at {subject} what it had declined", "撤销了 {subject} 的拒绝"),
    needs=OPEN,
)
def centre_admit(
    ctx: RunContext, centre: Centre, *, organisation: Organisation | None = None, job: JobCode = ""
) -> None:
    """Take the refusal of an organisation or of a job back: from now on the centre may run it."""
    if (organisation is None) == (not job):
        raise Invalid(
            Text("One organisation or one job is admitted.", "须填写一家单位或一项作业。"),
            rule="decline.which",
            remedy=Text("Fill in one of the two.", "请在两项中填写一项。"),
            field="organisation",
        )
    jobs = [_job(centre, job)] if organisation is None else _waiting(centre, organisation)
    kind = "job" if organisation is None else "organisation"
    changed = [j for j in jobs if avoiding.dropped(j, by=kind, centre=centre.code)]
    for one in changed:
        ctx.touch(one)
    if organisation is None and not changed:
        raise Conflict(
            Text("The centre did not decline this job.", "该中心未拒绝此作业。"),
            rule="decline.none",
            remedy=Text("Name a job that it declined.", "请填写被拒绝的作业。"),
            field="job",
        )
    ctx.note(jobs=len(changed))


def _job(centre: Centre, code: str) -> Job:
    """A job that the centre may know of: its own users', one that runs there, or one that its chips could run. Locked."""
    jobs = Job.objects.select_for_update(of=("self",)).select_related("allocation__pool", "pool")
    found = jobs.filter(code=code.strip().upper()).first()
    kinds = set(centre.pools.values_list("chip", flat=True))
    if found is not None:
        near = centre.pk in (found.allocation.pool.centre_id, found.pool.centre_id if found.pool else None)
        if near or (found.state == "submitted" and kinds & {*found.accept, found.allocation.pool.chip}):
            return found
    raise NotFound(
        Text(
            "There is no job {j} that could come to this centre.", "没有可能在该中心运行的作业 {j}。"
        ).format(j=code[:40]),
        rule="record.unknown",
        remedy=Text("Take a code from the list on the page of the centre.", "请从中心页面的列表中选取编号。"),
        field="job",
    )


def _waiting(centre: Centre, organisation: Organisation) -> list[Job]:
    """Jobs of an organisation that wait and are not the centre's own users'; locked."""
    jobs = Job.objects.select_for_update(of=("self",)).select_related("allocation__pool")
    found = jobs.filter(state="submitted", allocation__organisation=organisation).order_by("pk")
    return list(found.exclude(allocation__pool__centre=centre))


def _own(field: str = "job") -> Denied:
    return Denied(
        Text("A centre's own users cannot be declined.", "不得拒绝本中心自有用户。"),
        rule="decline.own_users",
        remedy=Text("Close the allocation, or drain the centre.", "可办结其配额，或排空中心。"),
        field=field,
    )
