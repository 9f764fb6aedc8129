"""From the declaration of a generative service to what a plan needs: system, data, and what opens the target.

YAML, paths relative to its folder; an endpoint as in `reach.declaration`, its key read when it is opened, never written down:

kind: generative
name: Town assistant
version: "3"
endpoint: {kind: openai, url: "https://model.example/v1/chat/completions", openai: {model: m}}   # or log: answers.jsonl
bank: {file: bank.json, renewed: 2026-11-02}       # the published bank; without it, one is made under the plan's seed
judge: {kind: rules, keywords: words.txt}          # or {kind: people}, or {kind: model, endpoint: {...}}
labels: looked-at.jsonl                            # what people said of answers (`sheet`)
on: 2026-11-26                                     # day of the evaluation
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.intake import import_items, read_records
from hutong.engines.trust.content.judge import Judge, ModelJudge, RecordedJudge, RuleJudge
from hutong.engines.trust.content.records import log_of, marks_of_people
from hutong.engines.trust.content.rules import load_book
from hutong.engines.trust.content.service import RecordedAnswers, Service, no_rows
from hutong.engines.trust.content.speaking import ASKED, RECORDED, Answers, ChatAnswers
from hutong.engines.trust.data import Data
from hutong.engines.trust.reading import as_map, one_of
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import Domain, System, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text

if TYPE_CHECKING:
    from hutong.engines.trust.reach.openai import Chat

KIND = "generative"
JUDGES = ("rules", "people", "model")
LARGEST = 2**28
_FIELDS = {"kind", "name", "version", "endpoint", "log", "bank", "judge", "labels", "on"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration, read. Exactly one of endpoint and log. bank: the published bank (a log needs one).

    judge: "rules" (refusal phrases and keywords), "people" (who marked every answer) or "model" (another endpoint).
    labels: JSON lines of answers that people looked at. on: day of the evaluation. folder: where endpoints' paths begin.
    """

    system: System
    folder: Path
    judge: str
    endpoint: Mapping[str, object] | None = field(default=None, hash=False)
    log: Path | None = None
    bank: Bank | None = field(default=None, repr=False)
    keywords: tuple[str, ...] = ()
    judge_endpoint: Mapping[str, object] | None = field(default=None, hash=False)
    labels: Path | None = None
    on: date | None = None

    @property
    def judged_by(self) -> str:
        """What a plan binds of the judge: all of one that is rules, the model of one that is a model."""
        if self.judge == "rules":
            return self._rules().name
        return (
            self.judge if self.judge_endpoint is None else f"model {digest(dict(self.judge_endpoint))[:16]}"
        )

    def _rules(self) -> RuleJudge:
        return RuleJudge({"all": frozenset(self.keywords)} if self.keywords else {})


@dataclass(frozen=True, slots=True)
class SpeakingDoor:
    """Opens the service when it is called: what a run sends to its workers. Reads labels and log anew.

    tape: file that answers are recorded to instead of the declared one; replay: from that file alone.
    """

    declared: Declared
    tape: Path | None = None
    replay: bool = False

    @property
    def alone(self) -> bool:
        """Whether one process must do all the asking: budget and record of an endpoint are kept in one place."""
        return self.declared.endpoint is not None or self.declared.judge_endpoint is not None

    @property
    def seconds(self) -> float | None:
        """Seconds for one attempt at an endpoint whose rate is limited; None where the machine sets the pace."""
        rate = (self.declared.endpoint or {}).get("rate")
        return None if rate is None else 1 / float(str(rate))

    def recorded(self, cassette: Path | None, replay: bool = False) -> SpeakingDoor:
        """The same service, its answers recorded in (replay: taken from nowhere but) that file."""
        return replace(self, tape=cassette or self.tape, replay=replay or self.replay)

    def __call__(self) -> Target:
        """`Invalid` labels.*, log.*; as `reach.door.chat_of` for an endpoint."""
        told = self.declared
        marks = {} if told.labels is None else marks_of_people(read_text(told.labels))
        people = RecordedJudge(marks, digest(dict(marks)))
        judge: Judge = people if told.judge == "people" else self._machine()
        access = RECORDED if told.endpoint is None else ASKED
        return Service(self._answers(), judge, told.bank, people, access, told.on)

    def _answers(self) -> Answers:
        if self.declared.endpoint is not None:
            return self._service(self.declared.endpoint)
        if self.declared.log is None:
            raise ValueError("neither endpoint nor log")
        return RecordedAnswers(log_of(read_text(self.declared.log)))

    def _service(self, record: Mapping[str, object]) -> Answers:
        """The chat that answers, watched while it is asked where its declaration says so."""
        from hutong.engines.trust.reach.sentinels import WatchedAnswers, of_chat

        answers, _ = self._chat(record, self.tape)
        watch = 0 if self.replay else min(8, int(float(str(record.get("watch", 0)))))
        return WatchedAnswers(answers, of_chat(cast("Chat", answers.chat), watch)) if watch else answers

    def _machine(self) -> Judge:
        told = self.declared
        if told.judge_endpoint is None:
            return told._rules()
        tape = None if self.tape is None else self.tape.with_suffix(".judge" + self.tape.suffix)
        chat, model = self._chat(told.judge_endpoint, tape)
        # The frame's key is that of the plan's seed (`Service.judge_for`); until then no mark can come out.
        return ModelJudge(model, os.urandom(32), chat)

    def _chat(self, record: Mapping[str, object], tape: Path | None) -> tuple[ChatAnswers, str]:
        from hutong.engines.trust.reach.declaration import endpoint_of as declared_endpoint
        from hutong.engines.trust.reach.door import chat_of

        endpoint = declared_endpoint(record, self.declared.folder, speaks=True)
        kept = replace(endpoint, cassette=tape or endpoint.cassette, replay=self.replay or endpoint.replay)
        chat, name = chat_of(kept, self.declared.system)
        return ChatAnswers(chat, name), chat.model


@dataclass(frozen=True, slots=True)
class Generative:
    """What `make_plan` and a run need. open can be sent to another process."""

    system: System
    data: Data
    open: SpeakingDoor


def is_generative(path: Path) -> bool:
    """Whether the file is the declaration of a generative service."""
    if path.suffix.lower() not in (".yaml", ".yml") or not path.is_file():
        return False
    try:
        return _record(path).get("kind") == KIND
    except (TypeError, ValueError):
        return False


def open_generative(path: Path) -> Generative:
    """System, data and opener of a declared service. `Invalid` generative.form names what is wrong; as `intake` for the bank."""
    declared = declaration(path)
    return Generative(declared.system, no_rows(declared.bank, declared.judged_by), SpeakingDoor(declared))


def declaration(path: Path) -> Declared:
    """The declaration in a file. `Invalid` generative.form."""
    try:
        return _declared(_record(path), path.absolute().parent)
    except (KeyError, TypeError, ValueError) as error:
        what = Text(
            "The declaration of the service lacks a field or holds a wrong one: {e}.",
            "服务声明缺少字段或字段有误：{e}。",
        ).format(e=str(error)[:80] or type(error).__name__)
        raise refuse("generative.form", what, where=path.name) from error


def _declared(record: Mapping[str, object], at: Path) -> Declared:
    unknown = set(record) - _FIELDS
    if unknown or record["kind"] != KIND:
        raise ValueError(sorted(unknown)[0] if unknown else "kind")
    endpoint, log = record.get("endpoint"), record.get("log")
    if (endpoint is None) is (log is None) or (log is not None and record.get("bank") is None):
        raise ValueError("one of endpoint and log; a log with its bank")
    judge = as_map(record.get("judge", {"kind": "rules"}))
    kind, model, words = one_of(judge["kind"], JUDGES), judge.get("endpoint"), judge.get("keywords")
    if (kind == "model") is (model is None):
        raise ValueError("judge")
    return Declared(
        system=System(str(record["name"]), str(record["version"]), Domain("text", ()), ()),
        folder=at,
        judge=kind,
        endpoint=None if endpoint is None else as_map(endpoint),
        log=None if log is None else at / str(log),
        bank=None if record.get("bank") is None else _bank(as_map(record["bank"]), at),
        keywords=() if words is None else _keywords(at / str(words)),
        judge_endpoint=None if model is None else as_map(model),
        labels=None if record.get("labels") is None else at / str(record["labels"]),
        on=None if record.get("on") is None else _day(record["on"]),
    )


def _keywords(path: Path) -> tuple[str, ...]:
    return tuple(sorted({w.strip() for w in read_text(path).splitlines()} - {""}))


def _bank(record: Mapping[str, object], at: Path) -> Bank:
    """A published bank kept apart: file (JSON or CSV, as `intake`), id, day of its last change."""
    path = at / str(record["file"])
    form = "csv" if path.suffix.lower() == ".csv" else "json"
    items = import_items(read_records(read_text(path), "csv" if form == "csv" else "json"), load_book(), True)
    return Bank(str(record.get("id", path.stem)), items, _day(record["renewed"]))


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _record(path: Path) -> dict[str, object]:
    import yaml

    try:
        return as_map(yaml.safe_load(read_text(path)))
    except yaml.YAMLError as error:
        raise ValueError("YAML") from error


def read_text(path: Path) -> str:
    """The file as UTF-8. `NotFound` file.missing; `Invalid` file.size over 256 MiB."""
    try:
        if path.stat().st_size > LARGEST:
            raise refuse("file.size", Text("The file is over 256 MiB.", "文件超过256 MiB。"), where=path.name)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotFound(
            Text("There is no file {f}.", "没有文件{f}。").format(f=path),
            rule="file.missing",
            remedy=Text("Give the path of a file that can be read.", "请提供可读取的文件路径。"),
            field=path.name,
        ) from error
