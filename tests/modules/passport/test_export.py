"""What a passport gives away: a bundle that the stand-alone verifier accepts, and a bill of materials that is one."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.test import Client
from passport.schema import faults
from passport.workshop import DATA, SPEC, Workshop

from hutong import verify
from hutong.modules.passport.contract import bill_of_materials, bundle
from hutong.platform.ledger import checkpoints
from hutong.platform.ledger.tables import Event

Bom = dict[str, Any]


def run_verifier(tmp_path: Path, content: Any, *more: str) -> subprocess.CompletedProcess[str]:
    place = tmp_path / "bundle.json"
    place.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    # As an outsider runs it: the one file, no packages, no hub.
    command = [sys.executable, "-S", "-I", str(Path(verify.__file__)), str(place), *more]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_the_bundle_of_a_system_is_verified_by_one_file(workshop: Workshop, tmp_path: Path) -> None:
    checkpoints.sign()
    version = workshop.freeze(workshop.artefact())
    content = bundle(workshop.system)
    done = run_verifier(tmp_path, content)
    assert done.returncode == 0, done.stdout + done.stderr
    dossier = Event.objects.filter(passport=workshop.system.code)
    assert [e["entry"]["seq"] for e in content["entries"]] == sorted(dossier.values_list("seq", flat=True))
    record = content["record"]
    assert record["code"] == workshop.system.code and record["withheld"] == []
    assert record["versions"] == [
        {"code": version.code, "label": "1.0", "model": version.model_sha256, "data": DATA, "spec": SPEC}
    ]
    assert (record["outcome"], record["stage"]) == ("under_way", "build")


def other_record(content: Any) -> None:
    content["record"]["risk_class"] = 1


def less(content: Any) -> None:
    del content["entries"][1]


def other_payload(content: Any) -> None:
    content["entries"][0]["payload"]["input"]["purpose"] = "Something else."


@pytest.mark.parametrize("bend", [other_record, less, other_payload])
def test_a_bent_bundle_is_refused(workshop: Workshop, tmp_path: Path, bend: Callable[[Any], None]) -> None:
    content = json.loads(json.dumps(bundle(workshop.system)))
    assert run_verifier(tmp_path, content).returncode == 0
    bend(content)
    assert run_verifier(tmp_path, content).returncode == 1


def test_the_bill_of_materials_is_valid_cyclonedx(workshop: Workshop) -> None:
    assert faults(bill_of_materials(workshop.system)) == []
    first = workshop.freeze(workshop.artefact())
    second = workshop.freeze(workshop.artefact(b"better"), "1.1 (试行) & <b>")
    bom = bill_of_materials(workshop.system)
    assert faults(bom) == []
    with suppress(MissingOptionalDependencyException):
        assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom)) is None
    parts = {c["bom-ref"]: c for c in bom["components"]}
    assert len(parts) == len(bom["components"]) == 4
    for version in (first, second):
        model, data = parts[version.code], parts[f"{version.code}-data"]
        assert (model["type"], data["type"]) == ("machine-learning-model", "data")
        assert model["version"] == version.label
        assert model["hashes"] == [{"alg": "SHA-256", "content": version.model_sha256}]
        assert data["hashes"] == [{"alg": "SHA-256", "content": DATA}]
        names = {p["name"]: p["value"] for p in model["properties"]}
        assert names["hutong:build_specification_sha256"] == SPEC and names["hutong:risk_class"] == "2"


def test_the_bill_says_what_depends_on_what(workshop: Workshop) -> None:
    codes = [workshop.freeze(workshop.artefact(label.encode()), label).code for label in ("1", "2", "3")]
    bom = bill_of_materials(workshop.system)
    uses = {d["ref"]: set(d.get("dependsOn", ())) for d in bom["dependencies"]}
    known = {c["bom-ref"] for c in bom["components"]} | {bom["metadata"]["component"]["bom-ref"]}
    assert set(uses) == known and set().union(*uses.values()) <= known
    assert uses[workshop.system.code] == set(codes)
    assert all(uses[code] == {f"{code}-data"} for code in codes)


def test_a_replaced_model_is_in_the_bill_and_in_the_bundle(workshop: Workshop) -> None:
    version = workshop.freeze(workshop.artefact())
    other = workshop.hub.store(b"faster")
    workshop.replace(version, other)
    (model,) = (c for c in bill_of_materials(workshop.system)["components"] if c["bom-ref"] == version.code)
    assert model["hashes"][0]["content"] == other
    assert bundle(workshop.system)["record"]["versions"][0]["model"] == other


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("bomFormat",), "SPDX"),
        (("bomFormat",), None),
        (("components", 0, "type"), "model"),
        (("components", 0, "name"), None),
        (("components", 0, "hashes", 0, "content"), "no digest"),
        (("components", 0, "hashes", 0, "alg"), "SHA-0"),
        (("components", 0, "colour"), "blue"),
        (("dependencies", 0, "ref"), None),
        (("serialNumber",), "urn:uuid:1"),
    ],
)
def test_the_check_of_the_bill_finds_what_is_wrong(
    workshop: Workshop, path: tuple[Any, ...], value: Any
) -> None:
    workshop.freeze(workshop.artefact())
    bom = copy.deepcopy(bill_of_materials(workshop.system))
    assert faults(bom) == []
    place = bom
    for part in path[:-1]:
        place = place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    assert faults(bom) != []


def test_both_files_come_to_whoever_may_see_the_system(workshop: Workshop, tmp_path: Path) -> None:
    workshop.freeze(workshop.artefact())
    code, client = workshop.system.code, Client()
    for name in ("bundle.json", "bom.json"):
        assert client.get(f"/passport/{code}/{name}").status_code == 404
    workshop.publish()
    answers = {name: client.get(f"/passport/{code}/{name}") for name in ("bundle.json", "bom.json")}
    assert all(a.status_code == 200 and "attachment" in a["Content-Disposition"] for a in answers.values())
    assert faults(answers["bom.json"].json()) == []
    assert run_verifier(tmp_path, answers["bundle.json"].json()).returncode == 0
