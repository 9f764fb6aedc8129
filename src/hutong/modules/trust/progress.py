"""How far an evaluation has come, what is asked, and why it broke off: what its page shows beside the verdict."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from hutong.engines import trust
from hutong.engines.trust.runs import tasks_of
from hutong.kernel.permission import Actor, Role
from hutong.kernel.text import Text
from hutong.modules.trust import deployed
from hutong.modules.trust.means import JUDGES
from hutong.modules.trust.models import Evaluation
from hutong.platform.component_plots import Meter, Part
from hutong.platform.components import Facts, Given

BROKE_OFF = Text("Why it broke off", "中断原因")
GOES_ON = Text(
    "Nothing is lost: what was counted and answered is kept, and measuring goes on from there.",
    "已计数与已答复的内容均已保存，继续测量时从中断处开始。",
)
PROGRESS = Text("How far it is", "进度")
ASKED = Text("What is asked", "被测服务")
COUNTED = Text("counted", "已计数")
TASKS = Text("{d} of {n} parts are counted", "{n}项中已计数{d}项")
ANSWERS = Text("{a} answers are on record, of at most {q}", "已记录{a}个回答，最多{q}个")
HOLDS = Text(
    "It was asked over the network as it is deployed. When it says that it is another, the certificate is suspended; what it "
    "does not say of itself cannot be seen from outside.",
    "评测通过网络对已部署的服务进行。其自称一旦改变，证书即予暂停；其未自报的变化无法从外部察觉。",
)
NOTHING_SAID = Text("it says nothing of itself", "未自报身份")


def asked_publicly(evaluation: Evaluation) -> Iterator[tuple[Text, Any]]:
    """For strangers: which build was asked, and what it said that it is. Nothing for a file."""
    if evaluation.service is not None:
        yield ASKED, Facts((*_named(evaluation), Given(Text("How far this holds", "适用范围"), HOLDS)))


def course_of(evaluation: Evaluation, actor: Actor) -> Iterator[tuple[Text, Any]]:
    """Sections of the page: why it broke off, how far it is, what is asked."""
    if evaluation.fault is not None:
        what, remedy = (Text(**evaluation.fault[k]) for k in ("what", "remedy"))
        rule = Given(Text("Rule", "规则"), str(evaluation.fault["rule"]))
        todo = Given(Text("What to do", "处理办法"), remedy)
        kept = Given(Text("What is kept", "已保存内容"), GOES_ON)
        yield BROKE_OFF, Facts((Given(Text("What happened", "情况"), what), todo, kept, rule))
    if evaluation.state in ("measuring", "interrupted"):
        yield PROGRESS, Facts(tuple(_progress(evaluation)))
    if evaluation.service is not None:
        yield ASKED, Facts(tuple(_asked(evaluation, actor)))


def _progress(evaluation: Evaluation) -> Iterator[Given]:
    if evaluation.plan is None:
        return
    plan = trust.plan_of(evaluation.plan)
    of = len(tasks_of(plan))
    done = min(counted(evaluation), of)
    said = TASKS.format(d=done, n=of)
    yield Given(Text("Parts of the plan", "计划各项"), Meter((Part(COUNTED, done, "done"),), of, said))
    if evaluation.service is not None:
        answers = deployed.recorded_answers(evaluation.code)
        most = sum(c.queries or 0 for c in plan.claims)
        yield Given(Text("Answers", "回答"), ANSWERS.format(a=f"{answers:,}", q=f"{most:,}"))


def counted(evaluation: Evaluation) -> int:
    """How many parts of the plan the journal holds; 0 where there is none on this machine."""
    place = deployed.journal_of(evaluation)
    if not place.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=1)) as journal:
            (found,) = journal.execute("SELECT count(*) FROM rows").fetchone()
            return int(found)
    except sqlite3.Error:
        # Just being made: the next look finds it.
        return 0


def _named(evaluation: Evaluation) -> Iterator[Given]:
    service = deployed.serving(evaluation)
    yield Given(Text("Build or version that is served", "所服务的构建或版本"), service.build)
    yield Given(Text("It says that it is", "其自称"), service.said or NOTHING_SAID)


def _asked(evaluation: Evaluation, actor: Actor) -> Iterator[Given]:
    service = deployed.serving(evaluation)
    yield Given(Text("Service", "服务"), service.code, url=f"/trust/service/{service.code}")
    yield from _named(evaluation)
    if evaluation.means:
        yield Given(Text("Judged by", "评判方式"), dict(JUDGES.options)[evaluation.means["judge"]])
    if evaluation.sheet_sha256 and actor.has(Role.EVALUATOR):
        sheet = Text("Answers that people look at", "供人工评审的回答")
        yield Given(sheet, Text("Download the sheet", "下载清单"), url=f"/trust/sheet/{evaluation.code}")
