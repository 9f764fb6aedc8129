"""Put a report together: plan, journal, observations, evidence, verdict, page, manifest, signed statement.

Nothing in it depends on the time, the engine or the number of kills: the same evaluation is the same bytes.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from hutong.engines.trust.bundle.envelope import seal, statement
from hutong.engines.trust.bundle.page import page
from hutong.engines.trust.bundle.parts import (
    EVIDENCE,
    FORMAT,
    JOURNAL,
    LISTED,
    MANIFEST,
    OBSERVATIONS,
    PLAN,
    REPORT,
    STATEMENT,
    VERDICT,
)
from hutong.engines.trust.judge import judge
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.runs.graph import tasks_of
from hutong.engines.trust.runs.rows import Head, body_of, write
from hutong.engines.trust.types import Evidence, Observations, Verdict
from hutong.kernel.canonical import canonical, digest
from hutong.kernel.note import SigningKey

# Packages whose version can change a number.
COUNTED_WITH = ("hutong", "numpy", "scipy", "onnxruntime")


def make_bundle(
    plan: Plan,
    observations: Observations,
    evidence: Sequence[Evidence],
    key: SigningKey,
    *,
    journal: bytes | None = None,
    seed: str | None = None,
) -> dict[str, bytes]:
    """The parts of the signed report, by name.

    journal: `Journal.export` of the run; without it, one row per claim is written from the observations. seed: opens the
    plan's commitment, so that anybody with model and data can count again. Raises as `judge` does.
    """
    verdict = judge(plan, observations, evidence)
    kept = sorted((e.as_json() for e in evidence), key=lambda e: canonical(e))
    parts = {
        PLAN: canonical(plan.as_json()),
        JOURNAL: journal_of(plan, observations) if journal is None else journal,
        OBSERVATIONS: canonical(observations.as_json()),
        EVIDENCE: canonical(kept),
        VERDICT: canonical(verdict.as_json()),
    }
    report = report_digest(plan, observations, kept, verdict)
    parts[REPORT] = page(plan, verdict, report)
    parts[MANIFEST] = canonical(
        {
            "format": FORMAT,
            "report": report,
            "seed": seed,
            "environment": environment(),
            "parts": {name: hashlib.sha256(parts[name]).hexdigest() for name in LISTED},
        }
    )
    said = statement(plan, verdict, hashlib.sha256(parts[MANIFEST]).hexdigest(), report)
    parts[STATEMENT] = seal(said, key)
    return parts


def report_digest(plan: Plan, observations: Observations, evidence: object, verdict: Verdict) -> str:
    """The report's own name: one digest over what was planned, counted, shown and judged."""
    return digest(
        {
            "plan": plan.digest,
            "observations": digest(observations.as_json()),
            "evidence": digest(evidence),
            "verdict": digest(verdict.as_json()),
        }
    )


def journal_of(plan: Plan, observations: Observations) -> bytes:
    """A journal of whole claims, for observations that were made without one."""
    head = Head(plan.digest, plan.artefact, plan.data, 0)
    names = [task.id for task in tasks_of(plan, 0)]
    return write(head, [body_of(n, observations.counts[n]) for n in names if n in observations.counts])


def environment() -> dict[str, str]:
    """What it was counted with. Not part of the report's digest: other versions must come to the same counts."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for package in COUNTED_WITH:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "-"
    return found
