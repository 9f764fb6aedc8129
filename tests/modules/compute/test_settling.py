"""Who settles a job, with what reading, and at which price."""

from __future__ import annotations

import pytest
from compute.desk import HOUR, PRICE_FEN, Desk
from refusals import refused

from hutong.kernel.errors import Denied, Invalid
from hutong.kernel.operation import OPERATIONS
from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.contract import cost_fen
from hutong.modules.compute.models import Pool


def test_only_the_hub_settles_and_only_the_centre_starts(desk: Desk) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    with refused(Denied, "compute:job:start"):
        desk.hub.do(desk.engineer, "compute.job.start", job=job)
    desk.start(job)
    given = {"job": job, "ending": "finished", "used": "0", "log": desk.log}
    for actor in (desk.engineer, desk.operator):
        with refused(Denied, "compute:job:settle"):
            desk.hub.do(actor, "compute.job.finish", **given)


@pytest.mark.parametrize("used", ["-1 ms", "NaN", "inf", "1e9"])
def test_a_meter_that_reads_nonsense_settles_nothing(desk: Desk, used: str) -> None:
    job = desk.submit(desk.active("2"), limit_s=60)
    desk.start(job)
    rule = "quantity.negative" if used.startswith("-") else "quantity.form"
    with refused(Invalid, rule, "used"):
        desk.hub.do(THE_HUB, "compute.job.finish", job=job, ending="finished", used=used, log=desk.log)
    job.refresh_from_db()
    assert (job.state, job.used_ms) == ("running", None)


def test_another_price_changes_no_past_cost(desk: Desk) -> None:
    old = desk.submit(desk.active("2"), limit_s=3600)
    desk.start(old)
    desk.end(old, 1_234_567)
    old.refresh_from_db()
    paid = 1_234_567 * PRICE_FEN // HOUR
    assert cost_fen(old) == paid == 120
    given = {"centre": desk.pool.centre, "chip": desk.pool.chip, "chips": 2, "price": "７"}
    dearer = desk.hub.do(desk.operator, "compute.pool.open", **given)
    new = desk.submit(desk.active("2", pool=dearer), limit_s=3600)
    desk.start(new)
    desk.end(new, 1_234_567)
    new.refresh_from_db()
    desk.hub.do(desk.operator, "compute.pool.close", pool=desk.pool, reason="Too cheap.")
    old.refresh_from_db()
    assert (cost_fen(old), cost_fen(new)) == (paid, 240)
    # A new price is a new pool: no operation changes the price of one that was used.
    touching = {o.name for o in OPERATIONS.values() if o.subject is not None and o.subject.kind is Pool}
    assert touching == {"compute.pool.close"}
