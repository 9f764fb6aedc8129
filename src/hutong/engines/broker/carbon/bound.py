"""The least that could be emitted, with the whole series and all jobs known: a linear programme."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

from hutong.engines.broker.carbon.series import Floats
from hutong.engines.broker.carbon.shifting import ShiftableJob
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text


def least_emission(
    jobs: Sequence[ShiftableJob], signal: Floats, capacity: int, deadlines: NDArray[np.int64]
) -> tuple[float, Floats]:
    """Bound and shares (jobs x slots) of: min sum signal x energy x share, with each job's work done inside its
    window, shares in [0, 1], chips within capacity.

    Parts of a slot, parts of a gang and pauses are free here, so no schedule emits less. Raises Invalid where even
    this cannot keep the deadlines.
    """
    job_of, slot_of = _windows(jobs, deadlines)
    kwh = np.array([job.kwh for job in jobs])
    chips = np.array([job.chips for job in jobs], dtype=float)
    columns = np.arange(len(job_of))
    found = linprog(
        signal[slot_of] * kwh[job_of],
        A_ub=csr_matrix((chips[job_of], (slot_of, columns)), shape=(len(signal), len(columns))),
        b_ub=np.full(len(signal), float(capacity)),
        A_eq=csr_matrix((np.ones(len(columns)), (job_of, columns)), shape=(len(jobs), len(columns))),
        b_eq=np.array([float(job.work) for job in jobs]),
        bounds=(0.0, 1.0),
        method="highs",
    )
    if found.status != 0:
        raise Invalid(
            Text("the deadlines cannot be kept with this capacity", "以此容量无法满足全部截止时间"),
            rule="broker.carbon.infeasible",
            remedy=Text("add capacity or allow more slack", "请增加容量或放宽宽限"),
        )
    shares = np.zeros((len(jobs), len(signal)))
    shares[job_of, slot_of] = found.x
    return float(found.fun), shares


def _windows(
    jobs: Sequence[ShiftableJob], deadlines: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    job_of = [
        np.full(int(end) - job.release, row)
        for row, (job, end) in enumerate(zip(jobs, deadlines, strict=True))
    ]
    slot_of = [np.arange(job.release, int(end)) for job, end in zip(jobs, deadlines, strict=True)]
    return np.concatenate(job_of), np.concatenate(slot_of)
