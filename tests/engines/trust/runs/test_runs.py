"""A plan as tasks: the same counts as `observe`, whatever the engine, the parts, the order and the kills."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hutong.engines import trust
from hutong.engines.trust.runs import Journal, Task, run, tasks_of
from hutong.engines.trust.runs.rows import BrokenRow, read
from hutong.kernel.canonical import digest
from hutong.kernel.errors import Conflict, HutongError, Invalid

sys.path.insert(0, str(Path(__file__).parent))
from planted import SEED, Planted, planted


@pytest.fixture(scope="module")
def case() -> Planted:
    return planted()


@pytest.fixture(scope="module")
def wanted(case: Planted) -> trust.Observations:
    return trust.observe(case.plan, case.open(), case.system, case.profile, case.data, SEED)


def carry_out(case: Planted, journal: Path, **how: Any) -> trust.Observations:
    return run(case.plan, case.open, case.system, case.profile, case.data, SEED, journal, **how)


def exported(case: Planted, journal: Path, rows: int = 65536) -> bytes:
    with Journal(journal, case.plan, rows) as book:
        return book.export()


def same(one: trust.Observations, other: trust.Observations) -> bool:
    return digest(one.as_json()) == digest(other.as_json())


@pytest.mark.parametrize("how", [{"workers": 1}, {"workers": 2}, {"workers": 1, "rows": 171}])
def test_a_run_counts_what_observe_counts(
    case: Planted, wanted: trust.Observations, tmp_path: Path, how: dict[str, Any]
) -> None:
    assert same(carry_out(case, tmp_path / "j", **how), wanted)


def test_parts_of_one_row_add_up_for_classes_and_for_shares(tmp_path: Path) -> None:
    """Accuracy per class and worst cases are split; a class that a part lacks must not be lost."""
    small = planted(rows=160)
    seen = trust.observe(small.plan, small.open(), small.system, small.profile, small.data, SEED)
    tasks = tasks_of(small.plan, 1)
    assert sum(t.claim == "Q2.accuracy" for t in tasks) == 80
    assert same(carry_out(small, tmp_path / "j", workers=1, rows=1), seen)


def test_two_engines_write_the_same_bytes(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "one", workers=1)
    carry_out(case, tmp_path / "two", workers=2)
    assert exported(case, tmp_path / "one") == exported(case, tmp_path / "two")


def test_the_order_in_which_tasks_end_does_not_show(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "one", workers=1)
    counts = dict(read(exported(case, tmp_path / "one"))[1])
    with Journal(tmp_path / "two", case.plan) as book:
        for task in reversed(book.tasks):
            book.add(task, counts[task.id])
        assert book.export() == exported(case, tmp_path / "one")


def killed_after(case: Planted, journal: Path, seconds: float, workers: int = 1) -> bool:
    """Run in a child that is killed after so long. True if it had finished before."""
    child = os.fork()
    if child == 0:
        carry_out(case, journal, workers=workers, rows=100)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1] == 0


def test_killed_at_fifty_random_points_the_result_is_the_same(
    case: Planted, wanted: trust.Observations, tmp_path: Path
) -> None:
    start = time.perf_counter()
    carry_out(case, tmp_path / "whole", workers=1, rows=100)
    whole = time.perf_counter() - start
    bytes_wanted = exported(case, tmp_path / "whole", 100)
    chance, kills, cut = np.random.default_rng(11), 0, 0
    while kills < 50:
        journal = tmp_path / f"j{kills}"
        finished = False
        while not finished and kills < 50:
            finished = killed_after(case, journal, float(chance.uniform(0, whole)))
            kills += 1
            cut += not finished
        assert same(carry_out(case, journal, workers=1, rows=100), wanted)
        assert exported(case, journal, 100) == bytes_wanted
    # Kills that came too late prove nothing.
    assert cut >= 25


def test_workers_end_with_a_killed_parent(
    case: Planted, wanted: trust.Observations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUTONG_TEST_MARK", str(tmp_path))
    watch = time.monotonic() + 20
    child = os.fork()
    if child == 0:
        carry_out(case, tmp_path / "j", workers=2, rows=1)
        os._exit(0)
    while len(marked(tmp_path)) < 2 and time.monotonic() < watch:
        time.sleep(0.02)
    assert len(marked(tmp_path)) == 2
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while marked(tmp_path) and time.monotonic() < watch:
        time.sleep(0.02)
    assert not marked(tmp_path)
    assert same(carry_out(case, tmp_path / "j", workers=1, rows=1), wanted)


def marked(mark: Path) -> set[str]:
    """Programs that were started with this mark in their environment: the workers."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"HUTONG_TEST_MARK={mark}".encode() in file.read_bytes():
                found.add(file.parent.name)
        except OSError:
            continue
    return found


def test_what_is_in_the_journal_is_not_asked_again(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "j", workers=1)
    heard: list[tuple[int, int, str]] = []
    carry_out(case, tmp_path / "j", workers=1, progress=lambda *told: heard.append(told))
    of = len(tasks_of(case.plan))
    assert heard == [(of, of, "")]


def test_a_journal_is_append_only_and_says_which_row_was_changed(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "j", workers=1)
    base = sqlite3.connect(tmp_path / "j")
    for statement in ("UPDATE rows SET body = 'x'", "DELETE FROM rows", "UPDATE head SET body = 'x'"):
        with pytest.raises(sqlite3.IntegrityError):
            base.execute(statement)
    base.executescript(
        "DROP TRIGGER rows_stay; UPDATE rows SET body = replace(body, '1', '2') WHERE seq = 3;"
    )
    base.close()
    with pytest.raises(Conflict) as error:
        Journal(tmp_path / "j", case.plan)
    assert error.value.rule == "journal.changed" and "3" in error.value.what.en


def test_a_journal_serves_one_plan_only(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "j", workers=1)
    with pytest.raises(Conflict) as error:
        Journal(tmp_path / "j", replace(case.plan, seed_commitment="0" * 64))
    assert error.value.rule == "journal.other_plan"
    (tmp_path / "no").write_text("not a journal at all, but long enough to be read as one" * 100)
    with pytest.raises(Conflict):
        Journal(tmp_path / "no", case.plan)


def test_a_system_that_answers_otherwise_the_second_time_is_refused(case: Planted, tmp_path: Path) -> None:
    with Journal(tmp_path / "j", case.plan) as book:
        task = book.tasks[0]
        book.add(task, {"n": 1})
        book.add(task, {"n": 1})
        with pytest.raises(Conflict) as error:
            book.add(task, {"n": 2})
        assert error.value.rule == "run.not_repeatable"
        with pytest.raises(Invalid):
            book.add(book.tasks[1], {"n": 0.5})
        with pytest.raises(Conflict) as error:
            book.observations()
        assert error.value.rule == "run.unfinished"


@pytest.mark.parametrize("workers", [1, 2])
def test_another_model_is_refused_in_the_same_words_on_every_engine(
    case: Planted, tmp_path: Path, workers: int
) -> None:
    other = planted(rows=400)
    with pytest.raises(HutongError) as error:
        run(
            case.plan, other.open, case.system, case.profile, case.data, SEED, tmp_path / "j", workers=workers
        )
    assert error.value.rule == "plan.target_changed" and error.value.what.zh


def test_what_cannot_be_sent_says_so(case: Planted, tmp_path: Path) -> None:
    with pytest.raises(Conflict) as error:
        run(
            case.plan,
            lambda: case.open(),
            case.system,
            case.profile,
            case.data,
            SEED,
            tmp_path / "j",
            workers=2,
        )
    assert error.value.rule == "run.not_sendable"


@pytest.mark.parametrize(("engine", "named"), [("ray", "ray"), ("slurm", "sbatch")])
def test_engines_that_are_not_here_are_named(
    case: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, named: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr("hutong.engines.trust.runs.engines.find_spec", lambda name: None)
    with pytest.raises(Invalid) as error:
        carry_out(case, tmp_path / "j", engine=engine)
    assert error.value.rule == "run.engine_missing" and named in error.value.what.en
    with pytest.raises(Invalid):
        carry_out(case, tmp_path / "j", engine="abacus")


SBATCH = """#!{python}
# Stands in for Slurm: runs the array's command once per task number, one after the other, in reverse.
import os, subprocess, sys
array = next(a for a in sys.argv if a.startswith("--array=")).partition("-0")[2] or sys.argv[4]
last = int(next(a for a in sys.argv if a.startswith("--array="))[8:].split("-")[1])
command = sys.argv[sys.argv.index("--wrap") + 1]
for number in reversed(range(last + 1)):
    if number == {broken}: continue
    code = subprocess.run(["sh", "-c", command], env=dict(os.environ, SLURM_ARRAY_TASK_ID=str(number))).returncode
    if code: print("job failed", file=sys.stderr); sys.exit(code)
"""


def with_sbatch(folder: Path, monkeypatch: pytest.MonkeyPatch, broken: int) -> None:
    program = folder / "sbatch"
    program.write_text(SBATCH.format(python=sys.executable, broken=broken))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_slurm_array_gives_the_same_journal_and_goes_on_after_a_lost_job(
    case: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_sbatch(tmp_path, monkeypatch, broken=0)
    with pytest.raises(Conflict) as error:
        carry_out(case, tmp_path / "j", engine="slurm", workers=2)
    assert error.value.rule == "run.slurm"
    with Journal(tmp_path / "j", case.plan) as book:
        assert 0 < len(book.missing()) < len(book.tasks)
    with_sbatch(tmp_path, monkeypatch, broken=-1)
    carry_out(case, tmp_path / "j", engine="slurm", workers=2)
    carry_out(case, tmp_path / "one", workers=1)
    assert exported(case, tmp_path / "j") == exported(case, tmp_path / "one")


def test_ray_tasks_give_the_same_journal(
    case: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the four calls of Ray that are used, carried out when waited for, the last submitted first."""
    ray: Any = ModuleType("ray")
    ray.init = lambda **options: None
    ray.put = lambda value: value

    class Remote:
        def __init__(self, function: Any) -> None:
            self.function = function

        def remote(self, *given: Any) -> Any:
            return partial(self.function, *given)

    ray.remote = Remote
    ray.wait = lambda waiting, num_returns: ([waiting[-1]], waiting[:-1])
    ray.get = lambda reference: reference()
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr("hutong.engines.trust.runs.engines.find_spec", lambda name: object())
    carry_out(case, tmp_path / "j", engine="ray")
    carry_out(case, tmp_path / "one", workers=1)
    assert exported(case, tmp_path / "j") == exported(case, tmp_path / "one")


def test_every_flipped_byte_of_an_exported_journal_is_found(case: Planted, tmp_path: Path) -> None:
    carry_out(case, tmp_path / "one", workers=1)
    whole = exported(case, tmp_path / "one")
    starts = np.cumsum([0, *(len(line) + 1 for line in whole.split(b"\n"))])
    chance = np.random.default_rng(2)
    for place in chance.choice(len(whole), 600, replace=False):
        broken = bytearray(whole)
        broken[place] ^= 1 << int(chance.integers(8))
        row = int(np.searchsorted(starts, place, side="right")) - 1
        with pytest.raises(BrokenRow) as error:
            read(bytes(broken))
        # A broken end of line joins two rows; a broken head unsettles the first row's link.
        assert error.value.row in (row, row + 1) or place == len(whole) - 1


def test_tasks_are_named_by_claim_and_part() -> None:
    assert Task("Q2.accuracy").id == "Q2.accuracy"
    assert Task("Q2.accuracy", 1, 3).id == "Q2.accuracy#2/3"


def test_a_log_counts_what_it_can(tmp_path: Path) -> None:
    case = planted(rows=400)
    answers = case.open().predict(case.data.features).labels
    log = trust.LogTarget(case.system, labels=tuple(case.system.labels[i] for i in answers))
    plan = trust.make_plan(log, case.system, case.profile, case.data, SEED)
    seen = run(plan, lambda: log, case.system, case.profile, case.data, SEED, tmp_path / "j", workers=1)
    assert same(seen, trust.observe(plan, log, case.system, case.profile, case.data, SEED))
    assert "not_run" in seen.counts["R2.corruptions"] and "hits" in json.dumps(
        dict(seen.counts["Q2.accuracy"])
    )
