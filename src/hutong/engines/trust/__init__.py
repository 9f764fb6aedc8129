"""Trust: a model file in, a verdict per category and level out, that anybody can compute again.

plan = make_plan(target, system, profile, data, seed)      # hashed before the first observation
seen = observe(plan, target, system, profile, data, seed)
verdict = judge(plan, seen, evidence)                      # missing or undecided never passes
"""

from hutong.engines.trust.data import Data, data_of
from hutong.engines.trust.judge import judge
from hutong.engines.trust.log import LogTarget
from hutong.engines.trust.observe import observe
from hutong.engines.trust.plan import Plan, commit, make_plan, plan_of
from hutong.engines.trust.profile import Check, Profile, Threshold, load_profile, profile_names, profile_of
from hutong.engines.trust.reach.door import Source, open_target, walls_of
from hutong.engines.trust.registry import METHODS, installed
from hutong.engines.trust.remedy import Advice, WayThrough, advice, way_through
from hutong.engines.trust.targets import (
    OnnxTarget,
    OutOfDomain,
    Predictions,
    Target,
    closing,
    open_model,
)
from hutong.engines.trust.types import (
    CATEGORIES,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Category,
    Cell,
    Claim,
    Column,
    Declaration,
    Domain,
    Evidence,
    Finding,
    Observations,
    Promise,
    System,
    Verdict,
)

__all__ = [
    "CATEGORIES",
    "CATEGORY_WORDS",
    "LEVEL_WORDS",
    "METHODS",
    "STATE_WORDS",
    "Advice",
    "Category",
    "Cell",
    "Check",
    "Claim",
    "Column",
    "Data",
    "Declaration",
    "Domain",
    "Evidence",
    "Finding",
    "LogTarget",
    "Observations",
    "OnnxTarget",
    "OutOfDomain",
    "Plan",
    "Predictions",
    "Profile",
    "Promise",
    "Source",
    "System",
    "Target",
    "Threshold",
    "Verdict",
    "WayThrough",
    "advice",
    "closing",
    "commit",
    "data_of",
    "installed",
    "judge",
    "load_profile",
    "make_plan",
    "observe",
    "open_model",
    "open_target",
    "plan_of",
    "profile_names",
    "profile_of",
    "walls_of",
    "way_through",
]
