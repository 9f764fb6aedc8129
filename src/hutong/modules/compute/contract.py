"""The door of computing. Gates may hang on `ACTIVATE` and `START`."""

from hutong.modules.compute.auditing import audit_books, replay_decisions
from hutong.modules.compute.broker.turn import turn
from hutong.modules.compute.execution import log_of
from hutong.modules.compute.models import Allocation, Centre, Job
from hutong.modules.compute.programs import module, program
from hutong.modules.compute.proof import proof_for
from hutong.modules.compute.queries import submit_job
from hutong.modules.compute.quote import ask_of, quote
from hutong.modules.compute.residence import residence
from hutong.modules.compute.show.quote_tables import QuoteWords
from hutong.modules.compute.specs import work_of

ACTIVATE = "compute.allocation.activate"
START = "compute.job.start"

__all__ = [
    "ACTIVATE",
    "START",
    "Allocation",
    "Centre",
    "Job",
    "QuoteWords",
    "ask_of",
    "audit_books",
    "log_of",
    "module",
    "program",
    "proof_for",
    "quote",
    "replay_decisions",
    "residence",
    "submit_job",
    "turn",
    "work_of",
]
