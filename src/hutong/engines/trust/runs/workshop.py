"""One process at work: the target opened once, the plan checked once, tasks counted one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from hutong.engines.trust.observe import _makers, _same
from hutong.engines.trust.plan import content_of
from hutong.engines.trust.rooms import Bench, Setting
from hutong.engines.trust.runs.case import Case
from hutong.engines.trust.runs.graph import Task, count
from hutong.engines.trust.types import Json
from hutong.kernel.text import Text

NO_TEST = Text("no test of this claim is installed", "未安装该项测试")


class Workshop:
    """Counts any task of a case. `Conflict` plan.* where target, data, profile or seed are not those of the plan."""

    def __init__(self, case: Case, rows: int) -> None:
        target = case.open()
        _same(case.plan, target, case.system, case.profile, case.data, case.seed)
        setting = Setting(
            case.profile, case.system, case.data, target.access, float(case.plan.alpha), content_of(target)
        )
        self._rows = rows
        self._bench = Bench(setting, target, case.seed)
        self._makers = _makers(setting)
        self._claims = {claim.id: claim for claim in case.plan.claims}

    def count(self, task: Task) -> Json:
        """What `observe` counts for this claim, or its share of it."""
        method = self._makers.get(task.claim)
        if method is None or method.observe is None:
            return {"not_run": NO_TEST.as_json()}
        missing = method.missing(self._bench.setting)
        if missing is not None:
            return {"not_run": missing.as_json()}
        return count(self._claims[task.claim], task, method, self._bench, self._rows)


@contextmanager
def one_thread() -> Iterator[None]:
    """Sums in one order: linear algebra on one thread, so that in-process and worker runs agree to the last bit."""
    # Comes with scikit-learn; it has no types.
    with import_module("threadpoolctl").threadpool_limits(1):
        yield
