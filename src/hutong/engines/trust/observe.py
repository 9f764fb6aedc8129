"""The observations: what every statistical claim of a plan counts, under the seed that the plan committed to."""

from __future__ import annotations

from collections.abc import Callable

from hutong.engines.trust import registry
from hutong.engines.trust.data import Data
from hutong.engines.trust.plan import Plan, commit
from hutong.engines.trust.process import KINDS
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.rooms import Bench, Method, Setting, setting_of
from hutong.engines.trust.targets import Target, asked_for
from hutong.engines.trust.types import CATEGORIES, Claim, Json, Observations, System
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

Progress = Callable[[int, int, str], None]
How = Callable[[Method], Json]
NO_TEST = Text("no test of this claim is installed", "未安装该项测试")


def observe(
    plan: Plan,
    target: Target,
    system: System,
    profile: Profile,
    data: Data,
    seed: str,
    progress: Progress = lambda done, of, claim: None,
) -> Observations:
    """Count what the plan asks for. progress hears (done, of, claim) before each claim and once at the end.

    Raises `Conflict` when target, data, profile or seed are not those of the plan: what was planned is what is run.
    """
    bench, makers = bench_of(plan, target, system, profile, data, seed)
    statistical = [c for c in plan.claims if c.kind not in KINDS]
    counts: dict[str, Json] = {}
    for done, claim in enumerate(statistical):
        progress(done, len(statistical), claim.id)
        with asked_for(target, claim.id):
            counts[claim.id] = count(claim, makers.get(claim.id), bench)
    progress(len(statistical), len(statistical), "")
    return Observations(plan.digest, target.digest, data.digest, counts)


def bench_of(
    plan: Plan, target: Target, system: System, profile: Profile, data: Data, seed: str
) -> tuple[Bench, dict[str, Method]]:
    """Where the claims of this plan are counted, and which method counts each. `Conflict` plan.* as `observe`."""
    _same(plan, target, system, profile, data, seed)
    # Alpha only states the reach of claims, which the plan has fixed; here the claims are matched by name.
    setting = setting_of(target, system, profile, data, float(plan.alpha))
    return Bench(setting, target, seed), makers_of(setting)


def count(claim: Claim, method: Method | None, bench: Bench, how: How | None = None) -> Json:
    """The counts of a claim, or why it is not run. how: counts a part of it, where it is counted in parts."""
    if method is None or method.observe is None:
        return {"not_run": NO_TEST.as_json()}
    missing = method.missing(bench.setting)
    if missing is not None:
        return {"not_run": missing.as_json()}
    return method.observe(claim, bench) if how is None else how(method)


def makers_of(setting: Setting) -> dict[str, Method]:
    """Which method makes which claim."""
    methods = [m for c in CATEGORIES for n in range(1, 6) for m in registry.methods_of(c, n)]
    return {claim.id: method for method in methods for claim in method.claims(setting)}


def _same(plan: Plan, target: Target, system: System, profile: Profile, data: Data, seed: str) -> None:
    pairs = (
        ("plan.target_changed", plan.artefact, target.digest),
        ("plan.data_changed", plan.data, data.digest),
        ("plan.profile_changed", plan.profile["digest"], profile.digest),
        ("plan.seed_changed", plan.seed_commitment, commit(seed)),
        ("plan.system_changed", dict(plan.system), system.as_json()),
    )
    for rule, planned, given in pairs:
        if planned != given:
            raise Conflict(
                Text("This is not what the evaluation plan was made for.", "与评估计划所依据的内容不一致。"),
                rule=rule,
                remedy=Text(
                    "Make a new plan for what is to be evaluated now.", "请针对当前对象制定新的评估计划。"
                ),
            )
