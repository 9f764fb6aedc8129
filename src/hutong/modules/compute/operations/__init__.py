"""What can be done with centres, agreements, hours, jobs, statements and vouchers."""

from hutong.modules.compute.operations import (
    agreement,
    allocation,
    centre,
    experiment,
    job,
    statement,
    voucher,
)

__all__ = ["agreement", "allocation", "centre", "experiment", "job", "statement", "voucher"]
