"""A data department as a test plays it: an officer with data sets, applicants with systems, files in every shape."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hutong.kernel.clock import Clock
from hutong.kernel.permission import Actor, Role
from hutong.modules.datahub.contract import read_under_grant

ROWS = pa.table({"id": [1, 2, 3], "word": ["甲", "乙", "丙"], "secret": ["s-1", "s-2", "s-3"]})


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


@dataclass(frozen=True)
class Applicant:
    """An organisation with one AI system and the person who asks for its data."""

    actor: Actor
    system: Any
    organisation: Any


@dataclass
class Department:
    """`officer` keeps the data of `owner`."""

    hub: Any
    owner: Any
    officer: Actor

    def applicant(self, risk_class: str = "2") -> Applicant:
        organisation = self.hub.organisation("Lab")
        actor = self.hub.actor(Role.INNOVATOR, organisation)
        return Applicant(actor, self.system(actor, risk_class), organisation)

    def system(self, actor: Actor, risk_class: str = "2") -> Any:
        return self.hub.do(
            actor,
            "passport.system.register",
            name_en="Reader",
            name_zh="识读器",
            purpose="Reads.",
            risk_class=risk_class,
        )

    def dataset(self, **changes: Any) -> Any:
        given = {"title_en": "Rows", "title_zh": "数据行", "description": "Of three.", "grade": "general"}
        return self.hub.do(
            self.officer, "datahub.dataset.register", **{**given, "licence": "CC-BY-4.0", **changes}
        )

    def release(self, dataset: Any, content: bytes, label: str = "1", name: str = "rows.parquet") -> Any:
        return self.release_stored(dataset, self.hub.store(content, name), label)

    def release_stored(self, dataset: Any, sha256: str, label: str = "1") -> Any:
        return self.hub.do(self.officer, "datahub.version.release", dataset=dataset, label=label, file=sha256)

    def published(self, content: bytes | None = None, **changes: Any) -> Any:
        """The only version of a data set that stands in the catalogue."""
        dataset = self.dataset(**changes)
        version = self.release(dataset, parquet(ROWS) if content is None else content)
        self.hub.do(self.officer, "datahub.dataset.publish", dataset=dataset)
        return version

    def request(self, version: Any, who: Applicant, **changes: Any) -> Any:
        given = {
            "system": who.system,
            "purpose": "training",
            "justification": "To learn.",
            "valid_to": "2026-12-31",
        }
        return self.hub.do(who.actor, "datahub.grant.request", version=version, **{**given, **changes})

    def decide(self, grant: Any, verb: str = "issue", *, by: Actor | None = None) -> Any:
        return self.hub.do(by or self.officer, f"datahub.grant.{verb}", grant=grant, reason="Considered.")

    def grant(self, version: Any, who: Applicant, **changes: Any) -> Any:
        return self.decide(self.request(version, who, **changes))

    def read(self, grant: Any, purpose: str = "training", clock: Clock | None = None) -> pa.Table:
        """What a job gets under the grant; its file is taken away again."""
        result = read_under_grant(
            grant.code, reader="JOB-0001", purpose=purpose, clock=clock or self.hub.clock
        )
        try:
            return pq.read_table(io.BytesIO(result.path.read_bytes()))
        finally:
            result.path.unlink()
