"""From a figure to its events in three steps, and a bundle that the stand-alone verifier accepts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from plan.small_plan import SMALL

from hutong import verify
from hutong.engines.indicators import Evaluator, load_plan
from hutong.kernel.errors import Exhausted, NotFound
from hutong.kernel.measure import Fact, Measure
from hutong.kernel.permission import Role
from hutong.kernel.text import Text
from hutong.modules.plan import explain as explaining
from hutong.modules.plan.contract import explain, status
from hutong.modules.plan.figures import KEPT, Figures
from hutong.modules.plan.looks import look
from hutong.platform.ledger.tables import Event

Load = Callable[..., Any]


def test_three_steps_lead_from_the_figure_to_its_events(hub: Any, load: Load) -> None:
    houses = [hub.organisation() for _ in range(3)]
    load(hub.actor(Role.TASK_FORCE))
    found = explain("T1.1", now=hub.clock.now())
    assert found.row.value.as_json()["value"] == 3
    assert found.inputs[0].value.as_json()["value"] == 3
    assert [c.code for c in found.counted] == [h.code for h in houses]
    assert [c.url for c in found.counted] == [f"/parties/organisation/{h.code}" for h in houses]
    assert [e.subject for e in found.events()] == [h.code for h in houses]
    assert found.unproven == 0
    assert sum(Fraction(c.fact.amount) for c in found.counted) == 3


def test_the_bundle_is_accepted_offline_and_not_when_touched(hub: Any, load: Load, tmp_path: Path) -> None:
    hub.organisation()
    load(hub.actor(Role.TASK_FORCE))
    bundle = explain("T1.1", now=hub.clock.now()).bundle()
    assert bundle["subject"] == "small/T1.1"
    operations = [e["entry"]["operation"] for e in bundle["entries"]]  # type: ignore[attr-defined]
    assert operations == ["parties.organisation.register", "plan.plan.load"]
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(bundle), encoding="utf-8")
    touched = json.loads(json.dumps(bundle))
    touched["record"]["figure"]["value"]["value"] = 2
    bad.write_text(json.dumps(touched), encoding="utf-8")
    codes = [subprocess.run([sys.executable, verify.__file__, str(p)]).returncode for p in (good, bad)]
    assert codes[0] == 0 and codes[1] != 0


def test_a_figure_that_is_not_known_is_explained_too(hub: Any, load: Load) -> None:
    load(hub.actor(Role.TASK_FORCE))
    found = explain("T2.1", now=hub.clock.now())
    assert found.row.value.as_json()["state"] == "missing"
    assert found.counted == () and found.seqs == ()
    assert found.as_json()["counted"] == []
    found.bundle()


def test_an_unknown_figure_is_not_found(hub: Any, load: Load) -> None:
    load(hub.actor(Role.TASK_FORCE))
    with pytest.raises(NotFound):
        explain("T9.9", now=hub.clock.now())


def test_every_proof_holds_under_the_checkpoint(hub: Any, load: Load) -> None:
    for _ in range(5):
        hub.organisation()
    load(hub.actor(Role.TASK_FORCE))
    shown = explain("T1.1", now=hub.clock.now()).as_json()
    size = int(shown["checkpoint"].splitlines()[1])
    assert size == Event.objects.count() and len(shown["counted"]) == 5
    from hutong.kernel.merkle import verify_inclusion
    from hutong.platform.ledger.store import frontier

    for fact in shown["counted"]:
        proof = tuple(bytes.fromhex(h) for h in fact["proof"])
        assert verify_inclusion(bytes.fromhex(fact["leaf"]), fact["event"], size, proof, frontier().root())


def test_too_large_a_bundle_says_so(hub: Any, load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.organisation()
    load(hub.actor(Role.TASK_FORCE))
    monkeypatch.setattr(explaining, "MOST_EXHIBITS", 0)
    with pytest.raises(Exhausted):
        explain("T1.1", now=hub.clock.now()).bundle()


def test_kept_figures_equal_fresh_ones(hub: Any, load: Load) -> None:
    load(hub.actor(Role.TASK_FORCE))
    for _ in range(4):
        hub.organisation()
        now = hub.clock.now()
        kept = status(now=now).as_json()
        KEPT._held.clear()
        assert status(now=now).as_json() == kept


def test_one_evaluator_serves_a_size_of_the_ledger(hub: Any, load: Load) -> None:
    load(hub.actor(Role.TASK_FORCE))
    seen = look(now=hub.clock.now())
    assert Figures(seen).evaluator(seen) is Figures(seen).evaluator(seen)
    before = Figures(seen).evaluator(seen)
    hub.organisation()
    assert Figures(seen).evaluator(seen) is not before


def test_a_restatement_keeps_both_values() -> None:
    """A retracted fact counts for those who look with the knowledge of then, and not for those of now."""
    plan = load_plan(SMALL)
    lens = Evaluator(plan, {}).lens("2024")
    recorded, fixed = lens.valid_on - timedelta(days=9), lens.valid_on - timedelta(days=2)
    right = Fact("urn:hutong:x.y:A", 0, 1, recorded, None, recorded)
    wrong = Fact("urn:hutong:x.y:B", 1, 1, recorded, None, recorded, retracted_at=fixed)
    name = "parties.organisations_registered"
    words = Text("x", "甲")
    offered = {name: Measure(name, "count(organisation)", "flow", words, words, lambda: [right, wrong])}
    engine = Evaluator(plan, offered)
    then = engine.evaluate("T1.1", engine.lens("2024", lens.valid_on, fixed - timedelta(days=1)))
    now = engine.evaluate("T1.1", engine.lens("2024", lens.valid_on, lens.valid_on))
    assert (then.value.as_json()["value"], now.value.as_json()["value"]) == (2, 1)
