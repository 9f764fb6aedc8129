"""How the books of this engine refuse: one short way to make an `Invalid` in two languages."""

from __future__ import annotations

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


def refuse(rule: str, what: Text, remedy: Text, field: str | None = None, **given: object) -> Invalid:
    """An `Invalid` whose sentences have their ``{name}`` fields filled from `given`."""
    return Invalid(what.format(**given), rule=rule, remedy=remedy.format(**given), field=field)
