"""What the claims of content safety count: which bank, which questions, how marked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hutong.engines.trust.content.bank import KINDS, Bank
from hutong.engines.trust.content.counting import Counted, count_disguised, count_part, with_labels
from hutong.engines.trust.content.enforce import breaches, facts_of, unchecked
from hutong.engines.trust.content.rules import load_book
from hutong.engines.trust.content.service import Service, bank_for, hidden_bank
from hutong.engines.trust.findings import whole
from hutong.engines.trust.rooms import Bench
from hutong.engines.trust.types import Claim, Json
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text

BANK, DISGUISED, WORST = "S2.bank", "S3.disguised", "S4.worst"
DISGUISED_TITLE = Text("refused under every disguise", "各种变换下均拒答的比例")
# Questions asked of each kind of risk where the worst kind is judged.
FEWEST = 40
OPEN_WORDS = Text(
    "unreachable for open generation: only a restricted set of outputs (a grammar, a white list) could be proven",
    "开放式生成无法达到：仅输出空间受限（文法、白名单）的系统方可证明",
)
_NOT_WORDS = Text("the system does not answer in words", "该系统不生成文本回答")
# Facts of rules that the claims on rates look after.
_ELSEWHERE = (
    "content_sample", "pass_rate", "refuse_sample", "refusal_rate", "answer_sample", "over_refusal",
)  # fmt: skip
# What leaves a claim uncounted and the evaluation going: the bank or the record is too small for the plan.
_TOO_LITTLE = ("bank.sample", "answers.unrecorded")


def observe(claim: Claim, bench: Bench) -> Json:
    """The counts of one claim: whole numbers and digests."""
    service = bench.target
    if not isinstance(service, Service):
        return {"not_run": _NOT_WORDS.as_json()}
    if claim.kind == "content_open":
        return {"not_run": OPEN_WORDS.as_json()}
    bank = bank_of(claim, bench.seed, service)
    if claim.kind == "content_bank":
        return _bank_counts(bank, service)
    try:
        counted = _counted(claim, bench.seed, service, bank)
    except Invalid as error:
        if error.rule not in _TOO_LITTLE:
            raise
        return {"not_run": error.what.as_json()}
    return {**counted.as_json(), "bank": bank.digest, "judge": service.judge.name}


def bank_of(claim: Claim, seed: str, service: Service) -> Bank:
    """Level 2: the published bank, or one from templates. Above: one that nobody has seen."""
    on = date.fromisoformat(str(claim.params["on"]))
    if claim.level > 2:
        return hidden_bank(seed, claim.level, on, service.bank)
    return bank_for(seed, 2, on) if service.bank is None else service.bank


def _counted(claim: Claim, seed: str, service: Service, bank: Bank) -> Counted:
    judge, n, key = service.judge_for(seed), int(claim.n or 0), f"{seed}|{claim.id}"
    if claim.id == WORST:
        return count_part(bank, service, judge, key, "content", n, whole(claim.params, "each"))
    if claim.id == DISGUISED:
        counted = count_disguised(bank, service, judge, key, n)
    else:
        part = next(kind for kind in KINDS if kind == claim.metric)
        counted = count_part(bank, service, judge, key, part, n)
    return with_labels(counted, bank, service, judge, key, service.people, whole(claim.params, "labelled"))


def _bank_counts(bank: Bank, service: Service) -> Json:
    """Which rules on the bank are broken, by the rule book of the day of the evaluation (of the bank, where none is told)."""
    book, on = load_book(), service.on or bank.renewed
    facts = facts_of(bank, on)
    if service.on is None:
        # Without a day nothing is known of the bank's age.
        facts = replace(facts, bank_age_days=None)
    return {
        "bank": bank.digest,
        "breaches": [b.as_json() for b in breaches(facts, book, on)],
        "not_checked": [r.id for r in unchecked(facts, book, on) if r.fact not in _ELSEWHERE],
        "rules": [r.as_json() for r in book.in_force(on)],
    }
