"""A workshop: one lane with a build, and artefacts as the forge registers them, without training anything."""

from __future__ import annotations

import hashlib
from typing import Any

from lane import Lane

from hutong.kernel.permission import THE_HUB, Actor
from hutong.modules.passport.contract import Version


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


DATA, SPEC = digest("data"), digest("spec")


class Workshop:
    """Steps of the passport by its owner."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self.lane = Lane(hub)
        self.system = self.lane.system()
        self.lane.made["allocation"] = self.lane.activate()
        self.lane.grant()

    @property
    def owner(self) -> Actor:
        return self.lane.engineer

    def artefact(self, content: bytes = b"model", *, passed: bool = True) -> str:
        """A model of this system out of a build; its digest."""
        build, model = self.lane.build(), self.hub.store(content, "model.onnx")
        parity = {"passed": passed, "worst": "0", "rows": 1, "edges": 1}
        self.hub.do(
            THE_HUB,
            "forge.artefact.register",
            build=build,
            model=model,
            parity=model,
            data_sha256=DATA,
            report={"framework": "sklearn", "spec_sha256": SPEC, "parity": parity},
        )
        return str(model)

    def freeze(self, model: str, label: str = "1.0", *, by: Actor | None = None, **changes: Any) -> Version:
        given = {"model": model, "data": DATA, "spec": SPEC, "intended_use": "Counters.", "label": label}
        frozen: Version = self.hub.do(
            by or self.owner, "passport.version.freeze", system=self.system, **{**given, **changes}
        )
        return frozen

    def replace(self, version: Any, model: str, *, by: Actor | None = None) -> Any:
        return self.hub.do(
            by or self.owner, "passport.version.replace", version=version, model=model, reason="Faster."
        )

    def publish(self) -> Any:
        return self.hub.do(self.owner, "passport.system.publish", system=self.system)

    def withdraw(self) -> Any:
        return self.hub.do(self.owner, "passport.system.withdraw", system=self.system, reason="Over.")
