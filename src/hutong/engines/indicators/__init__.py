"""Indicators: typed definitions over measures, exact bitemporal figures, targets whose state nobody sets,
plans as data.

plan = load_plan(Path("plans/beijing-2023-2025.yaml"), MEASURES)
engine = Evaluator(plan, MEASURES)
figure = engine.evaluate("T6.1", engine.lens("2024"))
state = status(figure.value, plan.indicator("T6.1").target, date(2024, 12, 31))
"""

from hutong.engines.indicators.claims import Claim, parse_claim
from hutong.engines.indicators.cycles import components, cycles
from hutong.engines.indicators.evaluate import Evaluated, Evaluator, Input
from hutong.engines.indicators.expressions import Expression, canonical, formula_hash
from hutong.engines.indicators.grammar import parse
from hutong.engines.indicators.load import load_plan
from hutong.engines.indicators.observations import Observation, Observations
from hutong.engines.indicators.periods import Lens, Period
from hutong.engines.indicators.plan import (
    Action,
    AnnualPlan,
    Body,
    Bridge,
    DefinitionVersion,
    ExpectedMeasure,
    Group,
    Indicator,
    LinkedPlan,
    Milestone,
    Objective,
    Plan,
    Responsibility,
    Safeguard,
    Source,
    Task,
)
from hutong.engines.indicators.series import Segment, one_line, series
from hutong.engines.indicators.status import STATES, Assessment, PeerSet, Proof, Status, status
from hutong.engines.indicators.targets import Baseline, Step, Target, TargetPath, expected, progress
from hutong.engines.indicators.types import Signature, Type, type_of
from hutong.engines.indicators.units import Unit, convert, parse_unit

__all__ = [
    "STATES",
    "Action",
    "AnnualPlan",
    "Assessment",
    "Baseline",
    "Body",
    "Bridge",
    "Claim",
    "DefinitionVersion",
    "Evaluated",
    "Evaluator",
    "ExpectedMeasure",
    "Expression",
    "Group",
    "Indicator",
    "Input",
    "Lens",
    "LinkedPlan",
    "Milestone",
    "Objective",
    "Observation",
    "Observations",
    "PeerSet",
    "Period",
    "Plan",
    "Proof",
    "Responsibility",
    "Safeguard",
    "Segment",
    "Signature",
    "Source",
    "Status",
    "Step",
    "Target",
    "TargetPath",
    "Task",
    "Type",
    "Unit",
    "canonical",
    "components",
    "convert",
    "cycles",
    "expected",
    "formula_hash",
    "load_plan",
    "one_line",
    "parse",
    "parse_claim",
    "parse_unit",
    "progress",
    "series",
    "status",
    "type_of",
]
