"""Count again from the model and the data: what is deterministic must come out bit for bit.

Which claims: all whose counts need nothing but the model file, the data and the opened seed. A recorded log is judged
again by `verify`; there is nothing to ask it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hutong.engines.trust.bundle.parts import JOURNAL, MANIFEST, PLAN, Parts
from hutong.engines.trust.data import Data
from hutong.engines.trust.observe import Progress
from hutong.engines.trust.plan import plan_of
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.runs import Journal, Opener, run
from hutong.engines.trust.runs.graph import Task
from hutong.engines.trust.runs.records import parsed, system_of
from hutong.engines.trust.runs.rows import read
from hutong.engines.trust.types import Json, refuse
from hutong.kernel.text import Text


@dataclass(frozen=True, slots=True)
class Again:
    """tasks: how many were counted again. differ: those that came out otherwise, with (recorded, counted)."""

    tasks: int
    differ: tuple[tuple[str, Json, Json], ...]

    @property
    def ok(self) -> bool:
        return self.tasks > 0 and not self.differ


def rerun(
    parts: Parts,
    target: Opener,
    profile: Profile,
    data: Data,
    *,
    seed: str | None = None,
    workers: int = 1,
    progress: Progress = lambda done, of, task: None,
) -> Again:
    """Repeat the run of a verified bundle. seed: needed where the bundle does not open its commitment.

    `Conflict` plan.* where model, data, profile or seed are not those of the plan; `Invalid` rerun.seed without a seed.
    """
    record, manifest = parsed(parts[PLAN]), parsed(parts[MANIFEST])
    plan = plan_of(record if isinstance(record, dict) else {})
    opened = manifest.get("seed") if isinstance(manifest, dict) else None
    chosen = seed or opened
    if not isinstance(chosen, str):
        what = Text(
            "The bundle keeps its seed; a run cannot be repeated without.", "报告包未公开随机种子，无法复测。"
        )
        raise refuse("rerun.seed", what, Text("Ask the evaluator for it.", "请向评测方索取。"), "seed")
    head, recorded = read(parts[JOURNAL])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        system = system_of(plan.system)
        run(plan, target, system, profile, data, chosen, path,
            workers=workers, rows=head.rows, progress=progress)  # fmt: skip
        with Journal(path, plan, head.rows) as book:
            _, counted = read(book.export())
            return compare(book.tasks, recorded, counted)


def compare(
    tasks: Sequence[Task], recorded: Sequence[tuple[str, Json]], counted: Sequence[tuple[str, Json]]
) -> Again:
    """Task by task, in the order of the plan."""
    before, now = dict(recorded), dict(counted)
    differ = tuple((t.id, before.get(t.id, {}), now[t.id]) for t in tasks if before.get(t.id) != now[t.id])
    return Again(len(tasks), differ)
