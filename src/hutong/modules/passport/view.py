"""The passport page: the lane with its gates, what comes next, and every event in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hutong.kernel.stage import Shown, Step, lane
from hutong.kernel.text import Text
from hutong.modules.passport.lineage import lineage_of
from hutong.modules.passport.models import System, Version
from hutong.modules.passport.queries import Course, Gate, course_of, versions_of
from hutong.platform.component_pages import Link
from hutong.platform.components import (
    Action,
    Cell,
    Column,
    EmptyState,
    Lane,
    Stage,
    State,
    Table,
)
from hutong.platform.entities import Sight
from hutong.platform.evidence import steps_of

RISK_WORDS = {
    1: Text("risk class 1 (minimal)", "风险等级1（极低）"),
    2: Text("risk class 2 (general)", "风险等级2（一般）"),
    3: Text("risk class 3 (considerable)", "风险等级3（较大）"),
    4: Text("risk class 4 (high)", "风险等级4（重大）"),
    5: Text("risk class 5 (highest)", "风险等级5（特别重大）"),
}
NEXT = Text("{gate}, gate {n} of {all}.", "{gate}，第{n}个环节，共{all}个。")


def passport_context(seen: Sight) -> dict[str, Any]:
    """What the passport's template needs besides what every detail page has."""
    system: System = seen.record
    steps = steps_of(seen.events[::-1])
    way = course_of(system, steps)
    versions = versions_of(system)
    shown = tuple(_shown(way, system, steps))
    return {
        "title": system.name,
        "version": f"v{versions[0].label}" if versions else "",
        "owner": Link(system.organisation.name, f"/parties/organisation/{system.organisation.code}"),
        "risk": State(RISK_WORDS[system.risk_class], "open" if system.risk_class < 4 else "needs"),
        "export": _exports(system),
        "lane": Lane(tuple(_stage(gate) for gate in way.gates)),
        "closed": next((s.why for s in shown if s.why is not None), None),
        "next_step": _next(way),
        "versions": _versions(versions),
        "lineage": lineage_of(steps),
        "sections": tuple(s.section for s in shown if s.section is not None),
        "evidence_url": f"/evidence/{system.code}",
    }


def _shown(way: Course, system: System, steps: Sequence[Step]) -> Iterator[Shown]:
    closed = way.closed.stage if way.closed is not None else None
    for stage in lane():
        found = stage.shows(system.code, steps, stage is closed) if stage.shows is not None else None
        if found is not None:
            yield found


def _exports(system: System) -> tuple[Action, ...]:
    base = f"/passport/{system.code}"
    return (
        Action(Text("Export the bundle", "导出证据包"), f"{base}/bundle.json"),
        Action(Text("ML-BOM (CycloneDX)", "模型物料清单（CycloneDX）"), f"{base}/bom.json"),
    )


def _stage(gate: Gate) -> Stage:
    return Stage(
        number=gate.stage.number,
        title=gate.stage.title,
        state=gate.state,
        stamp=gate.stamp,
        on=gate.at,
        drawer=f"/evidence/{gate.subject}" if gate.subject else None,
    )


def _next(way: Course) -> Text | None:
    if way.closed is not None or way.outcome == "adopted":
        return None
    following = next((g for g in way.gates if g.state in ("active", "waiting")), None)
    if following is None:
        return None
    return NEXT.format(gate=following.stage.title, n=following.stage.number, all=len(way.gates))


def _versions(versions: Sequence[Version]) -> Table:
    columns = (
        Column(Text("Version", "版本号"), "code"),
        Column(Text("State", "状态")),
        Column(Text("Model SHA-256", "模型SHA-256"), "code"),
        Column(Text("Frozen", "固定日期"), "date"),
    )
    rows = tuple(
        (
            Cell(v.label, url=f"/passport/version/{v.code}"),
            Cell(State.of(Version.lifecycle.state(v.state)) if Version.lifecycle else v.state),
            Cell(v.model_sha256[:16]),
            Cell(v.created_at),
        )
        for v in versions
    )
    empty = EmptyState(Text("No version is frozen yet.", "尚无已固定的版本。"))
    return Table(Text("Versions", "版本"), columns, rows, empty=empty, caption_hidden=True)
