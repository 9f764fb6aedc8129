"""The report as one HTML page in both languages: no script, no image, nothing fetched. A pure function of its input."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from hutong.engines.trust.bundle.plots import anchor, grid, interval
from hutong.engines.trust.bundle.rates import about_rate
from hutong.engines.trust.bundle.words import ACCESS, WORDS, error_words
from hutong.engines.trust.plan import Plan
from hutong.engines.trust.types import (
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Cell,
    Claim,
    Finding,
    Verdict,
)
from hutong.kernel.text import LANGUAGES, Language

_STYLE = Path(__file__).with_name("style.css")
_TAGS: dict[Language, str] = {"en": "en", "zh": "zh-CN"}
# A report loads nothing and runs nothing, wherever it is opened.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(plan: Plan, verdict: Verdict, report: str) -> bytes:
    """UTF-8 HTML. report: the report's digest, printed on it."""
    name = escape(f"{plan.system['name']} {plan.system['version']}")
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_STYLE.read_text(encoding='utf-8')}</style></head><body>"
        '<input class="choice" type="radio" name="language" id="en" checked>'
        '<input class="choice" type="radio" name="language" id="zh">'
        '<nav><label for="en">English</label><label for="zh" lang="zh-CN">中文</label></nav><main>'
    )
    bodies = "".join(
        f'<article lang="{_TAGS[language]}">{"".join(_body(plan, verdict, report, language))}</article>'
        for language in LANGUAGES
    )
    return f"{head}{bodies}</main></body></html>\n".encode()


def _body(plan: Plan, verdict: Verdict, report: str, language: Language) -> Iterator[str]:
    def say(key: str, **fields: object) -> str:
        return escape(WORDS[key].format(**fields).say(language))

    yield f"<h1>{escape(str(plan.system['name']))} {escape(str(plan.system['version']))}</h1>"
    yield f'<p class="outcome {verdict.outcome}">{escape(verdict.words.say(language))}</p>'
    yield "<dl>"
    title = plan.profile["title"]
    facts = (
        ("profile", _either(title, language) + f" ({plan.profile['id']} {plan.profile['version']})"),
        ("risk_class", str(plan.risk_class)),
        ("meets", str(verdict.meets_class)),
        ("access", ACCESS[plan.access].say(language) if plan.access in ACCESS else plan.access),
        ("rows", str(max((c.n or 0 for c in plan.claims if c.alpha is not None), default=0))),
    )
    for key, value in facts:
        yield f"<dt>{say(key)}</dt><dd>{escape(value)}</dd>"
    yield f"</dl><p>{escape(error_words(plan).say(language))}</p>"
    yield f"<h2>{say('grid')}</h2>{grid(verdict.cells, language)}<p class='dim'>{say('grid_note')}</p>"
    yield f"<h2>{say('evidence')}</h2>"
    claims = {c.id: c for c in plan.claims}
    for cell in verdict.cells:
        if cell.findings:
            yield from _cell(cell, claims, language)
    yield f"<h2>{say('thresholds')}</h2>{_thresholds(plan, language)}"
    yield f"<h2>{say('not_shown')}</h2><ul>"
    yield from (_gap(c, language) for c in verdict.cells if c.state not in ("pass", "fail"))
    yield f"</ul><h2>{say('check')}</h2><p>{say('check_how')}</p><dl>"
    for key, value in (("report", report), ("plan", plan.digest), ("model", plan.artefact), ("data", plan.data),
                       ("seed", plan.seed_commitment)):  # fmt: skip
        yield f"<dt>{say(key)}</dt><dd><code>{value}</code></dd>"
    yield "</dl>"


def _gap(cell: Cell, language: Language) -> str:
    """What was not tested, or not decided. A cell without findings is led to here."""
    place = "" if cell.findings else f' id="{anchor(cell, language)}"'
    need = f" ({WORDS['required'].say(language)})" if cell.required else ""
    words = f"{cell.category}{cell.level} · {cell.words.say(language)}{need}"
    return f"<li{place}>{escape(words)}</li>"


def _cell(cell: Cell, claims: dict[str, Claim], language: Language) -> Iterator[str]:
    head = f"{cell.category}{cell.level} · {CATEGORY_WORDS[cell.category].say(language)} · "
    head += LEVEL_WORDS[cell.level].say(language)
    yield f'<section id="{anchor(cell, language)}"><h3>{escape(head)} {_state(cell.state, language)}</h3>'
    for finding in cell.findings:
        yield _finding(claims[finding.claim], finding, language)
    yield "</section>"


def _state(state: str, language: Language) -> str:
    word, mark = next(w for name, w in STATE_WORDS.items() if name == state)
    return f'<span class="state {state}">{mark} {escape(word.say(language))}</span>'


def _finding(claim: Claim, finding: Finding, language: Language) -> str:
    lines = [
        f'<div class="claim"><p><code>{escape(claim.id)}</code> {escape(claim.statement.say(language))} '
        f"{_state(finding.state, language)}</p>",
        interval(claim, finding, language),
        f"<p>{escape(finding.words.say(language))}</p>",
    ]
    if claim.alpha is not None:
        told = WORDS["claim_size"].format(
            p=claim.population,
            n=claim.n or 0,
            a=claim.alpha,
            s=claim.passes_from or "–",
            f=claim.fails_from or "–",
        )
        lines.append(f'<p class="dim">{escape(told.say(language))}</p>')
    lines += about_rate(claim, finding, language)
    lines += [_answer(d, language) for d in finding.details if "digest" in d and "record" in d]
    return "".join(lines) + "</div>"


def _answer(detail: object, language: Language) -> str:
    fields = dict(detail) if isinstance(detail, dict) else {}
    told = WORDS["answer"].format(
        c=fields.get("check"), r=fields.get("record"), d=str(fields.get("digest"))[:16]
    )
    return f'<p class="dim">{escape(told.say(language))}</p>'


def _thresholds(plan: Plan, language: Language) -> str:
    listed = plan.profile["thresholds"]
    rows = []
    for name, value in sorted(listed.items()) if isinstance(listed, dict) else ():
        told = (
            name,
            value["value"],
            _either(value["reason"], language),
            _either(value["citation"], language),
            value["status"],
        )
        rows.append("<tr>" + "".join(f"<td>{escape(str(v))}</td>" for v in told) + "</tr>")
    heads = "".join(
        f"<th>{escape(WORDS[k].say(language))}</th>"
        for k in ("name", "value", "reason", "citation", "status")
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _either(text: object, language: Language) -> str:
    return str(text.get(language, "")) if isinstance(text, dict) else str(text)
