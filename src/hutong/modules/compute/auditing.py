"""The books of computing held against their rules, and the log of decisions against the engine that made them."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from hutong.engines.broker.decide import decide, picture_of
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text
from hutong.modules.compute.broker.recall import RECALLED
from hutong.modules.compute.models import Attempt, Decision, Job, Posting, Segment, Voucher, VoucherEntry
from hutong.modules.compute.money import book
from hutong.modules.compute.proof import broken
from hutong.platform import files


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, whether it holds, and how many records were counted for it."""

    rule: str
    words: Text
    holds: bool
    counted: int


def audit_books() -> tuple[Finding, ...]:
    """Every rule of the books, counted anew."""
    over = Attempt.objects.exclude(state="ended").values("job").annotate(n=Count("pk")).filter(n__gt=1)
    unpaid = Job.objects.exclude(used_ms=None).annotate(sum=Sum("segments__used_ms"))
    # Rounding up part by part may come to some milliseconds more than was held and paid.
    wrong = unpaid.filter(used_ms__gt=0).exclude(sum__gte=F("used_ms"))
    beyond = Segment.objects.filter(Q(ended_at__lte=F("began_at")) | Q(native_ms__lt=0))
    tried = Segment.objects.exclude(attempt=None)
    judged, kept_waiting = broken(timezone.now())
    entries = VoucherEntry.objects.values("voucher").annotate(
        paid=Sum("fen", filter=Q(kind="redeemed"), default=0),
        issued=Sum("fen", filter=Q(kind="claimed"), default=0),
        back=Sum("fen", filter=Q(kind="returned"), default=0),
    )
    return (
        Finding(
            "book.balanced",
            Text(
                "every booking of chip-time sums to zero, no account is overdrawn",
                "卡时记账借贷平衡，账户无透支",
            ),
            book.sound(),
            Posting.objects.count(),
        ),
        Finding(
            "attempt.one_at_a_time",
            Text("no job has two attempts under way", "同一作业无两次运行并存"),
            not over.exists(),
            Attempt.objects.count(),
        ),
        Finding(
            "job.metered",
            Text("what a job paid is what its segments say", "作业所付与用量分段相符"),
            not wrong.exists(),
            unpaid.count(),
        ),
        Finding(
            "segment.span",
            Text("every segment ends after it begins", "各用量分段止于其始之后"),
            not beyond.exists(),
            Segment.objects.count(),
        ),
        Finding(
            "segment.chips",
            Text("every segment has the chips of its run", "各用量分段的卡数与其运行一致"),
            not tried.exclude(chips=F("attempt__chips")).exists(),
            tried.count(),
        ),
        Finding(
            "attempt.size",
            Text("no job ran on fewer or more chips than it asked for", "作业所用卡数均在申请范围内"),
            not _sizeless().exists(),
            Attempt.objects.count(),
        ),
        Finding(
            "guarantee.kept",
            Text(
                "no own job of a lender waited beyond its notice for chips that guests held",
                "出借中心的作业未因外部作业占用而超过通知期等待",
            ),
            kept_waiting == 0,
            judged,
        ),
        Finding(
            "recall.paid",
            Text(
                "what a job that was called back has paid is what its segments up to then say",
                "被收回作业已付用量与其分段相符",
            ),
            not _paid_otherwise(),
            Attempt.objects.filter(ending=RECALLED).count(),
        ),
        Finding(
            "voucher.within",
            Text("no voucher paid more than it was issued for", "算力券兑付不超过核发额"),
            not entries.filter(paid__gt=F("issued") + F("back")).exists(),
            Voucher.objects.count(),
        ),
    )


def _paid_otherwise() -> bool:
    """Whether a job that gave chips back has paid more for that than those attempts used. Less by milliseconds is right:
    rounding up part by part is not charged beyond the hold."""
    used = Sum("segments__used_ms", filter=Q(segments__attempt__ending=RECALLED), default=0)
    return Job.objects.filter(paid_ms__gt=0).annotate(sum=used).filter(paid_ms__gt=F("sum")).exists()


def _sizeless() -> QuerySet[Attempt]:
    most = Coalesce(F("job__chips_most"), F("job__chips"))
    return Attempt.objects.annotate(most=most).filter(Q(chips__lt=F("job__chips")) | Q(chips__gt=F("most")))


@dataclass(frozen=True, slots=True)
class Replayed:
    """decisions: how many; last: digest at the end of the chain; faults: which differ, and in what."""

    decisions: int
    last: str
    faults: tuple[str, ...]


def replay_decisions(times: int = 1) -> Replayed:
    """Decide every logged picture again, so many times, and follow the chain of digests."""
    faults: list[str] = []
    previous, count = "", 0
    for row in Decision.objects.order_by("pk").iterator():
        count += 1
        if row.previous_sha256 != previous or row.content.get("previous") != previous:
            faults.append(f"decision {row.pk}: the chain is broken before it")
        if digest(row.content) != row.sha256:
            faults.append(f"decision {row.pk}: its content was changed")
        seen = picture_of(json.loads(files.read(row.picture_sha256)))
        for _ in range(times):
            if decide(seen).as_json(row.policy) != row.content["content"]:
                faults.append(f"decision {row.pk}: the engine decides otherwise on its picture")
                break
        previous = row.sha256
    return Replayed(count, previous, tuple(faults))
