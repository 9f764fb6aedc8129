"""Gates and reactions: how a later courtyard has a say earlier without the earlier one knowing it.

A gate hangs on an operation by name and may refuse it; a reaction hangs on it and follows it in the same
transaction. Both are registered by the later module; the earlier module never learns who holds the gate.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hutong.kernel.errors import Denied

Gate = Callable[[Any, Any], Denied | None]
Reaction = Callable[[Any, Any], None]

GATES: dict[str, list[Gate]] = defaultdict(list)
REACTIONS: dict[str, list[Reaction]] = defaultdict(list)


def gate(operation: str) -> Callable[[Gate], Gate]:
    """Hang a gate on an operation: ``(context, record) -> Denied | None``."""

    def hang(check: Gate) -> Gate:
        GATES[operation].append(check)
        return check

    return hang


def reaction(operation: str) -> Callable[[Reaction], Reaction]:
    """Follow an operation: ``(context, result)`` runs after its body, inside its transaction."""

    def hang(follow: Reaction) -> Reaction:
        REACTIONS[operation].append(follow)
        return follow

    return hang
