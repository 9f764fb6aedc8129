"""What can be done with centres, agreements, hours, jobs, statements and vouchers."""

from hutong.modules.compute.operations import (
    agreement,
    allocation,
    centre,
    decline,
    ending,
    experiment,
    intensity,
    job,
    recall,
    reservation,
    start,
    statement,
    voucher,
)

__all__ = [
    "agreement",
    "allocation",
    "centre",
    "decline",
    "ending",
    "experiment",
    "intensity",
    "job",
    "recall",
    "reservation",
    "start",
    "statement",
    "voucher",
]
