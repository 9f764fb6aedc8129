"""From a verdict to the clauses of other frameworks: which of our claims bear on a clause, how they came out, and where.

The tables are data (crosswalks/*.yaml), in our own words, nothing quoted; each row says whether anybody has checked it
against the text of the framework. A clause that no claim bears on is listed as such, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from hutong.engines.trust.types import Cell, Finding, State, Verdict, refuse
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

FOLDER = Path(__file__).parent / "crosswalks"
STATUSES = ("verified", "unverified")
# From worst to best; a clause stands as its worst claim does.
_ORDER = ("fail", "inconclusive", "not_estimable", "not_run", "not_reachable", "not_applicable", "pass")


def crosswalks() -> tuple[str, ...]:
    """Names of the frameworks that have a table."""
    return tuple(sorted(p.stem for p in FOLDER.glob("*.yaml")))


def crosswalk(verdict: Verdict, name: str) -> dict[str, object]:
    """One framework as JSON: each clause with its state and the claims, counts and records that bear it out.

    `NotFound` crosswalk.unknown; `Invalid` crosswalk.form where the table is broken.
    """
    table = load_table(name)
    clauses = [_clause(entry, verdict) for entry in table["clauses"]]
    return {
        "framework": {k: table[k] for k in ("id", "title", "version", "status", "source")},
        "clauses": clauses,
        "shown": sum(c["state"] == "pass" for c in clauses),
        "of": len(clauses),
    }


def _clause(entry: Mapping[str, Any], verdict: Verdict) -> dict[str, object]:
    findings = [(c, f) for c in verdict.cells for f in c.findings]
    found = [link for pattern in entry["claims"] for link in _links(pattern, findings)]
    unique = list({(link["claim"], link["check"]): link for link in found}.values())
    states = [str(link["state"]) for link in unique]
    return {
        "clause": entry["clause"],
        "about": entry["about"],
        "status": entry["status"],
        "claims": list(entry["claims"]),
        "state": min(states, key=_ORDER.index) if states else "not_covered",
        "evidence": unique,
    }


def _links(pattern: str, findings: list[tuple[Cell, Finding]]) -> list[dict[str, object]]:
    """Of a claim, or of one process check, which is answered within the process claim of its category and level."""
    claims = [(c, f) for c, f in findings if fnmatchcase(f.claim, pattern)]
    if claims or "*" in pattern:
        return [_link(c, f, None, f.state, _records(f, None)) for c, f in claims]
    process = f"{pattern.partition('.')[0]}.process"
    return [_of_check(c, f, pattern) for c, f in findings if f.claim == process]


def _of_check(cell: Cell, finding: Finding, check: str) -> dict[str, object]:
    answers = [d["answer"] for d in finding.details if d.get("check") == check]
    state: State = "not_run" if not answers else "pass" if all(a is True for a in answers) else "fail"
    return _link(cell, finding, check, state, _records(finding, check))


def _records(finding: Finding, check: str | None) -> list[dict[str, object]]:
    return [
        {k: d[k] for k in ("check", "digest", "record", "confirmed_by") if k in d}
        for d in finding.details
        if "digest" in d and "record" in d and check in (None, d.get("check"))
    ]


def _link(
    cell: Cell, finding: Finding, check: str | None, state: State, records: list[dict[str, object]]
) -> dict[str, object]:
    """at: where it lies in the bundle. records: where it lies in the hub."""
    return {
        "claim": finding.claim,
        "check": check,
        "category": cell.category,
        "level": cell.level,
        "state": "not_applicable" if cell.state == "not_applicable" else state,
        "words": finding.words.as_json(),
        "value": finding.value,
        "lower": finding.lower,
        "upper": finding.upper,
        "threshold": finding.threshold,
        "n": finding.n,
        "at": f"report.html#{cell.category}{cell.level}-en",
        "records": records,
    }


@cache
def load_table(name: str) -> dict[str, Any]:
    """The table of that name, checked. `NotFound` crosswalk.unknown."""
    if name not in crosswalks():
        raise NotFound(
            Text("There is no crosswalk of that name.", "没有该名称的条款对照表。"),
            rule="crosswalk.unknown",
            remedy=Text("Choose one of: {n}.", "可选：{n}。").format(n=", ".join(crosswalks())),
            field="name",
        )
    import yaml

    try:
        return _checked(yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")), name)
    except (KeyError, TypeError, ValueError) as error:
        what = Text("The crosswalk {n} is not well formed: {e}.", "条款对照表{n}格式有误：{e}。")
        raise refuse("crosswalk.form", what.format(n=name, e=error)) from error


def _checked(table: dict[str, Any], name: str) -> dict[str, Any]:
    if table["id"] != name or table["status"] not in STATUSES or not table["clauses"]:
        raise ValueError("head")
    for text in (table["title"], *(c["about"] for c in table["clauses"])):
        Text(**text)
    for entry in table["clauses"]:
        good = entry["status"] in STATUSES and entry["clause"] and isinstance(entry["claims"], list)
        if not good or not all(isinstance(c, str) for c in entry["claims"]):
            raise ValueError(str(entry["clause"]))
    return {**table, "version": str(table["version"])}
