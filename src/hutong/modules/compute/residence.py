"""Where a job may run: departments that know of its data say in which regions it may lie. Each rule narrows."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hutong.modules.compute.models import Job

# Regions (GB/T 2260) in which a job may run, None where the rule does not care.
Rule = Callable[[Job], Iterable[str] | None]
RULES: list[Rule] = []


def residence(rule: Rule) -> Rule:
    """Register a rule of residence, as the data department does for data that may not leave a region."""
    RULES.append(rule)
    return rule


def regions_of(job: Job) -> list[str] | None:
    """The regions that every rule allows, in order; None where none cares, and none at all where nothing is left."""
    allowed: set[str] | None = None
    for rule in RULES:
        found = rule(job)
        if found is not None:
            allowed = set(found) if allowed is None else allowed & set(found)
    return None if allowed is None else sorted(allowed)
