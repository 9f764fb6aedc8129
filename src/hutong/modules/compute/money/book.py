"""The book of chip-time: double entry, so that hours are moved and never made or lost.

Four accounts per allocation. grant: source → free. hold: free → held. spend: held → used, while the job goes on later.
settle: held → used and back to free. Every booking sums to zero, and the database refuses an overdraft (`Account`), so two clients at once cannot spend the same
hour: the second meets `Exhausted`.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import F, Sum

from hutong.kernel.errors import Exhausted
from hutong.kernel.quantity import ChipTime
from hutong.kernel.text import Text
from hutong.modules.compute.models import Account, Allocation, Job, Posting

KINDS = ("source", "free", "held", "used")


def open_accounts(allocation: Allocation) -> None:
    """The four accounts of an allocation, empty."""
    Account.objects.bulk_create([Account(allocation=allocation, kind=kind) for kind in KINDS])


def balances(allocation: Allocation) -> dict[str, int]:
    """Milliseconds by kind of account."""
    return dict(Account.objects.filter(allocation=allocation).values_list("kind", "balance_ms"))


def grant(allocation: Allocation, amount_ms: int, at: datetime) -> None:
    """Bring granted hours into the book."""
    _book(allocation, {"source": -amount_ms, "free": amount_ms}, at)


def hold(allocation: Allocation, job: Job, amount_ms: int, at: datetime) -> None:
    """Set hours aside for a job. Raises `Exhausted` where fewer are free."""
    _book(allocation, {"free": -amount_ms, "held": amount_ms}, at, job)


def hold_all(allocation: Allocation, jobs: Sequence[Job], at: datetime) -> None:
    """Set the hours of jobs that are submitted together aside, in one booking. Raises `Exhausted`: all or none."""
    total = sum(job.held_ms for job in jobs)
    accounts = _moved(allocation, {"free": -total, "held": total})
    booking = uuid.uuid4()
    Posting.objects.bulk_create(
        [
            Posting(
                booking=booking, account=accounts[kind], amount_ms=sign * job.held_ms, job=job, booked_at=at
            )
            for job in jobs
            for kind, sign in (("free", -1), ("held", 1))
        ],
        batch_size=400,
    )


def spend(allocation: Allocation, job: Job, used_ms: int, at: datetime) -> None:
    """Turn a part of what is held for a job into what was used; the rest stays held."""
    if used_ms:
        _book(allocation, {"held": -used_ms, "used": used_ms}, at, job)


def settle(allocation: Allocation, job: Job, held_ms: int, used_ms: int, at: datetime) -> None:
    """Turn what was held into what was used, the rest back to free. used_ms is at most held_ms."""
    used = min(used_ms, held_ms)
    _book(allocation, {"held": -held_ms, "used": used, "free": held_ms - used}, at, job)


def _book(allocation: Allocation, lines: Mapping[str, int], at: datetime, job: Job | None = None) -> None:
    if sum(lines.values()) != 0:
        raise ValueError("the lines of a booking sum to zero")
    accounts = _moved(allocation, lines)
    booking = uuid.uuid4()
    Posting.objects.bulk_create(
        [
            Posting(booking=booking, account=accounts[kind], amount_ms=amount, job=job, booked_at=at)
            for kind, amount in lines.items()
            if amount
        ]
    )


def _moved(allocation: Allocation, lines: Mapping[str, int]) -> dict[str, Account]:
    """Change the balances under their lock; the accounts by kind. Raises `Exhausted` where one would go below zero."""
    accounts = {a.kind: a for a in Account.objects.select_for_update().filter(allocation=allocation)}
    for kind, amount in lines.items():
        account = accounts[kind]
        if kind != "source" and account.balance_ms + amount < 0:
            raise _too_little(account.balance_ms, -amount)
        Account.objects.filter(pk=account.pk).update(balance_ms=F("balance_ms") + amount)
    return accounts


def _too_little(left: int, asked: int) -> Exhausted:
    def say(ms: int) -> Text:
        return Text(ChipTime.of(ms).say("en"), ChipTime.of(ms).say("zh"))

    return Exhausted(
        Text("{l} are left, {a} are needed.", "剩余 {l}，需要 {a}。").format(l=say(left), a=say(asked)),
        rule="account.overdrawn",
        remedy=Text(
            "Ask for fewer chips or a shorter limit, or for more hours.", "请减少卡数或时限，或申请追加额度。"
        ),
        field="limit_s",
    )


def sound() -> bool:
    """Whether the book holds: every booking sums to zero and every balance is the sum of its postings."""
    unequal = Posting.objects.values("booking").annotate(total=Sum("amount_ms")).exclude(total=0)
    sums = dict(Posting.objects.values_list("account").annotate(Sum("amount_ms")))
    accounts = Account.objects.values_list("pk", "kind", "balance_ms")
    fits = all(
        sums.get(pk, 0) == balance and (kind == "source" or balance >= 0) for pk, kind, balance in accounts
    )
    return fits and not unequal.exists()
