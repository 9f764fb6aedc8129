"""What follows in the background: a centre that joins is made ready, a statement that is grossly wrong is set aside."""

from __future__ import annotations

from django_tasks import task

from hutong.kernel.permission import THE_HUB
from hutong.modules.compute.broker.centres import join
from hutong.modules.compute.models import Centre, Statement
from hutong.platform import runner


@task()
def welcome(centre: str) -> str:
    """Make the spool of a centre that joined. Returns its connection."""
    found = Centre.objects.get(code=centre)
    join(found)
    return found.connection


@task()
def quarantine(statement: str) -> str:
    """Dispute the statement and suspend its centre until a person has looked. Returns the state of the centre."""
    found = Statement.objects.select_related("centre").get(code=statement)
    why = found.flags[0]
    reason = f"{why['en']} / {why['zh']}"
    if found.state == "submitted":
        runner.run(THE_HUB, "compute.statement.dispute", {"statement": found.code, "reason": reason})
    centre = found.centre
    if centre.state in ("active", "draining"):
        runner.run(THE_HUB, "compute.centre.suspend", {"centre": centre.code, "reason": reason})
    centre.refresh_from_db()
    return centre.state
