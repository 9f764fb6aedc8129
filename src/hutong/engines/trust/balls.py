"""The rows around a row that a profile's budget allows, and whether a model of known form keeps its label on all of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from hutong.engines.trust.access import Form
from hutong.engines.trust.data import Rows
from hutong.engines.trust.types import Column, Domain, refuse
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.engines.trust.distances import Distances, LinearModel, TreeEnsemble
    from hutong.engines.trust.networks import Goal

# The search ends by its budget of nodes; time only keeps a hopeless machine from going on for ever.
LONGEST_S = 1e6
Decided = Literal["holds", "violated", "unknown"]
UNBOUNDED = Text("a column has no bounds, so a share of its span says nothing", "存在未声明取值范围的列")
UNEVEN = Text("an l2 budget needs columns of one span", "l2预算要求各列取值范围一致")


@dataclass(frozen=True, slots=True)
class Ball:
    """Feasible rows within the budget of one row: those of `domain`, and within `limit` in l2 where it is not None."""

    row: Rows = field(repr=False)
    domain: Domain = field(repr=False)
    limit: float | None

    def holds(self, points: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(m,) whether each point (m, d) is feasible and within the budget."""
        from hutong.engines.trust.distances import is_feasible, size

        inside = is_feasible(points, np.broadcast_to(self.row, points.shape), self.domain)
        if self.limit is not None:
            inside = inside & (size(points.astype(np.float64) - self.row, "l2") <= self.limit)
        return inside


def spans(domain: Domain) -> list[Fraction] | None:
    """The span of each column, None where one has no bounds."""
    found = [None if c.low is None or c.high is None else c.high - c.low for c in domain.columns]
    return None if any(s is None for s in found) else [s for s in found if s is not None]


def unfit(domain: Domain, norm: str) -> Text | None:
    """Why a budget in this norm, in shares of the span, cannot be told on this domain; None where it can."""
    known = spans(domain)
    if known is None:
        return UNBOUNDED
    return UNEVEN if norm == "l2" and len(set(known)) > 1 else None


def ball_of(domain: Domain, row: Rows, norm: str, share: Fraction) -> Ball:
    """The ball of one row (d,): each column by at most `share` of its span ("linf"), or all together in l2 ("l2").

    `Invalid` domain.budget where the domain does not allow it (`unfit`).
    """
    why, known = unfit(domain, norm), spans(domain)
    if why is not None or known is None:
        raise refuse("domain.budget", why or UNBOUNDED, where="domain")
    if norm == "l2":
        return Ball(row, domain, float(share * known[0]))
    columns = tuple(
        _near(c, Fraction(float(x)), share * s) for c, x, s in zip(domain.columns, row, known, strict=True)
    )
    return Ball(row, Domain("table", columns), None)


def _near(column: Column, at: Fraction, room: Fraction) -> Column:
    low = at - room if column.low is None else max(column.low, at - room)
    high = at + room if column.high is None else min(column.high, at + room)
    # Bounds written in decimals may lie an ulp inside of what float32 rows hold; the row itself is always in.
    return replace(column, low=min(low, at), high=max(high, at))


def keeps_label(form: Form, ball: Ball, label: int, nodes: int) -> tuple[Decided, Rows | None]:
    """Whether the artefact gives `label` to every row of the ball, with a candidate (d,) where it does not.

    "holds" allows for float32 and for the rounding of published scores (`Form.guard`). A candidate is a point where the model
    of that form changes, or may change by rounding: it counts only after replay. nodes: budget for a network, in nodes and not in seconds, so
    that what is decided is the same on every machine.
    """
    if form.network is not None:
        return _network(form, ball, label, nodes)
    weak, limit = form.shifted(label, -1), np.inf if ball.limit is None else ball.limit
    if int(weak.decide(ball.row[None])[0]) != label:
        return "violated", ball.row
    found = _nearest(weak, ball)
    if found.lower[0] > limit or found.lower[0] == np.inf:
        return "holds", None
    # Beyond the guard on the other side, so that it replays.
    clear = _nearest(form.shifted(label, 1), ball)
    inside = bool(clear.found[0]) and bool(ball.holds(clear.rows[:1])[0])
    return ("violated", clear.rows[0]) if inside else ("unknown", None)


def _nearest(model: LinearModel | TreeEnsemble, ball: Ball) -> Distances:
    from hutong.engines.trust.distances import LinearModel, minimal_linear, minimal_trees

    norm: Literal["l2", "linf"] = "linf" if ball.limit is None else "l2"
    if isinstance(model, LinearModel):
        return minimal_linear(model, ball.row[None], norm, ball.domain)
    return minimal_trees(model, ball.row[None], norm, ball.domain)


def _network(form: Form, ball: Ball, label: int, nodes: int) -> tuple[Decided, Rows | None]:
    from hutong.engines.trust.networks import Case, Property, verify

    network = form.network
    if network is None:
        raise ValueError("no network")
    low, high = bounds_of(ball)
    case = Case(low, high, tuple(_goals(form, label, network.outputs)))
    found = verify(network, Property(network.inputs, network.outputs, (case,)), LONGEST_S, nodes=nodes)
    if found.verdict == "holds":
        # What is proven only for real numbers says nothing of ties in the file's own arithmetic.
        return ("holds" if found.covers == "runtime" else "unknown"), None
    shown = found.counter_example
    if shown is None:
        return "unknown", None
    from hutong.engines.trust.distances import box_of, project

    point = project(np.array([shown.inputs]), ball.row[None], box_of(ball.domain, len(ball.row)))
    # The box encloses an l2 ball, and whole columns are rounded: not every candidate is one.
    return ("violated", point[0]) if bool(ball.holds(point)[0]) else ("unknown", None)


def bounds_of(ball: Ball) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    """Low and high of the box (d,), the l2 ball enclosed; immutable columns fixed."""
    from hutong.engines.trust.distances import box_of

    box, wide = box_of(ball.domain, len(ball.row)), ball.row.astype(np.float64)
    low, high = np.minimum(box.low, wide), np.maximum(box.high, wide)
    if ball.limit is not None:
        low, high = np.maximum(low, wide - ball.limit), np.minimum(high, wide + ball.limit)
    return np.where(box.fixed, wide, low), np.where(box.fixed, wide, high)


def _goals(form: Form, label: int, outputs: int) -> list[Goal]:
    from hutong.engines.trust.networks import Goal

    goals = []
    for other in range(outputs):
        if other != label:
            line = np.zeros((1, outputs))
            line[0, label], line[0, other] = 1.0, -1.0
            goals.append(Goal(line, np.array([form.guard]), strict=False))
    return goals
