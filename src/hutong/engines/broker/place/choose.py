"""One decision for the live broker: the node and GPUs for a request, the next best, and why the others are out.

Hard constraints come first (residence of the data, accepted models, template, CPU, memory, GPUs); then the terms of
a dated policy order what is left, lexicographically or as a weighted sum. The gradient term is fragmentation
gradient descent; every term is smaller-is-better and computed for all nodes at once. Ties: the first node listed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hutong.engines.broker.chips import partition
from hutong.engines.broker.place.decision import REASONS, Choice, Fleet, Order, Runner, Want, nowhere
from hutong.engines.broker.place.fragment import Flags, Floats, growth, mix_table
from hutong.engines.broker.place.state import ACCEPTS, CPU, GPUS, MEMORY, MILLI, SHARE, Ints, tightest
from hutong.engines.broker.place.typical import Mix
from hutong.kernel.errors import Exhausted, Invalid
from hutong.kernel.text import Text


def choose(
    fleet: Fleet, want: Want, mix: Mix, order: Order, top: int = 3, among: Flags | None = None
) -> Choice:
    """The best node for the request and the `top` next best, each with its reason.

    among: nodes to consider. Raises `Invalid` for a template no accepted chip has, `Exhausted` where no node fits,
    with the commonest constraint as its rule.
    """
    blocked = constraints(fleet, want, among)
    able = np.flatnonzero(blocked == "")
    counts = {reason: int((blocked == reason).sum()) for reason in REASONS if (blocked == reason).any()}
    if len(able) == 0:
        raise nowhere(counts)
    terms = {term: _term(fleet, want, mix, able, term) for term in order.terms}
    ranked = _ranked(terms, order)
    best = ranked[0]
    node = int(able[best])
    gpus, start = _gpus(fleet, want, node)
    values = {term: float(column[best]) for term, column in terms.items()}
    rejected = tuple(_runner(able, other, best, terms) for other in ranked[1 : top + 1])
    return Choice(node, gpus, start, order.version, values, rejected, counts)


def constraints(
    fleet: Fleet, want: Want, among: Flags | None = None
) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Shape (n,): the first hard constraint that keeps a node out, empty where it may be chosen."""
    board, request = fleet.board, want.request()
    out = np.full(len(fleet.names), "", dtype="<U9")
    models = (request[ACCEPTS] == 0) | (
        (board.model >= 0) & ((request[ACCEPTS] >> np.maximum(board.model, 0)) & 1 == 1)
    )
    if want.gpus and want.template is None:
        share = want.milli < MILLI
        enough = board.largest >= want.milli if share else board.whole >= want.gpus
    else:
        enough = np.ones(len(out), dtype=bool)
    every = np.ones(len(out), dtype=bool)
    checks = [
        ("residence", every if want.zones is None else np.isin(fleet.zone, sorted(want.zones))),
        ("switch", every if among is None else among),
        ("model", models if want.gpus else every),
        ("template", _with_template(fleet, want)),
        ("cpu", board.cpu >= request[CPU]),
        ("memory", board.memory >= request[MEMORY]),
        ("gpus", enough),
    ]
    for reason, passed in reversed(checks):
        out[~passed] = reason
    return out


def _with_template(fleet: Fleet, want: Want) -> Flags:
    able = np.ones(len(fleet.names), dtype=bool)
    if want.template is None:
        return able
    offered = [model for model in fleet.models if _offers(fleet, model, want.template)]
    if not offered:
        known = sorted({template.name for chip in fleet.chips.values() for template in chip.templates})
        raise Invalid(
            Text("No chip here has a template {name}", "此处没有芯片提供模板 {name}").format(
                name=want.template
            ),
            rule="broker.partition_template",
            remedy=Text("Ask for one of: {names}", "请改用下列之一：{names}").format(names=", ".join(known)),
            field="template",
        )
    for node in range(len(able)):
        able[node] = _place(fleet, want.template, node) is not None
    return able


def _offers(fleet: Fleet, model: str, template: str) -> bool:
    chip = fleet.chips.get(model)
    return chip is not None and any(one.name == template for one in chip.templates)


def _place(fleet: Fleet, template: str, node: int) -> tuple[int, int] | None:
    """The first GPU of the node where the template fits, with its start slice. A GPU shared by milli takes none."""
    model = int(fleet.board.model[node])
    if model < 0 or not _offers(fleet, fleet.models[model], template):
        return None
    for gpu in range(int(fleet.board.installed[node])):
        parts = fleet.partitions.get((node, gpu), ())
        if not parts and fleet.board.gpu[node, gpu] != MILLI:
            continue  # shared by milli or taken whole
        try:
            return gpu, partition(fleet.chips[fleet.models[model]], parts, template).start
        except Exhausted:
            continue
    return None


def _gpus(fleet: Fleet, want: Want, node: int) -> tuple[tuple[int, ...], int]:
    if want.template is not None:
        place = _place(fleet, want.template, node)
        assert place is not None  # the node passed the template check
        return (place[0],), place[1]
    if want.gpus == 0:
        return (), 0
    if want.milli < MILLI:
        return (int(tightest(fleet.board.gpu[node], want.milli)),), 0
    return tuple(int(gpu) for gpu in np.flatnonzero(fleet.board.gpu[node] == MILLI)[: want.gpus]), 0


def _term(fleet: Fleet, want: Want, mix: Mix, able: Ints, term: str) -> Floats:
    if term == "gradient":
        return _gradient(fleet, want, mix, able)
    if term == "speed":
        model = fleet.board.model[able]
        rate = np.where(model >= 0, fleet.speed[want.workload, np.maximum(model, 0)], 0.0)
        return np.where(rate > 0, 1.0 / np.maximum(rate, 1e-12), np.inf)
    return np.asarray(
        {"price": fleet.price, "egress": fleet.egress, "carbon": fleet.carbon}[term][able], dtype=float
    )


def _gradient(fleet: Fleet, want: Want, mix: Mix, able: Ints) -> Floats:
    """Growth of each node's expected fragment, milli-GPU. A template opens a whole GPU or goes onto an open one."""
    requests, slots = np.tile(want.request(), (len(able), 1)), np.full(len(able), -1, dtype=np.int64)
    for index, node in enumerate(able):
        if want.template is not None:
            gpus, _ = _gpus(fleet, want, int(node))
            opened = (int(node), gpus[0]) not in fleet.partitions
            requests[index, GPUS], requests[index, SHARE] = opened, MILLI * opened
        elif want.gpus and want.milli < MILLI:
            slots[index] = tightest(fleet.board.gpu[node], want.milli)
    out = np.zeros(len(able))
    growth(fleet.board, able, requests, slots, mix_table(mix), out)
    return out


def _ranked(terms: Mapping[str, Floats], order: Order) -> list[int]:
    columns = [terms[term] for term in order.terms]
    if order.weights is None:
        return [int(index) for index in np.lexsort(columns[::-1])]
    total = np.zeros(len(columns[0]))
    for weight, column in zip(order.weights, columns, strict=True):
        finite = np.where(np.isfinite(column), column, np.nan)
        low, high = (np.nanmin(finite), np.nanmax(finite)) if np.isfinite(column).any() else (0.0, 0.0)
        scaled = (column - low) / (high - low) if high > low else np.zeros(len(column))
        total += weight * np.minimum(np.where(np.isfinite(column), scaled, 1.0), 1.0)
    return [int(index) for index in np.argsort(total, kind="stable")]


def _runner(able: Ints, other: int, best: int, terms: Mapping[str, Floats]) -> Runner:
    """Why `other` came after `best`: the first term it is worse in, else the order of the list."""
    node = int(able[other])
    for term, column in terms.items():
        if column[other] > column[best]:
            return Runner(node, term, float(column[other]), float(column[best]))
    return Runner(node, "order", float(node), float(able[best]))
