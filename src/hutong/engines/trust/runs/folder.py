"""A run folder: the frozen plan, the seed behind its commitment, where the inputs lie, and the journal.

The plan is written before the first observation and never again; whoever goes on goes on under it.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hutong.engines.trust.data import Data
from hutong.engines.trust.observe import Progress
from hutong.engines.trust.plan import Plan, make_plan, plan_of
from hutong.engines.trust.profile import Profile, load_profile, profile_names, profile_of
from hutong.engines.trust.runs.case import Opener, recorded
from hutong.engines.trust.runs.files import Inputs, open_data, open_system, opener
from hutong.engines.trust.runs.journal import Journal
from hutong.engines.trust.runs.records import parsed
from hutong.engines.trust.runs.run import run
from hutong.engines.trust.targets import closing
from hutong.engines.trust.types import Declaration, Observations, System, refuse
from hutong.kernel.canonical import canonical
from hutong.kernel.errors import Conflict
from hutong.kernel.text import Text

PLAN, SEED, INPUTS, JOURNAL, CASSETTE = "plan.json", "seed", "inputs.json", "journal.sqlite", "answers.jsonl"


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything that a plan is made of, read from its files."""

    system: System
    profile: Profile
    data: Data
    open: Opener


def open_inputs(inputs: Inputs) -> Opened:
    """Read all files. Raises as their readers do."""
    return _speaking(Path(inputs.model), inputs) or open_planned(inputs, open_system(inputs))


def open_planned(inputs: Inputs, system: System) -> Opened:
    """As `open_inputs`, under a system that is declared already."""
    from hutong.engines.trust.membership.recorded import with_outputs

    model = Path(inputs.model)
    speaking = _speaking(model, inputs)
    if speaking is not None:
        return speaking
    open_ = _kept(opener(model, system), inputs)
    if inputs.outputs is not None:
        open_ = with_outputs(open_, system, Path(inputs.outputs))
    return Opened(system, any_profile(inputs.profile), open_data(inputs, system), open_)


def _speaking(model: Path, inputs: Inputs) -> Opened | None:
    """A service that answers in words, which brings its questions in its own declaration."""
    from hutong.engines.trust.content.opening import is_generative, open_generative

    if not is_generative(model):
        return None
    given = open_generative(model)
    return Opened(given.system, any_profile(inputs.profile), given.data, _kept(given.open, inputs))


def _kept(open_: Opener, inputs: Inputs) -> Opener:
    cassette = None if inputs.cassette is None else Path(inputs.cassette)
    return recorded(open_, cassette, inputs.replay)


def any_profile(name: str) -> Profile:
    """A shipped profile by its id, or one in a YAML file, under the shipped table of requirements and checks."""
    if name in profile_names() or not Path(name).is_file():
        return load_profile(name)
    import yaml

    from hutong.engines.trust.profile import CHECKS, PROFILES

    read = [
        yaml.safe_load(p.read_text(encoding="utf-8"))
        for p in (Path(name), PROFILES / "requirements.yaml", CHECKS)
    ]
    return profile_of(*read)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that holds a plan. Use `freeze` to make one, `open_folder` to come back to it."""

    path: Path
    plan: Plan
    inputs: Inputs

    @property
    def seed(self) -> str:
        return (self.path / SEED).read_text(encoding="utf-8").strip()

    def run(
        self,
        *,
        engine: str = "local",
        workers: int = 2,
        progress: Progress = lambda done, of, task: None,
    ) -> Observations:
        """Carry the plan out, or what is left of it. Answers of an endpoint are kept in the folder unless elsewhere."""
        given = open_inputs(self.inputs)
        cassette = Path(self.inputs.cassette or self.path / CASSETTE)
        return run(
            self.plan, recorded(given.open, cassette, self.inputs.replay), given.system, given.profile, given.data, self.seed, self.path / JOURNAL,
            engine=engine, workers=workers, progress=progress,
        )  # fmt: skip

    def journal(self) -> Journal:
        return Journal(self.path / JOURNAL, self.plan)


def freeze(
    path: Path,
    inputs: Inputs,
    given: Opened,
    seed: str | None = None,
    declarations: Sequence[Declaration] = (),
) -> Folder:
    """Make the plan and write it down. `Conflict` run.planned where the folder has a plan already."""
    if (path / PLAN).exists():
        raise Conflict(
            Text("{p} holds a plan already.", "{p}已有评估计划。").format(p=path.name),
            rule="run.planned",
            remedy=Text(
                "Run it, or choose another folder: a plan is not written twice.",
                "请继续执行该计划，或另选目录：计划一经写入不得更改。",
            ),
            field="out",
        )
    chosen = seed or secrets.token_hex(16)
    with closing(given.open()) as target:
        plan = make_plan(target, given.system, given.profile, given.data, chosen, declarations)
    path.mkdir(parents=True, exist_ok=True)
    _private(path / SEED, chosen + "\n")
    (path / INPUTS).write_bytes(canonical(inputs.as_json()))
    # The plan last: a folder with a plan is a whole one.
    (path / PLAN).write_bytes(canonical(plan.as_json()))
    return Folder(path, plan, inputs)


def open_folder(path: Path) -> Folder:
    """The folder of a frozen plan. `Invalid` run.folder where it is none."""
    try:
        record: Any = parsed((path / PLAN).read_bytes())
        told: Any = json.loads((path / INPUTS).read_bytes())
        inputs = Inputs(**{**told, "groups": tuple(told["groups"])})
        return Folder(path, plan_of(record), inputs)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise refuse(
            "run.folder",
            Text("{p} is not the folder of a plan.", "{p}不是评估计划目录。").format(p=path),
            Text(
                "Make one: hutong trust plan MODEL … --out FOLDER.",
                "请先制定：hutong trust plan 模型 … --out 目录。",
            ),
            "run",
        ) from error


def _private(path: Path, text: str) -> None:
    """The seed opens the drawn probes beforehand: readable by its owner only."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
