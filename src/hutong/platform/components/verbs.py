"""What a person can do on a page, and why not where it cannot be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hutong.platform.components.words import Words


@dataclass(frozen=True, slots=True)
class Action:
    """A verb as a button. Disabled, it says why. `post`: sends at once; else it leads to the form at `url`.

    weight: primary is the one next step of the page; grave cannot be undone.
    """

    label: Words
    url: str
    operation: str = ""
    enabled: bool = True
    reason: Words | None = None
    post: bool = False
    weight: Literal["primary", "plain", "grave"] = "plain"
    hidden: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.enabled and self.reason is None:
            raise ValueError(f"the action {self.label!r} is disabled and does not say why")


@dataclass(frozen=True, slots=True)
class Verbs:
    """What can be done with a record: open steps as buttons; those that are not open now fold away with their reasons."""

    actions: tuple[Action, ...]

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def open(self) -> tuple[Action, ...]:
        return tuple(a for a in self.actions if a.enabled)

    @property
    def shut(self) -> tuple[Action, ...]:
        return tuple(a for a in self.actions if not a.enabled)
