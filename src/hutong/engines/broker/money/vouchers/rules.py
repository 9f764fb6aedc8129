"""A voucher programme as data: every number with its dates, its source and whether that source was confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hutong.engines.broker.money.refusals import refuse
from hutong.kernel.text import Text

SOURCE = Path(__file__).with_name("rules.yaml")
_NUMBERS = {"share_max", "cap_enterprise_year_fen", "vouchers_per_contract", "contract_term_max_months"}
_CONDITIONS = {
    "contract_signed_from",
    "supplier_affiliated",
    "scope",
    "stacking",
    "redeem_evidence",
    "redeem_until",
}
_APPLICANT = {"registered_in", "industries", "dishonesty_free_years"}
KEYS = frozenset(_APPLICANT | _NUMBERS | _CONDITIONS | {"year_of_redemption", "base", "reversal_frees_cap"})
_CHOICES = {
    "year_of_redemption": ("redeemed", "claimed"),
    "reversal_frees_cap": ("none", "released", "all"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One number of a programme. basis: text or choice (of this hub, where the text is silent)."""

    key: str
    value: object
    basis: str
    status: str
    citation: Text


@dataclass(frozen=True, slots=True)
class Programme:
    """A programme in one version. Amounts in fen, dates are Beijing days, both ends included."""

    id: str
    version: str
    title: Text
    valid_from: date
    valid_to: date
    registered_in: frozenset[str]
    industries: frozenset[str]
    dishonesty_free_years: int
    share_max: Fraction
    cap_enterprise_year_fen: int
    vouchers_per_contract: int
    contract_term_max_months: int
    contract_signed_from: date
    supplier_affiliated: bool
    scope: frozenset[str]
    stacking: bool
    redeem_evidence: frozenset[str]
    year_of_redemption: str
    base: frozenset[str]
    reversal_frees_cap: str
    redeem_until: date | None
    rules: Mapping[str, Rule] = field(hash=False, repr=False)

    def cite(self, key: str) -> Text:
        """The words of a rule, for a refusal."""
        return self.rules[key].citation


def read_programmes(raw: Mapping[str, Any]) -> tuple[Programme, ...]:
    """The programmes of `rules.yaml`, or of another file of the same form.

    Raises `Invalid`: ``voucher.rules`` for missing or unknown keys and values that a rule cannot take.
    """
    return tuple(_programme(one) for one in raw["programmes"])


def _programme(raw: Mapping[str, Any]) -> Programme:
    given = raw["rules"]
    _refuse_wrong(raw["id"], given)
    rules = {
        key: Rule(key, one["value"], one["basis"], one["status"], Text(**one["citation"]))
        for key, one in given.items()
    }
    value = {key: rule.value for key, rule in rules.items()}
    until = value["redeem_until"]
    return Programme(
        id=raw["id"],
        version=str(raw["version"]),
        title=Text(**raw["title"]),
        valid_from=_day(raw["valid_from"]),
        valid_to=_day(raw["valid_to"]),
        registered_in=_set(value["registered_in"]),
        industries=_set(value["industries"]),
        dishonesty_free_years=_integer(value["dishonesty_free_years"]),
        share_max=Fraction(str(value["share_max"])),
        cap_enterprise_year_fen=_integer(value["cap_enterprise_year_fen"]),
        vouchers_per_contract=_integer(value["vouchers_per_contract"]),
        contract_term_max_months=_integer(value["contract_term_max_months"]),
        contract_signed_from=_day(value["contract_signed_from"]),
        supplier_affiliated=bool(value["supplier_affiliated"]),
        scope=_set(value["scope"]),
        stacking=bool(value["stacking"]),
        redeem_evidence=_set(value["redeem_evidence"]),
        year_of_redemption=str(value["year_of_redemption"]),
        base=_set(value["base"]),
        reversal_frees_cap=str(value["reversal_frees_cap"]),
        redeem_until=None if until is None else _day(until),
        rules=rules,
    )


def _refuse_wrong(programme: str, given: Mapping[str, Any]) -> None:
    wrong = KEYS ^ given.keys()
    wrong |= {key for key, allowed in _CHOICES.items() if key in given and given[key]["value"] not in allowed}
    if wrong:
        raise refuse(
            "voucher.rules",
            Text(
                "Programme {p}: these rules are missing, unknown or impossible: {k}.",
                "方案 {p}：下列规则缺失、未知或取值不当：{k}。",
            ),
            Text("Complete the table.", "请补全规则表。"),
            p=programme,
            k=", ".join(sorted(wrong)),
        )


def _day(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _integer(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError(f"a whole number is needed, not {value!r}")


def _set(value: object) -> frozenset[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return frozenset(str(one) for one in value)
    raise TypeError(f"a list is needed, not {value!r}")


@cache
def published_programmes() -> tuple[Programme, ...]:
    """The programmes that come with the hub."""
    return read_programmes(yaml.safe_load(SOURCE.read_text("utf-8")))


def programme_on(id_: str, on: date, programmes: Sequence[Programme] | None = None) -> Programme:
    """The version of a programme in force on a day. Raises `Invalid` ``voucher.programme_valid`` where none is."""
    for one in published_programmes() if programmes is None else programmes:
        if one.id == id_ and one.valid_from <= on <= one.valid_to:
            return one
    raise refuse(
        "voucher.programme_valid",
        Text("No rules of the programme {p} are in force on {d}.", "{d} 没有生效的 {p} 方案规则。"),
        Text("Enter the successor rules with their dates.", "请登记后续方案及其有效期。"),
        p=id_,
        d=on.isoformat(),
    )


def programme_of(id_: str, version: str, programmes: Sequence[Programme] | None = None) -> Programme:
    """The rules a voucher was issued under: they stay its rules. Raises `Invalid` ``voucher.programme_version``."""
    for one in published_programmes() if programmes is None else programmes:
        if (one.id, one.version) == (id_, version):
            return one
    raise refuse(
        "voucher.programme_version",
        Text("There is no version {v} of the programme {p}.", "{p} 方案没有 {v} 版。"),
        Text("Keep old versions in the table.", "请在规则表中保留旧版本。"),
        p=id_,
        v=version,
    )
