"""Versions: frozen once around what the forge made, replaced in the open, and only by their owner."""

from __future__ import annotations

from typing import Any

import pytest
from passport.workshop import DATA, SPEC, Workshop, digest
from refusals import refused

from hutong.kernel.errors import Conflict, Denied, Invalid, NotFound
from hutong.kernel.permission import ANONYMOUS, Role
from hutong.modules.passport.contract import Version, course, version_by_code
from hutong.platform.evidence import payload_of


def test_a_label_is_frozen_once(workshop: Workshop) -> None:
    model = workshop.artefact()
    first = workshop.freeze(model)
    with refused(Conflict, "record.unique"):
        workshop.freeze(model)
    with refused(Conflict, "record.unique"):
        workshop.freeze(model, " 1.0 ")
    second = workshop.freeze(workshop.artefact(b"better"), "1.1")
    assert [v.label for v in Version.objects.order_by("id")] == ["1.0", "1.1"]
    assert version_by_code(first.code).model_sha256 == model != second.model_sha256
    gate = next(g for g in course(workshop.system).gates if g.stage.key == "build")
    assert (gate.state, gate.subject) == ("done", second.code)


def test_only_what_a_build_of_this_system_made_is_frozen(workshop: Workshop) -> None:
    model = workshop.artefact()
    with refused(Conflict, "freeze.no_artefact", "model"):
        workshop.freeze(workshop.hub.store(b"from elsewhere"))
    for change in ({"data": digest("other data")}, {"spec": digest("other spec")}):
        with refused(Conflict, "freeze.other_digests", "model"):
            workshop.freeze(model, **change)
    unequal = workshop.artefact(b"unequal", passed=False)
    with refused(Conflict, "freeze.parity_failed", "model"):
        workshop.freeze(unequal)
    assert Version.objects.count() == 0


@pytest.mark.parametrize(
    ("change", "rule", "field"),
    [
        ({"data": "DATA"}, "input.digest", "data"),
        ({"data": DATA[:-1]}, "input.digest", "data"),
        ({"spec": SPEC + "0"}, "input.digest", "spec"),
        ({"spec": "g" * 64}, "input.digest", "spec"),
        ({"data": " "}, "input.required", "data"),
        ({"label": ""}, "input.required", "label"),
        ({"label": "x" * 41}, "record.version.label", "label"),
        ({"label": "1.0\u202e"}, "text.bidi", "label"),
        ({"intended_use": "x" * 2001}, "text.too_long", "intended_use"),
    ],
)
def test_what_cannot_name_a_version_is_refused(
    workshop: Workshop, change: dict[str, Any], rule: str, field: str
) -> None:
    model = workshop.artefact()
    with refused(Invalid, rule, field):
        workshop.freeze(model, **change)
    frozen = workshop.freeze(model, data=f"  {DATA.upper()} ")
    assert frozen.data_sha256 == DATA


def test_a_model_that_is_not_in_the_store_is_not_frozen(workshop: Workshop) -> None:
    workshop.artefact()
    with refused(NotFound, "file.unknown", "model"):
        workshop.freeze(digest("never stored"))


def test_another_model_under_a_version_is_noted_and_its_label_stays(workshop: Workshop) -> None:
    model = workshop.artefact()
    version = workshop.freeze(model)
    other = workshop.hub.store(b"faster")
    replaced = workshop.replace(version, other)
    noted = payload_of(workshop.hub.last().seq)["noted"]
    assert noted == {"was": model, "now": other}
    assert (replaced.state, replaced.label, replaced.model_sha256) == ("frozen", "1.0", other)
    assert workshop.replace(version, model).model_sha256 == model
    with refused(Conflict, "record.unique"):
        workshop.freeze(model)


def test_only_the_owner_freezes_and_replaces(workshop: Workshop) -> None:
    model = workshop.artefact()
    version = workshop.freeze(model)
    stranger = workshop.hub.actor(Role.INNOVATOR, workshop.hub.organisation("Other"))
    for actor in (stranger, ANONYMOUS):
        with refused(NotFound, "record.unknown", "system"):
            workshop.freeze(model, "2.0", by=actor)
        with refused(NotFound, "record.unknown", "version"):
            workshop.replace(version, model, by=actor)
    workshop.publish()
    for actor in (stranger, ANONYMOUS, workshop.lane.office):
        with refused(Denied, "passport:version:freeze"):
            workshop.freeze(model, "2.0", by=actor)
        with refused(Denied, "passport:version:replace"):
            workshop.replace(version, model, by=actor)


def test_a_passport_goes_forward_only(workshop: Workshop) -> None:
    model = workshop.artefact()
    workshop.publish()
    with refused(Conflict, "lifecycle.system.publish", "state"):
        workshop.publish()
    workshop.withdraw()
    for step in (workshop.publish, workshop.withdraw):
        with refused(Conflict, f"lifecycle.system.{step.__name__}", "state"):
            step()
    with refused(Conflict, "needs.passport.version.freeze", "state"):
        workshop.freeze(model)


@pytest.mark.parametrize("risk_class", ["0", "6", "-1", "NaN", "４.0", ""])
def test_a_risk_class_is_one_of_five(workshop: Workshop, risk_class: str) -> None:
    given = {"name_en": "A", "name_zh": "甲", "purpose": "x", "risk_class": risk_class}
    rule = "input.choice" if risk_class else "input.required"
    with refused(Invalid, rule, "risk_class"):
        workshop.hub.do(workshop.owner, "passport.system.register", **given)
