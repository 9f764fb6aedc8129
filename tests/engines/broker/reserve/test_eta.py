"""When will my job start: forecasts see nothing of the future, and their intervals cover what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from hutong.engines.broker.reserve import Calibrator, Foretold, Log, calibrate, foretell_starts, replay_easy
from hutong.engines.broker.reserve.calibrate import censored_quantiles
from hutong.kernel.errors import Invalid

CAPACITY = 16


def busy(seed: int, jobs: int = 3000) -> Log:
    luck = np.random.default_rng(seed)
    submit = np.cumsum(luck.exponential(34, jobs)).astype(np.int64)
    run = np.ceil(luck.lognormal(4, 1.2, jobs)).astype(np.int64)
    return Log(
        submit, run, luck.choice([1, 2, 4, 8], jobs, p=[0.5, 0.2, 0.2, 0.1]), luck.integers(0, 3, jobs)
    )


def told(log: Log, **more: object) -> Foretold:
    begun = replay_easy(log, CAPACITY, share=0.5, default=100).start
    return foretell_starts(log, CAPACITY, begun, default=100, **more)  # type: ignore[arg-type]


def interval(made: Foretold, **more: float) -> NDArray[np.int64]:
    return calibrate(made.made, made.actual, made.low, made.middle, made.high, **more)


def covered(made: Foretold, given: NDArray[np.int64]) -> float:
    return float(((given[:, 0] <= made.actual) & (made.actual <= given[:, 2])).mean())


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_intervals_cover_their_share_of_logs_never_seen_before(coverage: float) -> None:
    for seed in range(3):
        made = told(busy(seed), stride=2)
        assert len(made.job) > 300
        assert abs(covered(made, interval(made, coverage=coverage)) - coverage) <= 0.03


def test_calibration_repairs_forecasts_that_are_wrong_by_a_factor() -> None:
    made = told(busy(5), stride=2)
    for factor in (0.1, 10):
        low, middle, high = (
            (made.made + (bound - made.made) * factor).astype(np.int64)
            for bound in (made.low, made.middle, made.high)
        )
        wrong = Foretold(made.job, made.made, made.actual, low, middle, high)
        raw = np.stack((low, middle, high), axis=1)
        assert abs(covered(wrong, raw) - 0.8) > 0.2
        assert abs(covered(wrong, interval(wrong)) - 0.8) <= 0.03


def test_forecasts_until_an_instant_depend_on_nothing_that_happens_later() -> None:
    log = busy(3, 800)
    begun = replay_easy(log, CAPACITY, share=0.5, default=100).start
    cut = int(np.median(begun))
    run = np.where(begun + log.run > cut, log.run * 2 + cut, log.run)
    other = Log(log.submit, run, log.chips, log.kind)
    first = told(log)
    again = told(other)
    early = first.made <= cut
    assert 50 < early.sum() < len(early)
    assert (again.made[: early.sum()] == first.made[early]).all()
    for name in ("low", "middle", "high"):
        assert (getattr(again, name)[: early.sum()] == getattr(first, name)[early]).all()
    # Calibrated too, as far as outcomes known by then go.
    assert (interval(again)[: early.sum()] == interval(first)[early]).all()


def test_a_worked_forecast() -> None:
    """One chip, all jobs run 10: a job behind one that has run 4 and one that waits starts at 6 + 10 from now."""
    many = 12
    log = Log(
        np.array([*range(0, many * 20, 20), 300, 301, 304]),
        np.full(many + 3, 10),
        np.ones(many + 3, np.int64),
        np.zeros(many + 3, np.int64),
    )
    begun = replay_easy(log, 1).start
    made = foretell_starts(log, 1, begun)
    assert made.job.tolist() == [many + 1, many + 2]
    assert made.middle.tolist() == [310, 320] and made.actual.tolist() == [310, 320]


def test_a_seed_decides_the_draws() -> None:
    log = busy(1, 400)
    a, b, c = told(log, seed=1), told(log, seed=1), told(log, seed=2)
    assert (a.low == b.low).all() and (a.high == b.high).all()
    assert (a.low != c.low).any()


def test_jobs_ahead_by_key_are_the_jobs_ahead() -> None:
    """Two wait before a third comes; with a smaller key the third is first, with a larger one last."""
    past = 10
    submit = np.array([*range(0, past * 20, 20), 300, 301, 302, 303])
    log = Log(submit, np.full(past + 4, 10), np.ones(past + 4, np.int64), np.zeros(past + 4, np.int64))
    begun = np.array([*range(0, past * 20, 20), 300, 310, 320, 330])
    for key, start in ((0, 310), (9, 330)):
        made = foretell_starts(log, 1, begun, key=np.array([5] * (past + 3) + [key]))
        assert made.middle[-1] == start


def test_censored_quantiles_by_hand() -> None:
    """Kaplan and Meier: of 4, the second is censored: the curve falls to 3/4, then to 3/8 and 0."""
    values, known = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, True])
    assert censored_quantiles(values, known, (0.25, 0.5, 0.9)) == [1.0, 3.0, 4.0]
    everyone = censored_quantiles(values, np.ones(4, bool), (0.25, 0.5, 0.75))
    assert everyone == [1.0, 2.0, 3.0]
    (beyond,) = censored_quantiles(values, np.array([True, True, False, False]), (0.75,))
    assert beyond == pytest.approx(4 + np.log(2))


def test_a_job_that_outwaits_its_bound_widens_the_next_interval_before_it_starts() -> None:
    stream = Calibrator()
    before = stream.interval(1, 0, 10, 20, 30)
    assert (before.low, before.middle, before.high) == (10, 20, 30)
    later = stream.interval(2, 1000, 1010, 1020, 1030)
    assert later.high > 1030
    stream.gone(2)
    stream.started(3, 1001)


def test_coverage_outside_0_and_1_is_refused() -> None:
    with pytest.raises(Invalid):
        Calibrator(1.0)
