"""From the records of a deployed service to the engine's words: what is asked, by whom its answers are judged, which rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from hutong.engines import trust
from hutong.engines.trust.content.bank import Bank
from hutong.engines.trust.content.intake import import_items, read_records
from hutong.engines.trust.content.opening import Declared, SpeakingDoor
from hutong.engines.trust.content.rules import load_book
from hutong.engines.trust.content.service import no_rows
from hutong.engines.trust.reach.door import Door
from hutong.kernel.errors import Invalid
from hutong.kernel.text import Text
from hutong.modules.trust import endpoints, services
from hutong.modules.trust.case import Case, granted
from hutong.modules.trust.models import Evaluation, Service
from hutong.platform import files

FOLDER, ANSWERS = "evaluations", "answers.jsonl"


def open_case(evaluation: Evaluation) -> Case:
    """The case of a deployed service. Asks nothing; reads rows under the service's grant where it is a classifier.

    `NotFound` endpoint.not_admitted, `Conflict` service.changed, `Invalid` as the readers of bank, keywords and rows.
    """
    service = serving(evaluation)
    given = services.admitted(service)
    if given.address != service.address or service.state != "answering":
        raise services.moved(service)
    version = evaluation.version_of
    system = services.system_declared(
        service.declaration, version.system.code, version.label, evaluation.guarded
    )
    profile = trust.load_profile(evaluation.profile)
    if service.declaration is None or service.grant is None:
        declared = _in_words(evaluation, system, given)
        door = SpeakingDoor(declared)
        return Case(system, profile, no_rows(declared.bank, declared.judged_by), door)
    table, use_code = granted(service.grant.code, evaluation)
    data = _rows(table, service.declaration, system)
    return Case(system, profile, data, Door(trust.Source(endpoint=given.endpoint), system), use_code)


def serving(evaluation: Evaluation) -> Service:
    """The service that is evaluated."""
    if evaluation.service is None:
        raise ValueError(f"{evaluation.code} evaluates a file")
    return evaluation.service


def not_in_words() -> Invalid:
    """The error of a step that only a service that answers in words has."""
    return Invalid(
        Text("This system does not answer in words.", "该系统不生成文本回答。"),
        rule="service.not_in_words",
        remedy=Text("Measure it: nobody has to mark anything.", "请直接实施测量，无需人工评审。"),
    )


def folder_of(code: str) -> Path:
    """Where the journal of an evaluation lies, and the answers that were recorded."""
    return Path(settings.HUTONG_HOME) / FOLDER / code


def tape_of(code: str) -> Path:
    return folder_of(code) / ANSWERS


def journal_of(evaluation: Evaluation) -> Path:
    """The journal. What people said of answers is counted too, so each set of marks has one of its own."""
    marks = f"-{evaluation.marks_sha256[:16]}" if evaluation.marks_sha256 else ""
    return folder_of(evaluation.code) / f"journal{marks}.sqlite"


def _in_words(evaluation: Evaluation, system: trust.System, given: endpoints.Admitted) -> Declared:
    means = evaluation.means
    judge = means.get("judge_endpoint")
    return Declared(
        system=system,
        folder=Path(),
        judge=str(means.get("judge", "rules")),
        endpoint=given.declared,
        bank=bank_of(means),
        keywords=keywords_of(means),
        judge_endpoint=None if judge is None else endpoints.judging(str(judge)).declared,
        labels=files.path_of(evaluation.marks_sha256) if evaluation.marks_sha256 else None,
        on=None if means.get("on") is None else date.fromisoformat(str(means["on"])),
    )


def bank_of(means: Mapping[str, Any]) -> Bank | None:
    """The published bank of the evaluator, or None where one is made under the plan's seed. `Invalid` bank.*."""
    digest = means.get("bank")
    if digest is None:
        return None
    text = text_of(str(digest), "bank")
    form = "json" if text.lstrip().startswith("[") else "csv"
    items = import_items(read_records(text, "json" if form == "json" else "csv"), load_book(), True)
    return Bank(str(digest)[:16], items, date.fromisoformat(str(means["renewed"])))


def keywords_of(means: Mapping[str, Any]) -> tuple[str, ...]:
    """One keyword a line."""
    digest = means.get("keywords")
    words = () if digest is None else text_of(str(digest), "keywords").splitlines()
    return tuple(sorted({w.strip() for w in words} - {""}))


def text_of(digest: str, field: str) -> str:
    """A stored file as UTF-8. `Invalid` file.text."""
    try:
        return files.read(digest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid(
            Text("The file is not text in UTF-8.", "该文件不是UTF-8文本。"),
            rule="file.text",
            remedy=Text("Save it as UTF-8 and upload it again.", "请以UTF-8保存后重新上传。"),
            field=field,
        ) from error


def _rows(table: pa.Table, declaration: Mapping[str, Any], system: trust.System) -> trust.Data:
    """All granted rows: what a service was trained on nobody here knows, so none is held for training rows."""
    names = [c.name for c in system.domain.columns]
    try:
        wide = np.column_stack([table[n].to_numpy(zero_copy_only=False).astype(np.float64) for n in names])
    except (ValueError, TypeError) as error:
        raise Invalid(
            Text("A column of input does not hold numbers.", "输入列包含非数值。"),
            rule="data.features",
            remedy=Text("Declare columns of numbers.", "请声明数值列。"),
            field="declaration",
        ) from error
    groups = [str(g) for g in declaration.get("groups", ())]
    given: dict[str, Any] = {
        "features": wide,
        "labels": _words(table, str(declaration.get("label", "label"))),
        "groups": {name: _words(table, name) for name in groups},
    }
    return trust.data_of(given, system)


def _words(table: pa.Table, name: str) -> Any:
    return np.array([str(v) for v in table[name].to_pylist()])


def recorded_answers(code: str) -> int:
    """How many answers are on the record of an evaluation. Read without its lock: for a page while it runs."""
    place = tape_of(code)
    return place.read_bytes().count(b'"kind":"answer"') if place.is_file() else 0
