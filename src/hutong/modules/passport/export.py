"""What a passport gives away: the evidence bundle, and the bill of materials of its newest version."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from django.http import HttpRequest, HttpResponse

from hutong.kernel.permission import Actor
from hutong.modules.passport.models import System
from hutong.modules.passport.queries import course, versions_of
from hutong.platform.entities import of_code
from hutong.platform.evidence import dossier_of
from hutong.platform.ledger import export
from hutong.platform.parsing import load_record
from hutong.platform.scope import visible
from hutong.platform.web.evidence import download


def record_of(system: System) -> dict[str, Any]:
    """What the bundle says of the system besides its events."""
    way = course(system)
    return {
        "code": system.code,
        "name": system.name.as_json(),
        "risk_class": system.risk_class,
        "outcome": way.outcome,
        "stage": way.standing,
        "versions": [
            {
                "code": v.code,
                "label": v.label,
                "model": v.model_sha256,
                "data": v.data_sha256,
                "spec": v.spec_sha256,
            }
            for v in versions_of(system)
        ],
    }


def bundle(system: System, reader: Actor | None = None) -> dict[str, object]:
    """The events of the dossier with their proofs, under a fresh checkpoint; all of them where no reader is named.

    A payload holds what was written in a record: events on records that the reader may not see are left out, and
    their numbers stand in the bundle's record as withheld. Their headers are public, as the log is.
    """
    events = dossier_of(system.code)
    seen = {e.subject for e in events} if reader is None else _seen(reader, {e.subject for e in events})
    withheld = [e.seq for e in events if e.subject not in seen]
    shown = [e for e in events if e.subject in seen]
    return export.bundle_of(system.code, shown, {**record_of(system), "withheld": withheld})


def _seen(reader: Actor, codes: Iterable[str]) -> set[str]:
    """Those of the records that the reader may see, one query a kind."""
    kinds: dict[str, list[str]] = {}
    for code in codes:
        kinds.setdefault(code.split("-")[0], []).append(code)
    found: set[str] = set()
    for some in kinds.values():
        entity = of_code(some[0])
        if entity is not None:
            rows = entity.model._default_manager.filter(code__in=some)
            found.update(visible(rows, entity.view, reader).values_list("code", flat=True))
    return found


def bill_of_materials(system: System) -> Any:
    """CycloneDX 1.6: the system, its frozen versions as machine-learning models, their data by digest (ECMA-424)."""
    bom = Bom()
    bom.metadata.component = Component(
        name=system.name_en, type=ComponentType.APPLICATION, bom_ref=system.code, description=system.purpose
    )
    for version in versions_of(system):
        model = Component(
            name=f"{system.name_en} model",
            version=version.label,
            type=ComponentType.MACHINE_LEARNING_MODEL,
            bom_ref=version.code,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=version.model_sha256)],
            properties=[
                Property(name="hutong:risk_class", value=str(system.risk_class)),
                Property(name="hutong:build_specification_sha256", value=version.spec_sha256),
                Property(name="hutong:state", value=version.state),
            ],
            description=version.intended_use,
        )
        data = Component(
            name=f"{system.name_en} training data",
            type=ComponentType.DATA,
            bom_ref=f"{version.code}-data",
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=version.data_sha256)],
        )
        bom.components.add(model)
        bom.components.add(data)
        bom.register_dependency(model, [data])
        bom.register_dependency(bom.metadata.component, [model])
    return json.loads(JsonV1Dot6(bom).output_as_string())


def _system(request: HttpRequest, code: str) -> System:
    found = load_record(System, code, request.actor, "code")  # type: ignore[attr-defined]
    assert isinstance(found, System)
    return found


def bundle_view(request: HttpRequest, code: str) -> HttpResponse:
    system = _system(request, code)
    return download(bundle(system, request.actor), f"{system.code}.json")  # type: ignore[attr-defined]


def bom_view(request: HttpRequest, code: str) -> HttpResponse:
    system = _system(request, code)
    return download(bill_of_materials(system), f"{system.code}-bom.json")
