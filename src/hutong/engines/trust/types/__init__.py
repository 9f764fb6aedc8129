"""The words of an evaluation: category, level, system, claim, evidence, observations, cell, verdict.

All frozen; numbers that are published are integers or decimal strings, so that they can be hashed.
"""

from hutong.engines.trust.types.claim import Claim, Declaration, Evidence
from hutong.engines.trust.types.finding import Cell, Finding, Observations, Verdict
from hutong.engines.trust.types.refusal import check_record, refuse
from hutong.engines.trust.types.system import Column, Domain, Promise, System, privacy_of
from hutong.engines.trust.types.words import (
    CATEGORIES,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Category,
    Json,
    State,
)

__all__ = [
    "CATEGORIES",
    "CATEGORY_WORDS",
    "LEVEL_WORDS",
    "STATE_WORDS",
    "Category",
    "Cell",
    "Claim",
    "Column",
    "Declaration",
    "Domain",
    "Evidence",
    "Finding",
    "Json",
    "Observations",
    "Promise",
    "State",
    "System",
    "Verdict",
    "check_record",
    "privacy_of",
    "refuse",
]
