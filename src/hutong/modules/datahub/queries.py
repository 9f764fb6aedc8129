"""Reading data: only through a live grant, and every read is written down first."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from django.conf import settings

from hutong.kernel.clock import SYSTEM_CLOCK, Clock
from hutong.kernel.errors import NotFound
from hutong.kernel.permission import THE_HUB
from hutong.kernel.text import Text
from hutong.modules.datahub.models import DataGrant
from hutong.platform import files, runner


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Rows that were read: a Parquet file of the granted columns (the caller deletes it), and what it came from."""

    path: Path
    data_sha256: str
    version_code: str
    use_code: str


def read_under_grant(
    grant_code: str, *, reader: str, purpose: str, clock: Clock = SYSTEM_CLOCK
) -> ReadResult:
    """Read the granted columns for a job or an evaluation.

    Raises `NotFound` without such a grant, `Denied` without a live one, `Exhausted` past its quota, and `Invalid`
    where the stored rows no longer match their digest.
    """
    grant = DataGrant.objects.select_related("version_of").filter(code=grant_code).first()
    if grant is None:
        raise NotFound(
            Text("There is no data grant {g}.", "没有数据授权 {g}。").format(g=grant_code[:40]),
            rule="grant.unknown",
            remedy=Text("Ask the owner of the data for one.", "请向数据所有方申请。"),
            field="grant",
        )
    # Checked against its digest first: what cannot be read is not written down as read.
    content = files.read(grant.version_of.file_sha256)
    given = {"grant": grant.code, "reader": reader, "purpose": purpose}
    use = runner.run(THE_HUB, "datahub.use.record", given, clock=clock).record
    folder = Path(settings.HUTONG_HOME) / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{uuid.uuid4()}.parquet"
    pq.write_table(pq.read_table(io.BytesIO(content), columns=list(grant.columns)), target)
    return ReadResult(target, grant.version_of.file_sha256, grant.version_of.code, use.code)
