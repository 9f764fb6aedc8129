"""Level 1 of every category, and level 2 of G: process checks, each bound to a record. What is missing never passes."""

from __future__ import annotations

from collections.abc import Sequence

from hutong.engines.trust.findings import rows_of
from hutong.engines.trust.rooms import Method, Rule, Setting
from hutong.engines.trust.types import CATEGORIES, CATEGORY_WORDS, Category, Claim, Evidence, Finding, Json
from hutong.kernel.text import Text

KINDS = ("process", "confirmed")


def _declared(category: Category) -> Method:
    def claims(setting: Setting) -> tuple[Claim, ...]:
        checks = setting.profile.checks_of(category, 1)
        return (_claim(setting, f"{category}1.process", category, 1, "process", [c.id for c in checks]),)

    return Method(f"process.{category}", category, 1, claims, statistical=False)


def _confirmed(setting: Setting) -> tuple[Claim, ...]:
    checks = setting.profile.checks_of("G", 1)
    return (_claim(setting, "G2.confirmed", "G", 2, "confirmed", [c.id for c in checks]),)


def _claim(
    setting: Setting, name: str, category: Category, level: int, kind: str, checks: list[str]
) -> Claim:
    word = CATEGORY_WORDS[category]
    second = kind == "confirmed"
    statement = (
        Text("a second person has confirmed each record", "各项记录均经第二人核实")
        if second
        else Text(
            "each process check of “{c}” is answered and on record", "“{c}”各项过程检查均已答复并留有记录"
        ).format(c=word)
    )
    return Claim(
        id=name,
        category=category,
        level=level,
        kind=kind,
        metric="process",
        statement=statement,
        population=Text("the process checks of the profile", "评估配置规定的过程检查项"),
        null=Text("some check is not met", "存在未满足的检查项"),
        n=len(checks),
        params={"checks": checks},
    )


def process_counts(claim: Claim, evidence: Sequence[Evidence]) -> dict[str, object]:
    """The evidence that bears on a claim, in a fixed order."""
    wanted = claim.params["checks"]
    mine = [e.as_json() for e in evidence if isinstance(wanted, list | tuple) and e.check in wanted]
    return {"answers": sorted(mine, key=lambda a: (str(a["check"]), str(a["digest"]), str(a["record"])))}


def process_rule(claim: Claim, counts: Json) -> Finding:
    wanted = [str(c) for c in list(claim.params["checks"])]  # type: ignore[call-overload]
    answers = rows_of(counts, "answers")
    refused = sorted({str(a["check"]) for a in answers if a["answer"] is not True})
    have = {str(a["check"]) for a in answers if claim.kind == "process" or _by_another(a)}
    missing = [c for c in wanted if c not in have]
    say = {"n": len(wanted), "m": len(wanted) - len(missing)}
    if refused:
        words = Text("answered no: {c}", "答复为否：{c}").format(c=", ".join(refused))
        return Finding(claim.id, "fail", words, n=len(wanted), details=tuple(answers))
    if missing or not wanted:
        words = Text(
            "evidence on record for {m} of {n} checks; missing: {c}", "{n}项检查中{m}项有备案证据；缺：{c}"
        )
        return Finding(
            claim.id,
            "not_run",
            words.format(c=", ".join(missing) or "-", **say),
            n=len(wanted),
            details=tuple(answers),
        )
    words = Text("evidence on record for {m} of {n} checks", "{n}项检查中{m}项有备案证据").format(**say)
    return Finding(claim.id, "pass", words, n=len(wanted), details=tuple(answers))


def _by_another(answer: Json) -> bool:
    second = answer.get("confirmed_by")
    return isinstance(second, str) and bool(second.strip()) and second != answer["given_by"]


METHODS = (*(_declared(c) for c in CATEGORIES), Method("process.G2", "G", 2, _confirmed, statistical=False))
RULES: dict[str, Rule] = {"process": process_rule, "confirmed": process_rule}
