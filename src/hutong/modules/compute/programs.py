"""What a job may run: a closed registry, filled by the departments whose programs run on chips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hutong.kernel.text import Text
from hutong.modules.compute.models import Job

Step = Callable[[Job, Path], None]


@dataclass(frozen=True, slots=True)
class Program:
    """A program by name. module: run as ``python -m module run FOLDER`` in a process of its own.

    prepare writes the inputs into the folder before, collect takes the results out after a good end; both run in the
    hub's own process, which alone knows records and grants.
    """

    name: str
    title: Text
    module: str
    prepare: Step
    collect: Step


PROGRAMS: dict[str, Program] = {}


def program(name: str, *, title: Text, module: str, prepare: Step, collect: Step) -> Program:
    """Register a program. ValueError where the name is taken."""
    if name in PROGRAMS:
        raise ValueError(f"program {name} is declared twice")
    PROGRAMS[name] = Program(name, title, module, prepare, collect)
    return PROGRAMS[name]
