"""Bad input: the same named refusal through Python, API, page and command line, in both languages; nothing changes."""

from __future__ import annotations

import copy
import html
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from lane import Lane

from hutong.cli.app import build
from hutong.demo import specs
from hutong.kernel.errors import HutongError
from hutong.kernel.operation import OPERATIONS, FileRef
from hutong.kernel.permission import THE_HUB, Actor, Role
from hutong.platform import files, runner
from hutong.platform.actors import actor_of
from hutong.platform.ledger import store
from hutong.platform.people import Person
from hutong.platform.web.accounts import make_token

PLAN = Path(__file__).resolve().parents[3] / "plans" / "beijing-2023-2025.yaml"
LONG = "x" * 10_000_000
NAME = {"name_en": "A", "name_zh": "甲", "register": "other", "register_id": "R-77"}


@dataclass(frozen=True)
class Request:
    """What a person sends: as whom, which operation, with what. Bytes are a file."""

    actor: Actor
    operation: str
    inputs: dict[str, Any]
    around: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """prepare: brings the hub to where the request is wrong. rules: the refusal, by channel where it differs."""

    name: str
    prepare: Callable[[Lane], Request]
    rule: str
    field: str | None
    page: str | None = None
    api: str | None = None


def office(lane: Lane) -> Actor:
    return lane.office


def named(**changes: Any) -> Callable[[Lane], Request]:
    return lambda lane: Request(lane.office, "parties.organisation.register", {**NAME, **changes})


def full_width(lane: Lane) -> Request:
    taken = lane.hub.organisation()
    wide = "".join(chr(ord(c) + 0xFEE0) for c in taken.register_id)
    return Request(
        lane.office, "parties.organisation.register", {**NAME, "register": "uscc", "register_id": wide}
    )


def hours(value: str) -> Callable[[Lane], Request]:
    def prepare(lane: Lane) -> Request:
        award, pool = lane.award(), lane.pool()
        return Request(
            lane.engineer,
            "compute.allocation.request",
            {"award": award.code, "pool": pool.code, "hours": value, "reason": "Training."},
        )

    return prepare


def plan_file(change: Callable[[dict[str, Any]], None]) -> Callable[[Lane], Request]:
    def prepare(lane: Lane) -> Request:
        content = yaml.safe_load(PLAN.read_text(encoding="utf-8"))
        change(content)
        return Request(
            lane.office, "plan.plan.load", {"file": yaml.safe_dump(content, allow_unicode=True).encode()}
        )

    return prepare


def cycle(plan: dict[str, Any]) -> None:
    first = computed(plan)
    first["definitions"][-1]["expression"] = f"{first['id']} * 2"


def unit(plan: dict[str, Any]) -> None:
    first = next(i for i in plan["indicators"] if i["unit"] == "chip_hour")
    first["unit"] = "wan_yuan"


def twice(plan: dict[str, Any]) -> None:
    plan["indicators"].append(copy.deepcopy(plan["indicators"][0]))


def computed(plan: dict[str, Any]) -> dict[str, Any]:
    return next(i for i in plan["indicators"] if i["definitions"][-1].get("expression"))


def grant_over(lane: Lane) -> Request:
    """The grant was for one day; the hub's clock has gone on since."""
    lane.hub.clock.move_to(datetime.now(UTC) - timedelta(days=30))
    lane.activate()
    day = (lane.hub.clock.now() + timedelta(days=1)).date().isoformat()
    grant = lane.grant(valid_to=day)
    return Request(
        lane.engineer,
        "forge.build.submit",
        {
            "system": lane.system().code,
            "spec": lane.spec,
            "grant": grant.code,
            "allocation": lane.made["allocation"].code,
        },
    )


def late_proposal(lane: Lane) -> Request:
    call = lane.call()
    return Request(
        lane.engineer,
        "calls.proposal.submit",
        {
            "call": call.code,
            "system": lane.system().code,
            "summary": "Late.",
            "hours": "5",
            "budget": "10",
        },
    )


def second_approver(lane: Lane) -> Request:
    allocation = lane.allocation()
    return Request(
        lane.people["operator"],
        "compute.allocation.approve",
        {"allocation": allocation.code, "hours": "10", "reason": "Again."},
    )


def sent_twice(lane: Lane) -> Request:
    system = lane.system()
    first = {"name_en": "Other", "name_zh": "另一", "purpose": "Another purpose.", "risk_class": "2"}
    lane.hub.do(lane.engineer, "passport.system.register", options={"key": "once"}, **first)
    changed = {**first, "purpose": f"Not what was sent with this key before {system.code}."}
    return Request(lane.engineer, "passport.system.register", changed, {"key": "once"})


def stale(lane: Lane) -> Request:
    call = lane.call()
    return Request(lane.office, "calls.call.close", {"call": call.code}, {"version": call.version - 1})


def long_answer(lane: Lane) -> Request:
    return Request(
        lane.engineer,
        "passport.system.register",
        {"name_en": "A", "name_zh": "甲", "purpose": LONG, "risk_class": "2"},
    )


def pickled(lane: Lane) -> Request:
    return Request(
        lane.engineer,
        "passport.version.freeze",
        {
            "system": lane.system().code,
            "label": "1",
            "model": pickle.dumps({"weights": [1]}),
            "data": lane.hub.store(b"data"),
            "spec": lane.hub.store(b"spec"),
            "intended_use": "x",
        },
    )


def missing_column(lane: Lane) -> Request:
    lane.hub.clock.move_to(datetime.now(UTC) - timedelta(days=30))
    lane.activate()
    grant = lane.grant()
    return Request(
        lane.engineer,
        "forge.build.submit",
        {
            "system": lane.system().code,
            "spec": specs.FORM_READER.replace("target: digit", "target: cipher"),
            "grant": grant.code,
            "allocation": lane.made["allocation"].code,
        },
    )


CASES = (
    Case(
        "check digit",
        named(register="uscc", register_id="91110108MA0000001X"),
        "uscc.check_digit",
        "register_id",
    ),
    Case("full-width digits of a number that is taken", full_width, "record.unique", None),
    Case("zero-width character", named(name_en="A\u200bB"), "text.zero_width", "name_en"),
    Case("right-to-left override", named(name_zh="甲\u202e乙"), "text.bidi", "name_zh"),
    Case("not a number", hours("NaN"), "quantity.form", "hours"),
    Case("infinity", hours("inf"), "quantity.form", "hours"),
    Case("infinity in Chinese width", hours("１ｅ９９９"), "quantity.form", "hours"),
    Case("negative hours", hours("-5"), "quantity.negative", "hours"),
    Case("plan with a cycle", plan_file(cycle), "indicators.cycle", "T1.1"),
    Case("plan with a unit mismatch", plan_file(unit), "plan.unit_mismatch", "T6.2"),
    Case("plan with a doubled id", plan_file(twice), "plan.duplicate_id", "O1.1"),
    Case("grant past its term", grant_over, "grant.past_term", "grant"),
    Case("proposal after the deadline", late_proposal, "proposal.after_deadline", "call"),
    Case("second approver", second_approver, "lifecycle.allocation.approve", "state"),
    Case("another request with the same key", sent_twice, "idempotency.reused", "key"),
    Case("stale version", stale, "record.stale", "version"),
    Case(
        "10 MB answer",
        long_answer,
        "text.too_long",
        "purpose",
        page="request.too_large",
        api="json.too_large",
    ),
    Case("pickle as a model", pickled, "model.pickle", "model"),
    Case("spec with a missing column", missing_column, "spec.column_missing", "spec"),
)


@pytest.fixture
def wrong(hub: Any, request: Any) -> tuple[Case, Request]:
    """The case, and its request in a hub that was brought to it."""
    case: Case = request.param
    return case, case.prepare(Lane(hub))


def everywhere(test: Any) -> Any:
    return pytest.mark.parametrize("wrong", CASES, ids=lambda c: c.name, indirect=True)(test)


def kept(value: Any) -> Any:
    """A file is stored before it is named; a refusal there is the refusal."""
    from io import BytesIO

    if not isinstance(value, bytes):
        return value
    return files.store(BytesIO(value), name="file", media_type="application/octet-stream").sha256


def refusal(sent: Request) -> HutongError:
    """The refusal in Python."""
    with pytest.raises(HutongError) as refused:
        for name, value in sent.inputs.items():
            try:
                sent.inputs[name] = kept(value)
            except HutongError as error:
                error.field = name
                raise
        runner.run(
            now(sent.actor),
            sent.operation,
            sent.inputs,
            key=sent.around.get("key"),
            expected_version=sent.around.get("version"),
        )
    return refused.value


def now(actor: Actor) -> Actor:
    return actor_of(Person.objects.get(code=actor.code), datetime.now(UTC))


@everywhere
def test_in_python(wrong):
    case, sent = wrong
    before = store.size()
    error = refusal(sent)
    assert (error.rule, error.field) == (case.rule, case.field)
    assert error.what.en and error.what.zh and error.remedy.en and error.remedy.zh
    assert store.size() == before


@everywhere
def test_through_the_api(wrong):
    case, sent = wrong
    before, person = store.size(), Person.objects.get(code=sent.actor.code)
    headers = {"Authorization": f"Bearer {make_token(person, 'test')}"}
    inputs = dict(sent.inputs)
    for name, value in inputs.items():
        if isinstance(value, bytes):
            upload = SimpleUploadedFile("model.bin", value)
            answer = Client().post("/api/v1/files", {"file": upload}, headers=headers)
            if answer.status_code == 200:
                inputs[name] = answer.json()["sha256"]
    if not any(isinstance(v, bytes) for v in inputs.values()):
        answer = Client().post(
            f"/api/v1/operations/{sent.operation}",
            json.dumps({"input": inputs, **sent.around}),
            content_type="application/json",
            headers=headers,
        )
    said = answer.json()
    assert answer["Content-Type"] == "application/problem+json" and 400 <= answer.status_code < 500
    assert said["rule"] == (case.api or case.rule)
    assert said["what"]["zh"] and said["remedy"]["zh"] and said["what"]["en"] and said["remedy"]["en"]
    assert store.size() == before


@everywhere
@pytest.mark.parametrize("language", ["en", "zh"])
def test_on_the_page(wrong, language):
    case, sent = wrong
    before, client = store.size(), Client()
    client.force_login(Person.objects.get(code=sent.actor.code))
    subject = OPERATIONS[sent.operation].subject
    code = sent.inputs[subject.name] if subject else ""
    typed = {
        n: SimpleUploadedFile("file.bin", v) if isinstance(v, bytes) else v for n, v in sent.inputs.items()
    }
    typed = {
        f"_{n}" if kind_of(sent.operation, n) is FileRef and isinstance(v, str) else n: v
        for n, v in typed.items()
    }
    around = {{"key": "_key", "version": "_version"}[n]: v for n, v in sent.around.items()}
    answer = client.post(f"/do/{sent.operation}/{code}?lang={language}", {**typed, **around})
    assert 400 <= answer.status_code < 500
    page = html.unescape(answer.content.decode())
    if case.page:
        assert case.page in page
    else:
        error = refusal(sent)
        assert error.what.say(language) in page and error.remedy.say(language) in page
    assert store.size() == before


def kind_of(operation: str, name: str) -> Any:
    return next(p.kind for p in OPERATIONS[operation].parameters if p.name == name)


@everywhere
@pytest.mark.parametrize("language", ["en", "zh"])
def test_at_the_terminal(wrong, language, tmp_path, monkeypatch, capsys):
    case, sent = wrong
    before = store.size()
    monkeypatch.setenv("HUTONG_LANG", language)
    line = command(sent, tmp_path)
    with pytest.raises(SystemExit) as left:
        try:
            build(line)(args=line, prog_name="hutong")
        except HutongError as error:
            from hutong.cli.output import fail

            fail(error, False)
    said = capsys.readouterr().err
    what, why, do = said.strip().rsplit("\n", 2)
    assert case.rule in why and what and do
    assert ("why: " if language == "en" else "原因: ") in why
    assert left.value.code in (4, 9, 13, 22, 29)
    assert store.size() == before


def command(sent: Request, folder: Path) -> list[str]:
    """The words a person types for it."""
    operation = OPERATIONS[sent.operation]
    words = [*(w.replace("_", "-") for w in sent.operation.split(".")), "--as", sent.actor.code]
    options = {"key": "--key", "version": "--if-version"}
    for name, value in sent.around.items():
        words += [options[name], str(value)]
    for number, (name, value) in enumerate(sent.inputs.items()):
        if isinstance(value, bytes):
            path = folder / f"file{number}"
            path.write_bytes(value)
            value = str(path)
        elif len(value) > 10_000:
            path = folder / f"text{number}"
            path.write_text(value)
            value = f"@{path}"
        if operation.subject is not None and operation.subject.name == name:
            words.append(value)
        else:
            words.append(f"--{name.replace('_', '-')}={value}")
    return words


def test_a_terminal_that_names_nobody_is_refused(hub, monkeypatch, capsys):
    monkeypatch.delenv("HUTONG_AS", raising=False)
    line = ["parties", "person", "invite", "--name", "A", "--email", "a@hub.example"]
    with pytest.raises(SystemExit) as left:
        build(line)(args=line, prog_name="hutong")
    assert left.value.code == 13 and "cli.as" in capsys.readouterr().err


def test_the_terminal_speaks_json_and_repeats_harmlessly(hub, capsys):
    person = hub.person()
    hub.do(THE_HUB, "parties.grant.give", person=person, role=Role.TASK_FORCE.value)
    line = ["parties", "organisation", "register", "--as", person.code, "--json", "--key", "k"]
    line += [f"--{n.replace('_', '-')}={v}" for n, v in NAME.items()]
    said = []
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            build(line)(args=line, prog_name="hutong")
        assert left.value.code == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0]["record"] == said[1]["record"] and [s["repeated"] for s in said] == [False, True]
    for line, keys in (
        (["parties", "organisation", "list", "--json"], {"code", "state"}),
        (["parties", "organisation", "show", said[0]["record"]["code"], "--json"], None),
    ):
        with pytest.raises(SystemExit):
            build(line)(args=line, prog_name="hutong")
        content = json.loads(capsys.readouterr().out)
        assert content and (keys is None or keys <= set(content[0]))
