"""What a job may run: a closed registry, filled by the departments whose programs run on chips."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hutong.kernel.text import Text
from hutong.modules.compute.models import Job

Step = Callable[[Job, Path], None]
Words = Callable[[Job], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Program:
    """A program by name. words: the command of a job as a list of words, run in the job's folder; no shell reads it.

    prepare writes the inputs into the folder before, collect takes the results out after a good end; both run in the
    hub's own process, which alone knows records and grants.
    """

    name: str
    title: Text
    words: Words
    prepare: Step
    collect: Step


# The program whose words a person gives.
COMMAND = "command"
PROGRAMS: dict[str, Program] = {}


def program(name: str, *, title: Text, words: Words, prepare: Step, collect: Step) -> Program:
    """Register a program. ValueError where the name is taken."""
    if name in PROGRAMS:
        raise ValueError(f"program {name} is declared twice")
    PROGRAMS[name] = Program(name, title, words, prepare, collect)
    return PROGRAMS[name]


def module(name: str) -> Words:
    """A module of the hub as a program: ``python -m NAME run .`` in the job's folder."""
    return lambda job: (sys.executable, "-m", name, "run", ".")
