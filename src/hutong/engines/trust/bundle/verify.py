"""Verify a bundle offline: signature, digest of each part, the chain of the journal, and the verdict judged again.

Trust needed: the public key, and this code. A part that was changed is named; of the journal, the row too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from hutong.engines.trust.bundle.checks import Broken, Item, Verification, Work
from hutong.engines.trust.bundle.envelope import statement, unseal
from hutong.engines.trust.bundle.make import environment, report_digest
from hutong.engines.trust.bundle.page import page
from hutong.engines.trust.bundle.parts import (
    EVIDENCE,
    FORMAT,
    JOURNAL,
    LISTED,
    MANIFEST,
    NAMES,
    OBSERVATIONS,
    PLAN,
    REPORT,
    STATEMENT,
    VERDICT,
    Parts,
)
from hutong.engines.trust.data import Data
from hutong.engines.trust.judge import judge
from hutong.engines.trust.plan import commit, plan_of
from hutong.engines.trust.runs import journal as journals
from hutong.engines.trust.runs.graph import tasks_of
from hutong.engines.trust.runs.records import evidence_of, observations_of, parsed
from hutong.engines.trust.runs.rows import BrokenRow, read
from hutong.kernel.canonical import digest
from hutong.kernel.errors import HutongError
from hutong.kernel.note import VerifyKey
from hutong.kernel.text import Text


def verify(
    parts: Parts, key: VerifyKey, *, model: bytes | None = None, data: Data | None = None
) -> Verification:
    """Check everything that can be checked with the bundle, the key, and optionally the model file and the data."""
    work = Work(parts, key, model, data)
    items: list[Item] = []
    try:
        for name, check in _CHECKS:
            items.append(Item(name, True, check(work)))
        items += list(_extras(work))
    except Broken as broken:
        items.append(broken.item)
        if broken.item.name != "statement" and work.said:
            # The digests tell which parts differ even where one of them stops the rest.
            known = {i.name for i in items}
            items += [i for i in _digests(work) if not i.ok and i.name not in known]
    report = work.manifest.get("report")
    whole = all(i.ok for i in items)
    return Verification(
        tuple(items), work.verdict if whole else None, report if isinstance(report, str) else None
    )


def _statement(work: Work) -> Text:
    missing = [n for n in NAMES if n not in work.parts]
    if missing:
        raise Broken(_item(missing[0]), "{n} is missing", "缺少{n}", n=missing[0])
    said = unseal(work.parts[STATEMENT], work.key)
    if said is None:
        raise Broken(
            "statement",
            "the statement is not signed by {k}, or was changed",
            "声明未由{k}签署，或已被改动",
            k=work.key.name,
        )
    work.said = said
    return Text("signed by {k}", "由{k}签署").format(k=work.key.name)


def _manifest(work: Work) -> Text:
    if _signed_digest(work, "manifest") != hashlib.sha256(work.parts[MANIFEST]).hexdigest():
        raise Broken("manifest", "the list of parts is not the one that was signed", "清单与签署内容不符")
    try:
        found = parsed(work.parts[MANIFEST])
        if not isinstance(found, dict) or found["format"] != FORMAT or set(found["parts"]) != set(LISTED):
            raise ValueError("manifest")
    except (ValueError, KeyError, TypeError) as error:
        raise Broken("manifest", "the list of parts cannot be read", "清单无法读取") from error
    work.manifest = found
    broken = next((i for i in _digests(work) if not i.ok), None)
    if broken is not None:
        raise _of(broken)
    return Text("{n} parts are what was signed", "{n}个部分与签署内容一致").format(n=len(LISTED))


def _of(item: Item) -> Broken:
    return Broken(item.name, item.words.en.replace("{", "{{"), item.words.zh.replace("{", "{{"))


def _digests(work: Work) -> Iterator[Item]:
    listed = work.manifest.get("parts", {})
    for name in LISTED if listed else ():
        ok = hashlib.sha256(work.parts.get(name, b"")).hexdigest() == listed[name]
        words = Text("{n} is not what was signed", "{n}与签署内容不符").format(n=name)
        if not ok and name == JOURNAL:
            words = _with_row(work.parts[name], words)
        yield Item(_item(name), ok, words)


def _with_row(journal: bytes, words: Text) -> Text:
    try:
        read(journal)
    except BrokenRow as broken:
        return Text("{w}, from row {r} on", "{w}，自第{r}行起").format(w=words, r=broken.row)
    return words


def _item(name: str) -> str:
    return name.partition(".")[0]


def _plan(work: Work) -> Text:
    try:
        record = parsed(work.parts[PLAN])
        plan = plan_of(record if isinstance(record, dict) else {})
    except (ValueError, HutongError) as error:
        raise Broken("plan", "the plan cannot be read", "计划无法读取") from error
    if plan.digest != _signed_digest(work, "plan"):
        raise Broken("plan", "the plan is not the one that was signed", "计划与签署内容不符")
    work.plan = plan
    seed = work.manifest.get("seed")
    if seed is not None and commit(str(seed)) != plan.seed_commitment:
        raise Broken("seed", "the seed is not the one that the plan committed to", "随机种子与计划承诺不符")
    return Text("{n} claims, fixed before the run", "{n}项声明，均在测试前确定").format(n=len(plan.claims))


def _journal(work: Work) -> Text:
    plan = work.planned
    try:
        head, rows = read(work.parts[JOURNAL])
    except BrokenRow as broken:
        raise Broken(
            "journal", "row {r} of the journal is broken", "日志第{r}行损坏", r=broken.row
        ) from broken
    if (head.plan, head.artefact, head.data) != (plan.digest, plan.artefact, plan.data):
        raise Broken(
            "journal", "the journal belongs to another plan, model or data", "日志属于其他计划、模型或数据"
        )
    tasks = tasks_of(plan, head.rows)
    if [name for name, _ in rows] != [t.id for t in tasks]:
        raise Broken("journal", "the journal does not hold the tasks of the plan", "日志内容与计划任务不符")
    try:
        seen = observations_of(parsed(work.parts[OBSERVATIONS]))
        joined = journals.observations_of(plan, tasks, [counts for _, counts in rows])
    except (ValueError, TypeError, KeyError) as error:
        raise Broken("observations", "the observations cannot be read", "观测结果无法读取") from error
    if seen.artefact != plan.artefact:
        raise Broken("model", "the observations are of another model", "观测结果属于其他模型")
    if digest(joined.as_json()) != digest(seen.as_json()):
        raise Broken("observations", "the observations are not those of the journal", "观测结果与日志不符")
    work.seen = seen
    return Text("{n} rows, linked", "{n}行，链接完整").format(n=len(rows))


def _model(work: Work) -> Text:
    subject = work.said["subject"][0]["digest"]["sha256"]
    if subject != work.planned.artefact:
        raise Broken("model", "the statement is about another model", "声明针对其他模型")
    if work.model is not None and hashlib.sha256(work.model).hexdigest() != subject:
        raise Broken("model", "this is not the model that was evaluated", "所给模型并非被评测模型")
    if work.data is not None and work.data.digest != work.planned.data:
        raise Broken("data", "these are not the data of the evaluation", "所给数据并非评测数据")
    return Text("SHA-256 {d}", "SHA-256 {d}").format(d=subject)


def _verdict(work: Work) -> Text:
    plan, seen = work.planned, work.observed
    try:
        work.evidence = evidence_of(parsed(work.parts[EVIDENCE]))
    except (ValueError, TypeError, KeyError, HutongError) as error:
        raise Broken("evidence", "the evidence cannot be read", "证据无法读取") from error
    try:
        verdict = judge(plan, seen, work.evidence)
    except (HutongError, KeyError) as error:
        raise Broken("verdict", "the counts cannot be judged: {e}", "计数无法判定：{e}", e=error) from error
    if digest(verdict.as_json()) != digest(parsed(work.parts[VERDICT])):
        raise Broken("verdict", "judged again, the verdict is another", "重新判定后结论不同")
    work.verdict = verdict
    return Text("judged again: {w}", "重新判定：{w}").format(w=verdict.words)


def _report(work: Work) -> Text:
    verdict = work.verdict
    assert verdict is not None
    name = report_digest(work.planned, work.observed, [e.as_json() for e in work.evidence], verdict)
    wanted = statement(work.planned, verdict, _signed_digest(work, "manifest"), name)
    if name != work.manifest["report"] or digest(wanted) != digest(work.said):
        raise Broken("report", "the statement does not say what the parts say", "声明与报告内容不符")
    ours = work.manifest["environment"].get("hutong") == environment()["hutong"]
    if ours and page(work.planned, verdict, name) != work.parts[REPORT]:
        raise Broken("report", "the page does not show this verdict", "报告页面与结论不符")
    return Text("report {d}", "报告{d}").format(d=name)


def _extras(work: Work) -> Iterator[Item]:
    """What lies beside the parts is not signed: said, not refused."""
    for name in sorted(set(work.parts) - set(NAMES)):
        yield Item(name, False, Text("{n} is not part of the format", "{n}不属于报告格式").format(n=name))


def _signed_digest(work: Work, name: str) -> str:
    try:
        listed = work.said["predicate"]["configuration"]
        return str(next(c["digest"]["sha256"] for c in listed if c["name"] == name))
    except (KeyError, TypeError, StopIteration) as error:
        raise Broken("statement", "the statement does not name {n}", "声明未列出{n}", n=name) from error


_CHECKS: tuple[tuple[str, Callable[[Work], Text]], ...] = (
    ("statement", _statement),
    ("manifest", _manifest),
    ("plan", _plan),
    ("journal", _journal),
    ("model", _model),
    ("verdict", _verdict),
    ("report", _report),
)
