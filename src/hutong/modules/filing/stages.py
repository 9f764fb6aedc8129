"""The sixth gate of the lane: a number in the public register."""

from __future__ import annotations

from hutong.kernel.stage import Stage, Step, declare_stage
from hutong.kernel.text import Text


def _number(step: Step) -> Text:
    number = str(step.noted.get("number", step.subject))
    return Text(number, number)


declare_stage(
    Stage(
        number=6,
        key="filing",
        title=Text("Filing", "备案"),
        begun=("filing.filing.open",),
        done=("filing.filing.enter", "filing.filing.resume"),
        closed=("filing.filing.suspend", "filing.filing.deregister"),
        stamp=_number,
    )
)
