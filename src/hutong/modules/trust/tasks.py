"""Measuring in the background."""

from __future__ import annotations

from django_tasks import task

from hutong.engines import trust
from hutong.kernel.permission import THE_HUB
from hutong.modules.trust import bench
from hutong.modules.trust.models import Evaluation
from hutong.platform import runner


@task()
def measure(code: str) -> str:
    """Observe every claim of the plan and hand the counts to the hub. Returns the outcome."""
    evaluation = Evaluation.objects.select_related("version_of__system").get(code=code)
    if evaluation.state != "measuring":
        return evaluation.state
    case = bench.open_case(evaluation)
    plan = trust.plan_of(evaluation.plan)
    with trust.closing(case.target) as target:
        seen = trust.observe(plan, target, case.system, case.profile, case.data, evaluation.seed)
    given = {"evaluation": code, "observations": seen.as_json()}
    done = runner.run(THE_HUB, "trust.evaluation.observe", given)
    return str(done.record.verdict["outcome"])
