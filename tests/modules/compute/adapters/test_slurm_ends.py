"""How an attempt ended of which a killed controller knows nothing any more: what the guard wrote down decides."""

from __future__ import annotations

import pytest

from hutong.modules.compute.adapters import Attempt
from hutong.modules.compute.adapters.slurm_reading import report_of
from hutong.modules.compute.adapters.spool import Standing


@pytest.mark.parametrize(
    ("status", "revoked", "state"),
    [
        (0, False, "finished"),
        (0, True, "finished"),
        (3, False, "failed"),
        # It broke by itself (SIGSEGV).
        (139, False, "failed"),
        # It was ended, by us or by an engine that had forgotten it: no fault of the job.
        (143, True, "cancelled"),
        (143, False, "lost"),
        (137, True, "cancelled"),
        (137, False, "lost"),
    ],
)
def test_the_guards_word_where_no_one_elses_is_left(status: int, revoked: bool, state: str) -> None:
    standing = Standing("7", 1_800_000_000, status, 1_800_000_009)
    report = report_of(Attempt("J", "a1", 1), [], [], standing, revoked=revoked)
    assert (report.state, report.status, report.accounted) == (state, status, False)
