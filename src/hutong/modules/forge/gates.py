"""What the forge holds against earlier steps: a version is frozen only around an artefact whose parity holds."""

from __future__ import annotations

from typing import Any

from hutong.kernel.errors import Conflict
from hutong.kernel.gate import reaction
from hutong.kernel.text import Text
from hutong.modules.forge import program
from hutong.modules.forge.models import Artefact
from hutong.modules.passport.contract import VERSION_FROZEN

PROGRAM = program.PROGRAM


@reaction(VERSION_FROZEN)
def only_proven_artefacts(context: Any, version: Any) -> None:
    """Refuse to freeze a model that no build of this system made, or whose parity failed, or with other digests."""
    artefact = (
        Artefact.objects.filter(build__system=version.system, model_sha256=version.model_sha256)
        .order_by("-id")
        .first()
    )
    if artefact is None:
        raise _refusal(
            "no_artefact",
            Text("No build of this system made this model.", "该模型并非由本系统的构建产生。"),
        )
    if not artefact.parity_passed:
        raise _refusal(
            "parity_failed",
            Text(
                "The exported model does not answer as the trained one.", "导出模型与训练模型的答复不一致。"
            ),
        )
    if (artefact.data_sha256, artefact.spec_sha256) != (version.data_sha256, version.spec_sha256):
        raise _refusal(
            "other_digests",
            Text("Data or specification are not those of the build.", "数据或规格摘要与构建不符。"),
        )


def _refusal(rule: str, what: Text) -> Conflict:
    return Conflict(
        what,
        rule=f"freeze.{rule}",
        remedy=Text(
            "Build the model in the forge, and freeze what the build registered.",
            "请在研发工坊构建模型，并固定构建登记的制品。",
        ),
        field="model",
    )
