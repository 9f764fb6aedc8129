"""One order of waiting jobs from several reasons: fair share, award priority, deadline, age; and strict FIFO where promised.

Each reason is worth 0 to a million points, the policy's weights add them up, all in integers. Equal sums go by time of
submission, then by number. In a strict queue the jobs keep the places that the queue has won, but fill them first in,
first out: so nobody overtakes inside it, and what other queues get is untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

Integers = NDArray[np.int64]
FULL = 1_000_000
NO_DEADLINE = -1
LARGEST_WEIGHT = 1_000_000_000
# 31 years: beyond it the points leave 64 bits.
LONGEST_MS = 10**12
TERMS = (
    Text("fair share", "公平份额"),
    Text("award priority", "资助优先级"),
    Text("deadline", "截止时间"),
    Text("waiting time", "等待时间"),
)


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """Weights of the four reasons (0 to 10^9), and where three of them saturate.

    awards: number of the highest award priority. horizon_ms: a job with this much slack or more is not urgent.
    ageing_ms: after this long, waiting longer counts no more.
    """

    version: str
    fair: int
    award: int
    laxity: int
    age: int
    awards: int
    horizon_ms: int
    ageing_ms: int

    def __post_init__(self) -> None:
        weights = (self.fair, self.award, self.laxity, self.age)
        limits = (self.awards, self.horizon_ms, self.ageing_ms)
        if not (all(0 <= w <= LARGEST_WEIGHT for w in weights) and all(1 <= x <= LONGEST_MS for x in limits)):
            raise Invalid(
                Text("The policy has an impossible weight or limit.", "策略的权重或上限有误。"),
                rule="order.policy",
                remedy=Text(
                    "Weights are 0 to 10^9, limits 1 to 10^12.", "权重为 0 至 10^9，上限为 1 至 10^12。"
                ),
                field="policy",
            )

    @property
    def weights(self) -> tuple[int, int, int, int]:
        return self.fair, self.award, self.laxity, self.age


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Waiting jobs as columns. number: unique. queue: place in the table of queues. award: 0 to `OrderPolicy.awards`.

    deadline_ms: by which it must end, or `NO_DEADLINE`. run_ms: how long it is expected to run.
    """

    number: Integers
    queue: Integers
    submit_ms: Integers
    award: Integers
    deadline_ms: Integers
    run_ms: Integers

    def __len__(self) -> int:
        return len(self.number)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """order: places of the jobs, first served first. points: (jobs, 4) of `TERMS`, unweighted. priority: their weighted sum.

    strict: per job, whether its queue is first in, first out.
    """

    order: Integers
    points: Integers
    priority: Integers
    strict: NDArray[np.bool_]
    jobs: Waiting
    policy: OrderPolicy

    def why(self, job: int) -> tuple[tuple[Text, int], ...]:
        """What each reason adds to the priority of a job, the greatest first."""
        parts = [
            (term, int(p) * w)
            for term, p, w in zip(TERMS, self.points[job], self.policy.weights, strict=True)
        ]
        return tuple(sorted(parts, key=lambda part: -part[1]))

    def why_before(self, first: int, second: int) -> Text:
        """The rule by which one job stands before another, said in one sentence."""
        if self.strict[first] and self.strict[second] and self.jobs.queue[first] == self.jobs.queue[second]:
            return Text(
                "It was submitted earlier, and the queue is first in, first out.",
                "提交更早，且该队列按先进先出处理。",
            )
        gaps = [
            (int(a - b) * w, term)
            for a, b, w, term in zip(
                self.points[first], self.points[second], self.policy.weights, TERMS, strict=True
            )
        ]
        gap, term = max(gaps, key=lambda one: one[0])
        if gap <= 0 or self.priority[first] <= self.priority[second]:
            if self.strict[first] or self.strict[second]:
                return Text(
                    "It holds a place that its first-in, first-out queue has won.",
                    "其占用所在先进先出队列赢得的位次。",
                )
            return Text(
                "Their priorities are equal and it was submitted earlier.", "优先级相同，提交更早者在前。"
            )
        return Text("It is ahead by its {t}.", "因{t}而在前。").format(t=term)


def rank(
    jobs: Waiting, fair: Integers, policy: OrderPolicy, now_ms: int, strict: NDArray[np.bool_] | None = None
) -> Ranking:
    """The order of the jobs at an instant.

    fair: points per queue, 0 to a million (see `fair_points`). strict: per queue, whether it is first in, first out.
    A clock that jumps back makes no age negative. Linear in the jobs but for one sort.
    """
    points = np.stack(
        [
            fair[jobs.queue],
            np.clip(jobs.award, 0, policy.awards) * FULL // policy.awards,
            _urgency(jobs, policy, now_ms),
            np.clip(now_ms - jobs.submit_ms, 0, policy.ageing_ms) * FULL // policy.ageing_ms,
        ],
        axis=1,
    )
    priority: Integers = points @ np.array(policy.weights, dtype=np.int64)
    arrival = np.lexsort((jobs.number, jobs.submit_ms))
    order = arrival[np.argsort(-priority[arrival], kind="stable")]
    bound = np.zeros(len(jobs), dtype=np.bool_) if strict is None else strict[jobs.queue]
    if bound.any():
        order = _first_in_first_out(order, arrival, jobs.queue, bound)
    return Ranking(order, points, priority, bound, jobs, policy)


def fair_points(rank_of_queue: Sequence[int] | Integers) -> Integers:
    """Points of queues from their ranks (`FairShares.rank`; 1 is best, 0 is no queue): a million down to nearly nothing."""
    ranks = np.asarray(rank_of_queue, dtype=np.int64)
    n = max(1, int(ranks.max(initial=1)))
    made: Integers = np.where(ranks > 0, (n + 1 - ranks) * FULL // n, 0)
    return made


def _urgency(jobs: Waiting, policy: OrderPolicy, now_ms: int) -> Integers:
    """None without a deadline or with the horizon's slack; all when there is no slack left."""
    slack = np.clip(jobs.deadline_ms - now_ms - jobs.run_ms, 0, policy.horizon_ms)
    made: Integers = (policy.horizon_ms - slack) * FULL // policy.horizon_ms
    return np.where(jobs.deadline_ms == NO_DEADLINE, 0, made)


def _first_in_first_out(
    order: Integers, arrival: Integers, queue: Integers, bound: NDArray[np.bool_]
) -> Integers:
    """Places of strict queues are kept, and filled within each queue by arrival."""
    places = np.flatnonzero(bound[order])
    ranked = order[places]
    by_queue = places[np.argsort(queue[ranked], kind="stable")]
    came = arrival[bound[arrival]]
    made = order.copy()
    made[by_queue] = came[np.argsort(queue[came], kind="stable")]
    return made
