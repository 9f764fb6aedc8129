"""Importers of traces: jobs with times (SWF, Philly, Slurm's sacct) and the openb cluster with its tasks.

The openb importer makes the arrays of the placement engine and is imported by its own name, so that readers of job
traces do not load that engine: `from hutong.engines.broker.traces.openb import read_openb`.
"""

from hutong.engines.broker.traces.jobs import Row, Trace, trace, trace_csv
from hutong.engines.broker.traces.lines import BadLine
from hutong.engines.broker.traces.philly import read_philly
from hutong.engines.broker.traces.sacct import SacctJob, parse_sacct, read_sacct, sacct_trace
from hutong.engines.broker.traces.swf import Swf, from_trace, parse_swf, read_swf, swf_trace, write_swf

__all__ = [
    "BadLine",
    "Row",
    "SacctJob",
    "Swf",
    "Trace",
    "from_trace",
    "parse_sacct",
    "parse_swf",
    "read_philly",
    "read_sacct",
    "read_swf",
    "sacct_trace",
    "swf_trace",
    "trace",
    "trace_csv",
    "write_swf",
]
