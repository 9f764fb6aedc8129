"""Tables of computing, by what they hold."""

from hutong.modules.compute.models.book import Account, Posting
from hutong.modules.compute.models.broker import Decision, Turn
from hutong.modules.compute.models.centre import Agreement, Centre, Intensity, Pool, Price, Reservation
from hutong.modules.compute.models.experiment import Experiment
from hutong.modules.compute.models.money import Statement, Voucher, VoucherEntry
from hutong.modules.compute.models.work import LONGEST_ENDING, Allocation, Attempt, Job, Segment

__all__ = [
    "LONGEST_ENDING",
    "Account",
    "Agreement",
    "Allocation",
    "Attempt",
    "Centre",
    "Decision",
    "Experiment",
    "Intensity",
    "Job",
    "Pool",
    "Posting",
    "Price",
    "Reservation",
    "Segment",
    "Statement",
    "Turn",
    "Voucher",
    "VoucherEntry",
]
