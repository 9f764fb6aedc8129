"""What an evaluation works on, and the rows that it may read for it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from hutong.engines import trust
from hutong.engines.trust.runs.case import Opener
from hutong.modules.datahub.contract import read_under_grant
from hutong.modules.trust.models import Evaluation


@dataclass(frozen=True)
class Case:
    """All that an evaluation works on. open: gives the target. use_code: of the read that was recorded; "" where no row is read."""

    system: trust.System
    profile: trust.Profile
    data: trust.Data
    open: Opener
    use_code: str = ""


def granted(grant_code: str, evaluation: Evaluation) -> tuple[pa.Table, str]:
    """The granted rows for an evaluation, and the code of the use that was recorded for it."""
    read = read_under_grant(grant_code, reader=evaluation.code, purpose="evaluation")
    try:
        return pq.read_table(read.path), read.use_code
    finally:
        read.path.unlink(missing_ok=True)
