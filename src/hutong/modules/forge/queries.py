"""What others may ask about artefacts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hutong.kernel.errors import NotFound
from hutong.kernel.text import Text
from hutong.modules.forge.models import Artefact


@dataclass(frozen=True, slots=True)
class ArtefactView:
    """An artefact whose parity holds: digests, the specification as plain data, and the grant its data came under."""

    code: str
    model_sha256: str
    spec_sha256: str
    data_sha256: str
    spec: dict[str, Any]
    grant_code: str
    job_code: str
    report: dict[str, Any]


def artefact_by_model(system_id: int, model_sha256: str) -> ArtefactView:
    """The proven artefact of a system with that model digest; `NotFound` otherwise."""
    found = (
        Artefact.objects.select_related("build__grant", "build__job")
        .filter(build__system_id=system_id, model_sha256=model_sha256, parity_passed=True)
        .order_by("-id")
        .first()
    )
    if found is None:
        raise NotFound(
            Text("No proven artefact has this model.", "没有通过一致性校验的该模型制品。"),
            rule="artefact.unknown",
            remedy=Text("Build the model in the forge.", "请在研发工坊构建模型。"),
            field="model",
        )
    return ArtefactView(
        code=found.code,
        model_sha256=found.model_sha256,
        spec_sha256=found.spec_sha256,
        data_sha256=found.data_sha256,
        spec=found.build.spec,
        grant_code=found.build.grant.code,
        job_code=found.build.job.code,
        report=found.report,
    )
