"""What can be done with centres, hours and jobs."""

from hutong.modules.compute.operations import allocation, centre, job

__all__ = ["allocation", "centre", "job"]
