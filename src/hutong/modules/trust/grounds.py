"""Why categories do not apply, as an applicant declares it."""

from __future__ import annotations

from typing import Any

from hutong.engines import trust
from hutong.kernel.errors import Invalid
from hutong.kernel.operation import FileRef
from hutong.kernel.text import Text


def declared(profile: trust.Profile, given: str | None, document: FileRef | None) -> list[dict[str, Any]]:
    """From "F:no_decision, Q:free_text" to records; a ground alone is of fairness. `Invalid` declaration.ground."""
    known = {str(category): grounds for category, grounds in profile.grounds.items()}
    made = []
    for one in (part.strip() for part in (given or "").replace("，", ",").split(",")):
        if not one:
            continue
        category, colon, ground = one.partition(":")
        if not colon:
            category, ground = "F", one
        if ground not in known.get(category, {}) or document is None:
            raise _unfounded(profile)
        made.append({"category": category, "ground": ground, "document_sha256": document.sha256})
    return made


def _unfounded(profile: trust.Profile) -> Invalid:
    known = ", ".join(f"{c}:{g}" for c, grounds in profile.grounds.items() for g in grounds) or "-"
    return Invalid(
        Text(
            "A category is excused only on a ground of the profile, with a document.",
            "仅可依评测配置列明的理由并附文件声明某一类别不适用。",
        ),
        rule="declaration.ground",
        remedy=Text("Grounds of this profile: {k}.", "本配置可用理由：{k}。").format(k=known),
        field="not_applicable",
    )
