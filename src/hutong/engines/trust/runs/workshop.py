"""One process at work: the target opened once, the plan checked once, tasks counted one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from hutong.engines.trust.observe import bench_of
from hutong.engines.trust.observe import count as count_claim
from hutong.engines.trust.rooms import Method
from hutong.engines.trust.runs.case import Case
from hutong.engines.trust.runs.graph import Task, count
from hutong.engines.trust.targets import asked_for, closing
from hutong.engines.trust.types import Json


class Workshop:
    """Counts any task of a case. `Conflict` plan.* where target, data, profile or seed are not those of the plan."""

    def __init__(self, case: Case, rows: int) -> None:
        self._target, self._rows = case.open(), rows
        self._bench, self._makers = bench_of(
            case.plan, self._target, case.system, case.profile, case.data, case.seed
        )
        self._claims = {claim.id: claim for claim in case.plan.claims}

    def close(self) -> None:
        """Give up the target's child, connection and record."""
        with closing(self._target):
            pass

    def count(self, task: Task) -> Json:
        """What `observe` counts for this claim, or its share of it."""
        claim = self._claims[task.claim]

        def part(method: Method) -> Json:
            return count(claim, task, method, self._bench, self._rows)

        with asked_for(self._target, task.id):
            return count_claim(claim, self._makers.get(task.claim), self._bench, part)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order: linear algebra on one thread, so that in-process and worker runs agree to the last bit."""
    # Comes with scikit-learn; it has no types.
    with import_module("threadpoolctl").threadpool_limits(1):
        yield
