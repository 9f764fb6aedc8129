"""The plan: every claim with its threshold, alpha, size and reach, and the commitment to the seed, hashed before the
first observation. Observations that carry another plan's digest are not judged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from hutong.engines.trust import registry
from hutong.engines.trust.content.speaking import speaks
from hutong.engines.trust.data import Data
from hutong.engines.trust.figures import below, nearest
from hutong.engines.trust.profile import Profile
from hutong.engines.trust.reach.ladder import ladder_on
from hutong.engines.trust.rooms import Setting, setting_of
from hutong.engines.trust.statistics.ledger import AlphaLedger
from hutong.engines.trust.targets import Target
from hutong.engines.trust.types import CATEGORIES, Category, Claim, Declaration, System, refuse
from hutong.kernel.canonical import digest
from hutong.kernel.text import Text

ENGINE = "hutong.trust/2"


@dataclass(frozen=True)
class Plan:
    """profile, system: as plain records. required, installed: level by category. table: classes' requirements.

    reachable: highest level by category whose tests, and all below, can run with the access and data given.
    ladder: digest of the access ladder that capped them. digest: SHA-256 of the canonical form; the name under which the
    plan goes into a ledger.
    """

    profile: Mapping[str, object] = field(hash=False)
    system: Mapping[str, object] = field(hash=False)
    artefact: str
    data: str
    access: str
    risk_class: int
    required: Mapping[Category, int] = field(hash=False)
    installed: Mapping[Category, int] = field(hash=False)
    table: Mapping[int, Mapping[Category, int]] = field(hash=False)
    alpha: str
    alpha_by_category: Mapping[Category, str] = field(hash=False)
    seed_commitment: str
    declarations: tuple[Declaration, ...]
    claims: tuple[Claim, ...]
    reachable: Mapping[Category, int] = field(hash=False)
    engine: str = ENGINE
    ladder: str = ""

    @cached_property
    def digest(self) -> str:
        return digest(self.as_json())

    def as_json(self) -> dict[str, object]:
        return {
            "engine": self.engine,
            "profile": dict(self.profile),
            "system": dict(self.system),
            "artefact": self.artefact,
            "data": self.data,
            "access": self.access,
            "risk_class": self.risk_class,
            "required": dict(self.required),
            "installed": dict(self.installed),
            "reachable": dict(self.reachable),
            "table": {str(k): dict(v) for k, v in self.table.items()},
            "alpha": self.alpha,
            "alpha_by_category": dict(self.alpha_by_category),
            "seed_commitment": self.seed_commitment,
            "declarations": [d.as_json() for d in self.declarations],
            "claims": [c.as_json() for c in self.claims],
            # Plans made before the ladder was named keep their digest.
            **({"ladder": self.ladder} if self.ladder else {}),
        }


def commit(seed: str) -> str:
    """The commitment to a seed: it binds the evaluator to it before the first observation."""
    return hashlib.sha256(b"hutong.trust.seed|" + seed.encode()).hexdigest()


def make_plan(
    target: Target,
    system: System,
    profile: Profile,
    data: Data,
    seed: str,
    declarations: Sequence[Declaration] = (),
    aim: int | None = None,
) -> Plan:
    """All claims up to the required levels that have tests. Reads sizes, labels and groups; asks the target nothing.

    aim: a level up to which every category is planned even where less is required (a profile may aim higher by itself). alpha is shared out by a ledger
    (`statistics.ledger`): a category's share to each of its claims, unsplit. `Invalid`: profile.kind, declaration.ground, declaration.contradicted, seed.empty.
    """
    if not seed:
        raise refuse("seed.empty", Text("The seed is empty.", "随机种子为空。"), where="seed")
    profile.fits(speaks(target.access))
    _check_declarations(profile, data, declarations)
    excused = {d.category for d in declarations}
    have = registry.installed(target.access)
    levels: dict[Category, int] = {
        c: 0 if c in excused else min(max(profile.required[c], profile.aim.get(c, 0), aim or 0), have[c])
        for c in CATEGORIES
    }
    # Whether a category passes by chance at all is seen at any alpha.
    probe = setting_of(target, system, profile, data, float(profile.alpha))
    spending = [c for c in CATEGORIES if _spends(probe, c, levels[c])]
    share = _share_of(profile.alpha, spending)
    setting = replace(probe, alpha=float(share))
    claims = [
        c
        for category in CATEGORIES
        for level in range(1, levels[category] + 1)
        for c in _made(setting, category, level)
    ]
    return Plan(
        profile=_about(profile),
        system=system.as_json(),
        artefact=target.digest,
        data=data.digest,
        access=target.access,
        risk_class=profile.risk_class,
        required=dict(profile.required),
        installed=have,
        table=profile.table,
        alpha=nearest(profile.alpha),
        alpha_by_category={c: nearest(share) for c in spending},
        seed_commitment=commit(seed),
        declarations=tuple(declarations),
        claims=tuple(claims),
        reachable={c: _reachable(setting, c, have[c]) for c in CATEGORIES},
        ladder=ladder_on(None).digest,
    )


def _share_of(alpha: Fraction, spending: Sequence[Category]) -> Fraction:
    """Each category of the published vector is a claim of its own: equal shares, published rounded down."""
    if not spending:
        return alpha
    ledger = AlphaLedger(alpha).open("plan", {c: (c, 1) for c in spending})
    return Fraction(below(float(ledger.of("plan", spending[0]))))


def _reachable(setting: Setting, category: Category, installed: int) -> int:
    """No further than the ladder lets this access go, and no further than every test can run."""
    level, most = 0, min(installed, ladder_on(None).cap(category, setting.powers))
    while level < most and not any(m.missing(setting) for m in registry.methods_of(category, level + 1)):
        level += 1
    return level


def _made(setting: Setting, category: Category, level: int) -> tuple[Claim, ...]:
    return tuple(c for m in registry.methods_of(category, level) for c in m.claims(setting))


def _spends(setting: Setting, category: Category, level: int) -> bool:
    methods = (m for n in range(1, level + 1) for m in registry.methods_of(category, n))
    return any(m.statistical and m.claims(setting) for m in methods)


def _about(profile: Profile) -> dict[str, object]:
    return {
        "id": profile.id,
        "version": profile.version,
        "digest": profile.digest,
        "title": profile.title.as_json(),
        "class_reason": profile.class_reason.as_json(),
        "validity_months": profile.validity_months,
        "independence": profile.independence,
        "challenge": {
            "norm": profile.challenge.norm,
            "share": nearest(profile.challenge.share),
            "reason": profile.challenge.reason.as_json(),
            "citation": profile.challenge.citation.as_json(),
            "status": profile.challenge.status,
        },
        "thresholds": {
            k: {
                "value": nearest(t.value),
                "reason": t.reason.as_json(),
                "citation": t.citation.as_json(),
                "status": t.status,
            }
            for k, t in profile.thresholds.items()
        },
    }


def _check_declarations(profile: Profile, data: Data, declarations: Sequence[Declaration]) -> None:
    for declared in declarations:
        if declared.ground not in profile.grounds.get(declared.category, {}):
            what = Text("The profile knows no such ground for not applying.", "评估配置未规定该不适用理由。")
            raise refuse("declaration.ground", what, where=declared.category)
        if declared.category == "F" and data.groups:
            what = Text(
                "Attributes of persons are given, so fairness applies.", "数据含人员属性，公平性评估适用。"
            )
            raise refuse("declaration.contradicted", what, where="F")


def plan_of(record: Mapping[str, Any]) -> Plan:
    """The plan again from its `as_json` record. `Invalid` plan.form when it is not one."""
    try:
        fields = dict(record)
        fields["table"] = {int(k): v for k, v in record["table"].items()}
        fields["declarations"] = tuple(
            _with_texts(Declaration, d, ("reason",)) for d in record["declarations"]
        )
        fields["claims"] = tuple(
            _with_texts(Claim, c, ("statement", "population", "null")) for c in record["claims"]
        )
        plan = Plan(**fields)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise refuse(
            "plan.form", Text("This is not a plan.", "该记录不是评估计划。"), where="plan"
        ) from error
    return replace(plan)


def _with_texts(kind: Any, record: Mapping[str, Any], texts: tuple[str, ...]) -> Any:
    return kind(**{k: Text(**v) if k in texts else v for k, v in record.items()})
