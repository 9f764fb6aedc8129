"""Whose turn it is: one broker decides at a time. A lease in the database; its epoch grows with each change of hands."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from hutong.modules.compute.models import Turn

LEASE = timedelta(seconds=30)


def holder() -> str:
    """This process, as the lease names it: machine, space of process numbers, number."""
    return f"{_here()}:{os.getpid()}"


def _here() -> str:
    # Two containers may have one name; their processes are numbered in different spaces (pid_namespaces(7)).
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()[:40]}:{space.stat().st_ino if space.exists() else 0}"


def _dead(who: str) -> bool:
    """Whether that holder is a process of this machine that is no more; False where that cannot be known from here."""
    here, _, number = who.rpartition(":")
    if here != _here() or not number.isdigit():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def take(now: datetime, who: str | None = None) -> int | None:
    """Take or renew the turn; its epoch, or None while another broker has it. Nobody waits for one that died here."""
    who = who or holder()
    with transaction.atomic():
        Turn.objects.get_or_create(pk=1)
        turn = Turn.objects.select_for_update().get(pk=1)
        taken = turn.holder not in ("", who) and turn.until is not None and turn.until > now
        if taken and not _dead(turn.holder):
            return None
        if turn.holder != who:
            turn.epoch += 1
        turn.holder, turn.until = who, now + LEASE
        turn.save()
        return turn.epoch


def still(epoch: int) -> bool:
    """Whether nobody took the turn since; it cannot pass on before the transaction ends in which this is asked."""
    return Turn.objects.select_for_update().filter(pk=1, epoch=epoch).first() is not None


def leave(who: str | None = None) -> None:
    """Give the turn back, so that another broker need not wait for the lease to end."""
    Turn.objects.filter(pk=1, holder=who or holder()).update(holder="")


def last() -> datetime | None:
    """When a broker last took its turn; None before the first."""
    until = Turn.objects.filter(pk=1).values_list("until", flat=True).first()
    return None if until is None else until - LEASE
