"""What data hold against computing: rows that may not leave a region are worked on there or not at all."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.modules.compute.contract import Job, residence
from hutong.modules.datahub.models import DataGrant


@residence
def within_regions(job: Job) -> Iterable[str] | None:
    """The regions of the data set that the job reads under a grant; None where nothing binds it."""
    code = job.inputs.get("grant")
    grant = (
        DataGrant.objects.select_related("version_of__dataset").filter(code=code).first() if code else None
    )
    if grant is None:
        return None
    regions: list[str] = grant.version_of.dataset.regions
    return regions or None
