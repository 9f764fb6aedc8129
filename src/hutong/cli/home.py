"""The hub's home on this machine: where it lies, and bringing it up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hutong.kernel.errors import Denied, NotFound
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text


def open_hub(*, migrate: bool = True) -> None:
    """Set Django up in HUTONG_HOME and bring the database to the newest tables."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hutong.site.settings")
    # Compiling the broker's loops takes longer than thousands of small decisions; a large hub sets 1.
    os.environ.setdefault("HUTONG_COMPILE", "0")
    import django

    django.setup()
    if migrate:
        from django.core.management import call_command
        from django.db import connection
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, skip_checks=True)


def home() -> Path:
    return Path(os.environ.get("HUTONG_HOME", ".hutong")).absolute()


def actor_named(name: str | None) -> Actor:
    """The person this terminal acts as, by code or e-mail address.

    Whoever has a shell in the hub's home can read and write its files: that is the boundary of trust. The event
    records the person who was named.
    """
    from django.utils import timezone

    from hutong.platform.actors import actor_of
    from hutong.platform.people import Person

    who = name or os.environ.get("HUTONG_AS", "")
    if not who:
        raise Denied(
            Text("Say as whom you act.", "请指明办理人。"),
            rule="cli.as",
            remedy=Text(
                "Give --as PER-0001 (code or e-mail), or set HUTONG_AS.",
                "请用 --as PER-0001（编号或邮箱），或设置 HUTONG_AS。",
            ),
            field="as",
        )
    rows: Any = (
        Person.objects.filter(email__iexact=who) if "@" in who else Person.objects.filter(code=who.upper())
    )
    person = rows.first()
    if person is None:
        raise NotFound(
            Text("There is no person {w}.", "没有人员 {w}。").format(w=who[:60]),
            rule="record.unknown",
            remedy=Text(
                "`hutong parties person list` shows all.", "可用 `hutong parties person list` 查看。"
            ),
            field="as",
        )
    return actor_of(person, timezone.now())
