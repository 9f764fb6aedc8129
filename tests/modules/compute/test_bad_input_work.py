"""What a person may ask to run: words reach the program as they are, bad descriptions are refused by name in two languages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from compute.commands import FORM, CommandDesk, connections_file
from refusals import CHINESE, refused

from hutong.kernel.errors import Denied, HutongError, Invalid, NotFound
from hutong.kernel.permission import Role
from hutong.modules.compute.models import Job
from hutong.modules.compute.money import book
from hutong.platform import files
from hutong.platform.ledger.tables import Event

# Every one of them means something to a shell, to env(1), to printf or to a path.
WORDS = (
    "$(touch x)", "`touch x`", "; rm -rf .", "&& touch x", "| tee x", "> x", "'", '"', "\\", "a\nb", "\t", "", " ", "*", "~",
    "$HOME", "${IFS}", "%s%n", "--", "-rf", "A=b", "中文 作业", "🀄", "!!", "#", "{a,b}", "\r\n",
)  # fmt: skip
SAY = "import json, os, sys; json.dump([sys.argv[1:], sorted(os.listdir())], open('said.json', 'w'))"
UNKNOWN = "0" * 64


@pytest.fixture
def desk(hub: Any) -> CommandDesk:
    return CommandDesk(hub)


def described(**changed: Any) -> dict[str, Any]:
    return {"form": FORM, "command": ["true"], **changed}


def refusals(desk: CommandDesk, cases: Iterable[tuple[dict[str, Any], type[HutongError], str, str]]) -> None:
    """Each is refused so, in both languages; no hour is set aside, no job is there and nothing is written."""
    hours = desk.active("2")
    before = Event.objects.count()
    for given, kind, rule, field in cases:
        with pytest.raises(HutongError) as caught:
            desk.send(
                given.get("work", described()),
                **{"allocation": hours, **{k: v for k, v in given.items() if k != "work"}},
            )
        found = caught.value
        assert (type(found), found.rule, found.field) == (kind, rule, field), (
            str(given)[:200],
            found.what.en,
        )
        assert all(t.en.strip() and CHINESE.search(t.zh) for t in (found.what, found.remedy)), found
    assert (Job.objects.count(), Event.objects.count(), book.balances(hours)["held"]) == (0, before, 0)


def test_a_job_runs_with_exactly_its_words(desk: CommandDesk) -> None:
    job = desk.done(
        desk.order(desk.active("2"), sys.executable, "-c", SAY, *WORDS, results=["said.json", "x"])
    )
    assert job.state == "finished" and set(job.results) == {"said.json"}
    words, beside = json.loads(files.read(job.results["said.json"]))
    assert words == list(WORDS) and "x" not in beside


def test_a_program_that_is_not_there_is_a_failure_and_nothing_else_runs(desk: CommandDesk) -> None:
    hours = desk.active("2")
    names = ("$(touch x)", "; touch x", "touch x", "中文", "'; touch x; '")
    made = [desk.order(hours, name, results=["x"]) for name in names]
    desk.hub.work()
    for job, name in zip(made, names, strict=True):
        job.refresh_from_db()
        assert (job.state, job.ending, job.results) == ("failed", "failed", {})
        assert name.encode() in files.read(job.log_sha256)


def test_a_command_is_a_list_of_words_that_begins_with_a_program(desk: CommandDesk) -> None:
    commands: list[Any] = [
        [], "true", {"sh": "-c"}, [1], [None], [["true"]], ["true", True], ["a\0b"], ["x" * 2001], ["true"] * 201, ["w"] * 300,
        [""], ["\ud800"], ["true", "a\udfffb"], ["-S", "touch x"], ["--version"], ["A=b", "true"],
    ]  # fmt: skip
    refusals(desk, [({"work": described(command=c)}, Invalid, "job.command", "work") for c in commands])


def test_what_is_no_description_is_refused(desk: CommandDesk) -> None:
    work = [
        "text",
        {},
        7,
        True,
        "~",
        {"command": ["true"]},
        described(form="hutong-job/2"),
        described(shell="yes"),
        ["true"],
    ]
    refusals(desk, [({"work": w}, Invalid, "job.form", "work") for w in work])
    refusals(desk, [({"work": []}, Invalid, "input.required", "work")])


def test_text_that_cannot_be_read_is_refused(desk: CommandDesk) -> None:
    cases = [
        ("form: [hutong-job/1", "input.json"),
        ("{form: hutong-job/1, command", "input.json"),
        ("a\0b", "input.json"),
        ("!!python/object/apply:os.system [touch x]", "input.json"),
        ("x" * 300_000, "input.json_size"),
        (described(results=[0.5]), "input.float"),
        (f"form: {FORM}\ncommand: [sleep, .nan]", "input.float"),
    ]
    refusals(desk, [({"work": work}, Invalid, rule, "work") for work, rule in cases])


def test_names_of_files_and_results_are_plain(desk: CommandDesk) -> None:
    stored = desk.hub.store(b"x")
    names = [
        "../x",
        "/etc/passwd",
        "a/b",
        "",
        ".",
        "..",
        ".ssh",
        "-rf",
        "a b",
        "a\nb",
        "x" * 101,
        "$(x)",
        "作业.txt",
        "a\0",
    ]
    refusals(
        desk,
        [({"work": described(results=[n])}, Invalid, "job.results", "work") for n in [*names, 7, None]]
        + [({"work": described(files={n: stored})}, Invalid, "job.files", "work") for n in names],
    )


def test_files_and_results_have_their_form(desk: CommandDesk) -> None:
    many = [f"f{n}" for n in range(51)]
    files_: list[Any] = [["x"], "x", {"x": "abc"}, {"x": "G" * 64}, {"x": None}, dict.fromkeys(many, UNKNOWN)]
    refusals(
        desk,
        [({"work": described(files=f)}, Invalid, "job.files", "work") for f in files_]
        + [({"work": described(results=r)}, Invalid, "job.results", "work") for r in ("x", {"x": 1}, many)]
        + [({"work": described(files={"x": UNKNOWN})}, NotFound, "file.unknown", "file")],
    )


def test_amounts_that_cannot_be_are_refused(desk: CommandDesk) -> None:
    cases: list[tuple[str, Any, str]] = [
        ("chips", 0, "job.chips"), ("chips", -1, "job.chips"), ("chips", 3, "job.chips"), ("chips", "1.5", "input.integer"),
        ("chips", "NaN", "input.integer"), ("limit_s", 0, "job.limit"), ("limit_s", -60, "job.limit"),
        ("limit_s", 30 * 86400 + 1, "job.limit"), ("limit_s", 10**17, "job.limit"), ("copies", 0, "job.copies"),
        ("copies", 10_001, "job.copies"), ("checkpoint_s", -1, "job.checkpoint"), ("deadline", "2026-08-01T00:00:00Z", "job.deadline"),
        ("deadline", "2026-12-01T00:00:00", "instant.naive"), ("deadline", "soon", "instant.form"), ("accept", ["quantum9000"], "job.accept"),
    ]  # fmt: skip
    refusals(desk, [({field: value}, Invalid, rule, field) for field, value, rule in cases])


def test_who_may_not_and_a_hub_that_runs_no_commands(desk: CommandDesk) -> None:
    hours, stranger = desk.active("2"), desk.hub.actor(Role.INNOVATOR, desk.hub.organisation("Elsewhere"))
    with refused(NotFound, "record.unknown", "allocation"):
        desk.hub.do(stranger, "compute.job.submit", work=described(), allocation=hours)
    connections_file().unlink()
    refusals(desk, [({}, Denied, "job.commands", "work")])


def test_a_result_that_the_hub_must_not_keep_fails_the_job_by_name(desk: CommandDesk) -> None:
    hours = desk.active("2")
    leave = {
        "model.pickle": "pickle.dump([1], open('r', 'wb'))",
        "file.too_large": "open('r', 'wb').truncate(65 << 20)",
    }
    made = {
        r: desk.order(hours, sys.executable, "-c", f"import pickle; {do}", results=["r"])
        for r, do in leave.items()
    }
    desk.hub.work()
    for rule, job in made.items():
        job.refresh_from_db()
        assert (job.state, job.ending, job.results) == ("failed", f"collect:{rule}", {}) and job.used_ms > 0
        assert rule in files.read(job.log_sha256).decode()
    assert book.balances(hours)["held"] == 0


def test_what_is_no_file_of_the_job_is_no_result(desk: CommandDesk) -> None:
    hours = desk.active("2")
    for leave in ("ln -s /etc/passwd r", "mkdir r", "mkfifo r", "true"):
        desk.order(hours, "sh", "-c", leave, results=["r"])
    desk.hub.work()
    assert list(Job.objects.values_list("state", "results")) == [("finished", {})] * 4


def test_a_stored_file_is_given_as_it_was_and_the_store_keeps_its_own(desk: CommandDesk) -> None:
    stored = desk.hub.store("内容".encode(), "in.txt")
    command = ["sh", "-c", "cp in.txt out.txt; chmod +w in.txt; echo changed > in.txt"]
    job = desk.done(
        desk.order(desk.active("2"), *command, files={"in.txt": stored}, results=["in.txt", "out.txt"])
    )
    assert job.state == "finished" and job.results["out.txt"] == stored != job.results["in.txt"]
    assert files.read(stored).decode() == "内容"
