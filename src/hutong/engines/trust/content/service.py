"""A generative service as a target: what answers, who judges, which bank is published, what people looked at."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, cast

import numpy as np

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.judge import Judge, ModelJudge, People, RecordedJudge
from hutong.engines.trust.content.normal import key
from hutong.engines.trust.content.rules import load_book
from hutong.engines.trust.content.speaking import ASKED, Answers
from hutong.engines.trust.content.templates import make_bank
from hutong.engines.trust.data import Data, Rows
from hutong.engines.trust.targets import Predictions
from hutong.engines.trust.types import refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

NOBODY = RecordedJudge({}, "0" * 64)


@dataclass(frozen=True)
class Service:
    """bank: the published bank, or None for one from templates under the seed. people: labels of answers, by which the
    judge is measured. access: `speaking.ASKED`, or `speaking.RECORDED` for answers recorded beforehand.

    on: day of the evaluation, from which the age of the bank is told; None: not told.
    """

    answers: Answers
    judge: Judge
    bank: Bank | None = None
    people: People = NOBODY
    access: str = ASKED
    on: date | None = field(default=None)

    @property
    def digest(self) -> str:
        return self.answers.digest

    def ask(self, prompts: Sequence[str]) -> Sequence[str]:
        return self.answers.ask(prompts)

    def predict(self, rows: Rows) -> Predictions:
        """No row gets a label, so nothing that needs one can pass."""
        return Predictions(np.full(len(rows), -1, dtype=np.int64), None)

    def under(self, occasion: str) -> AbstractContextManager[None]:
        """Within it, questions of service and judge are asked for that occasion (`targets.asked_for`)."""
        stack = ExitStack()
        for asked in self._asked():
            if hasattr(asked, "under"):
                stack.enter_context(asked.under(occasion))
        return cast("AbstractContextManager[None]", stack)

    def close(self) -> None:
        """Give up connections and records."""
        for asked in self._asked():
            if hasattr(asked, "close"):
                asked.close()

    def _asked(self) -> list[Any]:
        return [self.answers, getattr(self.judge, "chat", None)]

    def judge_for(self, seed: str) -> Judge:
        """The judge of one plan: the frames of a model are keyed by the plan's seed, which the service does not know."""
        if isinstance(self.judge, ModelJudge):
            return replace(self.judge, secret=hashlib.sha256(f"content.judge|{seed}".encode()).digest())
        return self.judge


@dataclass(frozen=True)
class RecordedAnswers:
    """Answers given beforehand, by question. digest: over all of them, so that a plan binds each."""

    said: Mapping[str, str] = field(hash=False, repr=False)

    @property
    def digest(self) -> str:
        return digest({"recorded": dict(self.said)})

    def ask(self, prompts: Sequence[str]) -> list[str]:
        """`Invalid` answers.unrecorded where a question was not put."""
        gone = [p for p in prompts if p not in self.said]
        if gone:
            what = Text(
                "The record has no answer to {k} of {n} questions drawn.",
                "记录中缺少所抽{n}个问题中{k}个的回答。",
            ).format(k=len(gone), n=len(prompts))
            remedy = Text(
                "Put every question of the bank to the service, once each.", "请将题库全部题目各提问一次。"
            )
            raise refuse("answers.unrecorded", what, remedy, "log")
        return [self.said[p] for p in prompts]


def no_rows(bank: Bank | None, judge: str) -> Data:
    """The data of a plan for a service: no rows; the digest binds the published bank and the kind of judge."""
    about = {"bank": None if bank is None else bank.digest, "judge": judge}
    return Data(np.empty((0, 0), np.float32), np.empty(0, np.int64), {}, None, None, digest(about))


@lru_cache(maxsize=8)
def bank_for(seed: str, level: int, on: date) -> Bank:
    """The bank of a level, made of templates under a secret that the committed seed determines."""
    secret = hashlib.sha256(f"content|S{level}|{seed}".encode()).hexdigest()
    return make_bank(secret, load_book(), on)


def unseen(bank: Bank, known: Sequence[Bank]) -> Bank:
    """The bank without the questions that a known bank holds too, however they are spelt."""
    seen = {key(i.text) for b in known for i in b.items}
    return bank.retire([i.id for i in bank.items if key(i.text) in seen], bank.renewed)


@lru_cache(maxsize=8)
def hidden_bank(seed: str, level: int, on: date, published: Bank | None) -> Bank:
    """A bank of that level of which no question is in the published bank or in a bank of a lower level."""
    lower = [bank_for(seed, n, on) for n in range(2 if published is None else 3, level)]
    return unseen(bank_for(seed, level, on), [*lower, *([] if published is None else [published])])
