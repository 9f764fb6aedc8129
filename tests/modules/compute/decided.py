"""A course of decisions in a hub of its own: the digests of its log, as JSON. The same on every database.

Run as a program with HUTONG_HOME, and HUTONG_DATABASE_URL where the records lie in PostgreSQL.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta

ROUNDS, JOBS = 12, 40


def course(seed: int = 7) -> dict[str, object]:
    """Jobs of many shapes wait, are placed, end and give their chips back; every picture is decided and logged."""
    from compute.commands import CommandDesk, Neighbouring
    from tests_hub import Hub

    from hutong.engines.broker.decide import decide
    from hutong.kernel.permission import THE_HUB
    from hutong.modules.compute.broker.picture import picture
    from hutong.modules.compute.broker.place import log
    from hutong.modules.compute.contract import replay_decisions
    from hutong.modules.compute.models import Decision, Job

    chance = random.Random(seed)
    desk = CommandDesk(Hub())
    south = Neighbouring(desk)
    south.agree()
    hours = desk.active("38")
    for _ in range(JOBS):
        deadline = (
            desk.hub.clock.now() + timedelta(hours=chance.randint(30, 90)) if chance.random() < 0.3 else None
        )
        given = {"deadline": deadline.isoformat()} if deadline else {}
        desk.order(hours, "true", chips=chance.randint(1, 4), limit_s=chance.randint(60, 1200), **given)
    for number in range(ROUNDS):
        desk.hub.clock.advance(timedelta(seconds=chance.randint(1, 900)))
        seen = picture(desk.hub.clock.now())
        made = decide(seen)
        log(seen, made, epoch=1 + number // 4)
        for start in made.starts:
            desk.hub.do(THE_HUB, "compute.job.start", job=start.job, pool=start.pool)
        for job in Job.objects.filter(state="running").order_by("pk"):
            if chance.random() < 0.6:
                desk.end(job, job.chips * chance.randint(1, job.limit_s * 1000), well=chance.random() < 0.8)
    rows = list(Decision.objects.order_by("pk").values_list("picture_sha256", "sha256"))
    found = replay_decisions(100)
    started = sum(len(d.content["content"]["starts"]) for d in Decision.objects.all())
    return {"log": rows, "last": found.last, "faults": found.faults, "started": started}


if __name__ == "__main__":
    from hutong.cli.home import open_hub

    open_hub()
    print(json.dumps(course()))
