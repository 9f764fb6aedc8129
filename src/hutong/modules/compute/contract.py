"""The door of computing. Gates may hang on `ACTIVATE` and `START`."""

from hutong.modules.compute.models import Allocation, Job
from hutong.modules.compute.programs import program
from hutong.modules.compute.queries import cost_fen, submit_job

ACTIVATE = "compute.allocation.activate"
START = "compute.job.start"

__all__ = ["ACTIVATE", "START", "Allocation", "Job", "cost_fen", "program", "submit_job"]
