"""What came from what in a dossier, read off the evidence: a record is made from those that its first event names.

An operation is given records by code and files by digest, and both stand in the ledger. So an edge is there where
the event that made a record was given, or noted, an earlier record's code, or a file that an earlier one brought.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hutong.kernel.stage import Step
from hutong.platform.components import Lineage, LineageNode
from hutong.platform.entities import of_code

# Kinds that stand in the drawing; votes, reviews, uses and evidence stand in the timeline.
KINDS = ("PRP", "AWD", "ALC", "DGR", "BLD", "JOB", "ART", "SVC", "VER", "EVL", "CRT", "FIL", "ETH", "PIL")
DIGEST = 64


def lineage_of(steps: Sequence[Step]) -> Lineage | None:
    """The drawing of a dossier, oldest first; None until two records are there."""
    made: dict[str, None] = {}
    files: dict[str, str] = {}
    announced: dict[str, str] = {}
    edges: dict[tuple[str, str], None] = {}
    for step in steps:
        if step.subject in made or not step.subject.startswith(KINDS):
            continue
        if step.subject in announced:
            edges[announced[step.subject], step.subject] = None
        for value in (*_texts(step.given), *_texts(step.noted)):
            source = value if value in made else files.get(value)
            if source is not None:
                edges[source, step.subject] = None
            elif len(value) == DIGEST:
                files[value] = step.subject
            elif value.startswith(KINDS):
                # A record that this event made beside its own, as a build makes its job.
                announced[value] = step.subject
        made[step.subject] = None
    if len(made) < 2:
        return None
    return Lineage(tuple(_node(code) for code in made), tuple(edges))


def _texts(values: Mapping[str, Any]) -> Iterator[str]:
    return (v for v in values.values() if isinstance(v, str))


def _node(code: str) -> LineageNode:
    entity = of_code(code)
    if entity is None:
        return LineageNode(code, code)
    return LineageNode(code, code, entity.title, f"{entity.url}{code}")
