"""From records to the engine's words: the system, the data held back, the target, the evidence."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from hutong.engines import forge, trust
from hutong.engines.trust.reach.door import Door
from hutong.modules.forge.contract import ArtefactView, artefact_by_model
from hutong.modules.trust import deployed
from hutong.modules.trust.case import Case, granted
from hutong.modules.trust.models import Evaluation, Evidence
from hutong.platform import files


def system_of(evaluation: Evaluation, artefact: ArtefactView) -> trust.System:
    """The system as its build specification declares it."""
    spec = forge.spec_of(artefact.spec)
    columns = tuple(trust.Column(f.column, f.low, f.high, f.whole) for f in spec.features)
    domain = trust.Domain("image" if spec.image else "table", columns, spec.image)
    version = evaluation.version_of
    return trust.System(
        name=version.system.code,
        version=version.label,
        domain=domain,
        labels=spec.labels,
        positive=spec.positive,
        decision_at=Fraction(spec.decision_at) if spec.decision_at is not None else None,
        guarded=evaluation.guarded,
    )


def open_case(evaluation: Evaluation) -> Case:
    """The case of a file or of a deployed service. A read of rows is recorded; nothing is asked yet."""
    return _of_file(evaluation) if evaluation.service is None else deployed.open_case(evaluation)


def _of_file(evaluation: Evaluation) -> Case:
    """Read the rows held back from training, under the build's grant, and the model."""
    version = evaluation.version_of
    artefact = artefact_by_model(version.system_id, version.model_sha256)
    system = system_of(evaluation, artefact)
    spec = forge.spec_of(artefact.spec)
    table, use_code = granted(artefact.grant_code, evaluation)
    rows, labels, groups = (
        forge.matrix(table, spec),
        forge.labels_of(table, spec),
        forge.groups_of(table, spec),
    )
    held = forge.holdout_mask(len(rows), spec)
    columns: dict[str, Any] = {
        "features": rows[held],
        "labels": labels[held],
        "groups": {name: values[held] for name, values in groups.items()},
        "train_features": rows[~held],
        "train_labels": labels[~held],
    }
    data = trust.data_of(columns, system)
    # A stranger's file: it is run in a jailed child or not at all.
    door = Door(trust.Source(files.read(version.model_sha256)), system)
    return Case(system, trust.load_profile(evaluation.profile), data, door, use_code)


def declarations_of(evaluation: Evaluation, profile: trust.Profile) -> tuple[trust.Declaration, ...]:
    """The grounds on which categories do not apply, as the applicant declared them."""
    return tuple(
        trust.Declaration(
            category=d["category"],
            ground=d["ground"],
            reason=profile.grounds[d["category"]][d["ground"]],
            digest=d["document_sha256"],
            record=evaluation.code,
        )
        for d in evaluation.declarations
    )


def evidence_of(rows: Iterable[Evidence]) -> list[trust.Evidence]:
    """Evidence records as the engine reads them."""
    return [
        trust.Evidence(
            check=row.check_id,
            answer=row.answer,
            digest=row.document_sha256,
            record=row.code,
            given_by=row.created_by.code if row.created_by else "",
            confirmed_by=row.confirmed_by.code if row.confirmed_by else None,
        )
        for row in rows
    ]


def judged(evaluation: Evaluation) -> trust.Verdict:
    """The verdict computed anew from plan, observations and evidence on record."""
    plan = trust.plan_of(evaluation.plan)
    seen = evaluation.observations
    observations = trust.Observations(seen["plan"], seen["artefact"], seen["data"], seen["counts"])
    rows = evaluation.evidence.select_related("created_by", "confirmed_by").order_by("id")
    return trust.judge(plan, observations, evidence_of(rows))


def way_of(evaluation: Evaluation) -> dict[str, Any] | None:
    """What would change a refused verdict, where it can be computed: for the claim that stops it first."""
    plan = trust.plan_of(evaluation.plan)
    for claim in plan.claims:
        counts = evaluation.observations["counts"].get(claim.id)
        if claim.kind != "gap_at_most" or counts is None:
            continue
        found = trust.way_through(claim, counts)
        if found is not None:
            return {
                "claim": claim.id,
                "group": found.group,
                "changes": found.changes,
                "of": found.of,
                "words": found.words.as_json(),
                "advice": [one.as_json() for one in trust.advice(claim, counts)],
            }
    return None
