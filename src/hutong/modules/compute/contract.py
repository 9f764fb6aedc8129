"""The door of computing. Gates may hang on `ACTIVATE` and `START`."""

from hutong.modules.compute.auditing import audit_books, replay_decisions
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.execution import log_of
from hutong.modules.compute.models import Allocation, Job
from hutong.modules.compute.programs import module, program
from hutong.modules.compute.queries import submit_job
from hutong.modules.compute.residence import residence

ACTIVATE = "compute.allocation.activate"
START = "compute.job.start"

__all__ = [
    "ACTIVATE",
    "START",
    "Allocation",
    "Job",
    "audit_books",
    "log_of",
    "module",
    "program",
    "replay_decisions",
    "residence",
    "submit_job",
    "turn",
]
