"""Cycles among indicators: Tarjan's strongly connected components over references to the same period.

R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972; written without
recursion so that a long chain of indicators does not exhaust the stack. A reference to an earlier period
closes no cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Graph = Mapping[str, Iterable[str]]


def components(graph: Graph) -> list[tuple[str, ...]]:
    """Strongly connected components, those depended upon first. Targets that are no key are left aside."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    found: list[tuple[str, ...]] = []
    for root in sorted(graph):
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(sorted(graph[root])))]
        index[root] = low[root] = len(index)
        path.append(root)
        on_path.add(root)
        while work:
            node, successors = work[-1]
            step = next((s for s in successors if s in graph and (s not in index or s in on_path)), None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    found.append(_take(node, path, on_path))
            elif step in index:
                low[node] = min(low[node], index[step])
            else:
                index[step] = low[step] = len(index)
                path.append(step)
                on_path.add(step)
                work.append((step, iter(sorted(graph[step]))))
    return found


def _take(root: str, path: list[str], on_path: set[str]) -> tuple[str, ...]:
    members: list[str] = []
    while not members or members[-1] != root:
        members.append(path.pop())
        on_path.discard(members[-1])
    return tuple(reversed(members))


def cycles(graph: Graph) -> list[tuple[str, ...]]:
    """One closed walk per cyclic component, written a → … → a and starting at its smallest name."""
    return sorted(
        _walk(set(part), graph)
        for part in components(graph)
        if len(part) > 1 or part[0] in set(graph[part[0]])
    )


def _walk(members: set[str], graph: Graph) -> tuple[str, ...]:
    """Shortest way from the smallest member back to itself, breadth first."""
    start = min(members)
    came: dict[str, str] = {}
    queue = [start]
    for node in queue:
        for step in sorted(set(graph[node]) & members):
            if step == start:
                trail = [node]
                while trail[-1] != start:
                    trail.append(came[trail[-1]])
                return (*reversed(trail), start)
            if step not in came:
                came[step] = node
                queue.append(step)
    raise AssertionError("a cyclic component has a way back to each of its members")


def cycle_problem(cycle: tuple[str, ...]) -> Invalid:
    """The refusal that names a cycle."""
    return Invalid(
        Text("indicators refer to each other in a circle: {c}", "指标循环引用：{c}").format(
            c=" → ".join(cycle)
        ),
        rule="indicators.cycle",
        remedy=Text(
            "refer to an earlier period with previous(…), or drop one reference",
            "请改用 previous(…) 引用上期，或删去其中一处引用",
        ),
        field="expression",
    )
