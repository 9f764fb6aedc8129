"""What the forge offers to the plan."""

from __future__ import annotations

from collections.abc import Iterable

from hutong.kernel.measure import Fact, measure
from hutong.kernel.text import Text
from hutong.modules.forge.models import Artefact
from hutong.platform.evidence import facts_from_events, seqs_of


@measure(
    "forge.artefacts_registered",
    unit="count(artefact)",
    nature="flow",
    title=Text("Artefacts registered", "登记模型制品数"),
    definition=Text("Model files that builds made, by framework.", "构建产生的模型制品，按框架分。"),
)
def artefacts_registered() -> Iterable[Fact]:
    return facts_from_events(
        "forge.artefact.register",
        kind="forge.artefact",
        dims=lambda event, payload: {"framework": payload["noted"]["framework"]},
    )


@measure(
    "forge.parity_passed",
    unit="count(artefact)",
    nature="flow",
    title=Text("Artefacts whose parity holds", "一致性校验通过数"),
    definition=Text(
        "Artefacts that answer as the trained model does, within the declared tolerance.",
        "与训练模型的答复在声明容差内一致的制品。",
    ),
)
def parity_passed() -> Iterable[Fact]:
    proofs = seqs_of("forge.artefact.register")
    for artefact in Artefact.objects.filter(parity_passed=True).order_by("id"):
        yield Fact(
            record=f"urn:hutong:forge.artefact:{artefact.code}",
            event=proofs.get(artefact.code),
            amount=1,
            valid_from=artefact.created_at,
            valid_to=None,
            recorded_at=artefact.created_at,
            dims={"framework": artefact.framework},
            label=artefact.code,
        )
