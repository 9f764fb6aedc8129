"""The loop: chips are conserved under every policy, runs repeat exactly, order and restarts are as stated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from hutong.engines.broker import elastic
from hutong.engines.broker.elastic import POLICIES, Grant, Pool
from hutong.engines.broker.elastic.knowledge import Fits, Knowledge
from hutong.engines.broker.elastic.training import TrainingJob
from hutong.kernel.errors import Invalid

Run = Callable[[elastic.Policy], elastic.RunOutcome]


@dataclass(eq=False)
class Recorder:
    """Any policy, with what it granted."""

    inner: elastic.Policy
    granted: list[tuple[list[str], dict[str, Grant]]] = field(default_factory=list)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def allocate(self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]) -> dict[str, Grant]:
        made = self.inner.allocate(now_s, jobs, pools)
        self.granted.append(([job.name for job in jobs], made))
        return made


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_chips_are_conserved_and_every_job_ends(
    name: str, run: Run, workload: elastic.Workload, applications: dict[str, elastic.Application]
) -> None:
    recorder = Recorder(POLICIES[name]())
    outcome = run(recorder)  # type: ignore[arg-type]
    assert {job.name for job in outcome.jobs} == {job.name for job in workload.jobs}
    for present, grants in recorder.granted:
        assert set(grants) <= set(present)
        for index, per_node in ((0, 4), (1, 4)):
            nodes = [node for grant in grants.values() if grant.pool == index for node in grant.nodes]
            assert all(nodes.count(node) <= per_node for node in set(nodes))
    rigid = {job.name: job.chips for job in workload.jobs}
    if not recorder.inner.tuned:
        assert all(len(g.nodes) == rigid[who] for _, grants in recorder.granted for who, g in grants.items())
    for job in outcome.jobs:
        # no job ends sooner than its chips could have, nor holds more chip-seconds than the cluster had
        assert job.completion_s > 0
        assert 0 < job.chip_s <= 12 * job.completion_s


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_the_same_run_twice_is_the_same(name: str, run: Run) -> None:
    one, other = run(POLICIES[name]()), run(POLICIES[name]())
    assert one.jobs == other.jobs
    assert one.contention == other.contention


def test_fifo_starts_in_order_of_submission(run: Run, workload: elastic.Workload) -> None:
    recorder = Recorder(POLICIES["fifo"]())
    run(recorder)  # type: ignore[arg-type]
    started: list[str] = []
    for _, grants in recorder.granted:
        started += sorted((name for name in grants if name not in started), key=lambda name: int(name[4:]))
    assert started == [job.name for job in workload.jobs]


def test_fifo_never_suspends(run: Run) -> None:
    assert all(job.restarts == 0 for job in run(POLICIES["fifo"]()).jobs)


def test_a_policy_that_overbooks_is_refused(run: Run) -> None:
    class Greedy:
        name, interval_s, tuned, shared = "greedy", 60, False, False

        def allocate(
            self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]
        ) -> dict[str, Grant]:
            return {job.name: Grant(0, (0, 0, 0)) for job in jobs}

    with pytest.raises(Invalid, match="overbooked"):
        run(Greedy())


def test_a_policy_that_starves_is_named(
    workload: elastic.Workload, applications: dict[str, elastic.Application]
) -> None:
    class Idle:
        name, interval_s, tuned, shared = "idle", 60, False, False

        def allocate(
            self, now_s: int, jobs: Sequence[TrainingJob], pools: tuple[Pool, ...]
        ) -> dict[str, Grant]:
            return {}

    pools = (Pool("slow", 2, 4), Pool("fast", 1, 4))
    with pytest.raises(Invalid, match="idle left jobs undone"):
        elastic.simulate(workload, applications, pools, Idle(), limit_s=3600)


def job_of(applications: dict[str, elastic.Application]) -> TrainingJob:
    application = applications["small"]
    return TrainingJob(
        elastic.Submission("one", 0, "small", 2, 128), application, Knowledge(Fits()), tuned=False
    )


def test_a_run_by_hand(applications: dict[str, elastic.Application]) -> None:
    """Two fast chips, batch 128: 64 samples a chip; step 0.01 + 0.0015 x 64 + 0.005 s."""
    job = job_of(applications)
    job.assign("fast", (2,))
    job.advance(2000)
    gain = (1.0 + 0.1) / (1.0 / 4 + 0.1)
    rate = gain / (0.01 + 0.096 + 0.005) / 1.2
    assert job.completed_s == pytest.approx(20 + 3 * round(400 / rate), abs=1)


def test_a_move_costs_a_restart_and_staying_does_not(applications: dict[str, elastic.Application]) -> None:
    job = job_of(applications)
    job.assign("slow", (2,))
    job.advance(30)
    before = job.progress
    job.assign("slow", (2,))
    assert job.restart_left_s == 0 and job.restarts == 0
    job.assign("slow", (1, 1))
    assert job.restart_left_s == 20 and job.restarts == 1
    job.advance(20)
    assert job.progress == before
    job.advance(5)
    assert job.progress > before


def test_classes_that_pool_what_they_saw_finish_sooner(run: Run) -> None:
    assert run(POLICIES["elastic"]()).mean_completion_s < run(POLICIES["fifo"]()).mean_completion_s
