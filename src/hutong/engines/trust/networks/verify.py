"""One property of one network: attack, then prove; a verdict within the time, or the reason why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hutong.engines.trust.networks.attack import CounterExample, attack, confirm
from hutong.engines.trust.networks.bounds import Bounder, Boxes
from hutong.engines.trust.networks.confirm import Stop, check_cuts, check_leaves
from hutong.engines.trust.networks.milp import smallest_excess
from hutong.engines.trust.networks.network import Network
from hutong.engines.trust.networks.outcome import TIE, TIME, UNCONFIRMED, Method, Outcome, Progress
from hutong.engines.trust.networks.properties import Case, Property
from hutong.engines.trust.networks.search import Findings, InputSearch
from hutong.engines.trust.networks.signs import SignSearch
from hutong.engines.trust.types import refuse
from hutong.kernel.text import Text

# Up to so many inputs boxes are cut; beyond, the signs of the units are.
FEW_INPUTS = 10
_POINTS, _STEPS = 128, 20

Report = Callable[[Progress], None]
# (whether for the file's float32, whether to stop) -> whether the proof is confirmed.
Check = Callable[[bool, Stop], bool]


@dataclass(slots=True, eq=False)
class _Clock:
    """report: told of progress. nodes: budget, or None. before: nodes of the searches that ended; now: of all so far."""

    start: float
    seconds: float
    report: Report | None
    nodes: int | None = None
    before: int = 0
    now: int = 0

    def gone(self) -> float:
        return time.monotonic() - self.start

    def gone_by(self) -> bool:
        return self.gone() >= self.seconds

    def late(self) -> bool:
        spent = self.nodes is not None and self.now >= self.nodes
        return spent or self.gone() >= self.seconds

    def tell(self, nodes: int, still: int) -> None:
        self.now = self.before + nodes
        if self.report is not None:
            self.report(Progress(self.before + nodes, still, self.gone()))


def verify(
    network: Network,
    prop: Property,
    seconds: float,
    *,
    nodes: int | None = None,
    seed: int = 0,
    progress: Report | None = None,
) -> Outcome:
    """Whether the property has a counter-example. seconds: wall time, kept up to one batch of work.

    nodes: a budget of nodes besides, kept up to one batch. Then no solver that watches a clock is asked: if time does
    not run out first, the outcome is the same on a slow machine as on a fast one.

    "holds" is proven in outward-rounded arithmetic for all real inputs of every box, and unless the outcome says
    `covers="real"` also for every float32 evaluation of the file; the second checker has confirmed it, within the time and
    besides the nodes. "violated" carries inputs whose outputs onnxruntime confirmed. `Invalid`: property.shape,
    property.seconds.
    """
    if (prop.inputs, prop.outputs) != (network.inputs, network.outputs):
        what = Text(
            "The property has {p} inputs and outputs, the network {n}.", "性质的输入输出为{p}，网络为{n}。"
        )
        counts = {"p": f"{prop.inputs}/{prop.outputs}", "n": f"{network.inputs}/{network.outputs}"}
        raise refuse("property.shape", what.format(**counts), where="property")
    if not 0.0 < seconds < 1e9:
        what = Text("The time has to be above 0 seconds.", "时限应大于0秒。")
        raise refuse("property.seconds", what, where="seconds")
    clock = _Clock(time.monotonic(), seconds, progress, nodes)
    chance = np.random.default_rng(seed)
    for case in prop.cases:
        shown = attack(network, case, case.goals, chance, _POINTS, _STEPS, clock.late)
        if shown is not None:
            return Outcome("violated", "attack", clock.gone(), counter_example=shown)
    total = Findings()
    method: Method = "inputs" if network.inputs <= FEW_INPUTS else "signs"
    proofs: list[Check] = []
    for case in prop.cases:
        _add(total, _search(network, case, clock, proofs), clock)
        if total.counter_example is not None or total.late:
            break
    if total.stuck and total.counter_example is None and not total.late and nodes is None:
        total.counter_example, method = _ask_solver(network, prop, clock), "solver"
    found = _outcome(total, method, clock)
    if found.verdict != "holds":
        return found
    # Nothing is called proven that the second, simpler code does not confirm.
    sure = all(check(found.covers == "runtime", clock.gone_by) for check in proofs)
    if sure:
        return replace(found, seconds=clock.gone())
    return Outcome(
        "unknown", "none", clock.gone(), found.nodes, reason=TIME if clock.gone_by() else UNCONFIRMED
    )


def _search(network: Network, case: Case, clock: _Clock, proofs: list[Check]) -> Findings:
    if any(not len(g.rows) for g in case.goals):
        # Any finite answer would be a counter-example, and the attack found none.
        return Findings(stuck=1)
    if network.inputs <= FEW_INPUTS:
        search = InputSearch(network, case, clock.late, clock.tell)
        proofs.append(partial(check_cuts, network, case, search.cuts))
        return search.run()
    return _search_signs(network, case, clock, proofs)


def _search_signs(network: Network, case: Case, clock: _Clock, proofs: list[Check]) -> Findings:
    """Goal by goal; a goal that only rounding keeps open is tried once more in real arithmetic."""
    total = Findings()
    low, high = case.proof_box()
    first = Bounder(network).over(Boxes(low[None], high[None]))
    for goal in case.goals:
        timed = clock.nodes is None
        search = SignSearch(network, case, goal, clock.late, clock.tell, first=first, timed=timed)
        found = search.run()
        if found.stuck and found.counter_example is None and not found.late:
            search = SignSearch(network, case, goal, clock.late, clock.tell, runtime=False, timed=timed)
            again = search.run()
            again.nodes += found.nodes
            again.real_only = True
            found = again
        proofs.append(partial(check_leaves, network, case, goal, search.leaves))
        _add(total, found, clock)
        if total.counter_example is not None or total.late:
            break
    return total


def _add(total: Findings, found: Findings, clock: _Clock) -> None:
    total.nodes += found.nodes
    total.stuck += found.stuck
    total.late |= found.late
    total.real_only |= found.real_only
    total.counter_example = found.counter_example
    clock.before = clock.now = total.nodes


def _ask_solver(network: Network, prop: Property, clock: _Clock) -> CounterExample | None:
    """Candidates of the mixed-integer program, replayed. Its bound proves nothing and is not used."""
    for case in prop.cases:
        for goal in case.goals:
            if clock.late():
                return None
            point = smallest_excess(network, case, goal, clock.seconds - clock.gone()).point
            found = None if point is None else confirm(network, case, point[None])
            if found is not None:
                return found
    return None


def _outcome(found: Findings, method: Method, clock: _Clock) -> Outcome:
    gone = clock.gone()
    if found.counter_example is not None:
        return Outcome("violated", method, gone, found.nodes, counter_example=found.counter_example)
    if found.late:
        return Outcome("unknown", "none", gone, found.nodes, reason=TIME)
    if found.stuck:
        return Outcome("unknown", "none", gone, found.nodes, reason=TIE)
    return Outcome("holds", method, gone, found.nodes, covers="real" if found.real_only else "runtime")
