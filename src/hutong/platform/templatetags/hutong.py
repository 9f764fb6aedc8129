"""What templates say and show: two languages in one tag, dates and numbers as a reader expects them, components.

``{% load hutong %}`` then ``{% t "Approved by {who}" "由{who}批准" who=name %}``, ``{{ text|say }}``,
``{{ moment|day }}``, ``{{ count|number }}``, ``{% show component %}``, ``{% icon "search" %}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from fractions import Fraction

from django import template
from django.template.base import FilterExpression, Node, Parser, Token
from django.template.context import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.html import conditional_escape, escape, format_html, json_script
from django.utils.safestring import SafeString, mark_safe

from hutong.kernel.clock import local_date, say_date, say_instant
from hutong.kernel.text import LANGUAGES, Language
from hutong.kernel.values import Number
from hutong.platform import components, language

register = template.Library()
_FIELD = re.compile(r"\{(\w+)\}")
_LITERAL = re.compile(r"""\A(["']).+\1\Z""", re.DOTALL)


def _language(context: Context) -> Language:
    chosen = context.get("language")
    return chosen if chosen in LANGUAGES else language.current()


class _Said(Node):
    """``{% t %}``: both sentences are known when the template is read, so a missing one never reaches a reader."""

    def __init__(
        self, sides: dict[Language, str], values: dict[str, FilterExpression], name: str | None
    ) -> None:
        self.sides, self.values, self.name = sides, values, name

    def render(self, context: Context) -> SafeString:
        spoken = _language(context)
        filled = {k: escaped_words(v.resolve(context), spoken) for k, v in self.values.items()}
        sentence = _FIELD.sub(lambda found: filled[found[1]], escape(self.sides[spoken]))
        if self.name is None:
            return mark_safe(sentence)
        context[self.name] = mark_safe(sentence)
        return mark_safe("")


def escaped_words(value: object, spoken: Language) -> str:
    """A value inside a sentence: said in the language, escaped unless it is markup already."""
    if isinstance(value, SafeString):
        return value
    if isinstance(value, date):
        return escape(_date_words(value, spoken))
    return escape(components.say(value, spoken))


@register.tag("t")
def translate(parser: Parser, token: Token) -> Node:
    """``{% t "English" "中文" name=value as variable %}``. Both languages are required, with the same fields."""
    tag, *bits = token.split_contents()
    name = bits.pop() if len(bits) > 2 and bits[-2] == "as" else None
    if name is not None:
        bits.pop()
    if len(bits) < 2 or not all(_LITERAL.match(bit) for bit in bits[:2]):
        raise template.TemplateSyntaxError(f"{{% {tag} %}} needs an English and a Chinese sentence in quotes")
    english, chinese = (bit[1:-1] for bit in bits[:2])
    values = {}
    for bit in bits[2:]:
        key, equals, expression = bit.partition("=")
        if not equals:
            raise template.TemplateSyntaxError(f"{{% {tag} %}} takes name=value, not {bit!r}")
        values[key] = parser.compile_filter(expression)
    for sentence in (english, chinese):
        if set(_FIELD.findall(sentence)) != set(values):
            raise template.TemplateSyntaxError(
                f"{sentence!r} does not use exactly the values {sorted(values)}"
            )
    return _Said({"en": english, "zh": chinese}, values, name)


@register.filter
def say(words: object) -> str:
    """Words in the current language: a Text, a Value, a date, a string. None is nothing."""
    if isinstance(words, date):
        return _date_words(words, language.current())
    return components.say(words, language.current())


def _date_words(moment: date | datetime, spoken: Language) -> str:
    return say_instant(moment, spoken) if isinstance(moment, datetime) else say_date(moment, spoken)


@register.filter
def day(moment: date | datetime | None) -> str:
    """``<time>`` with the civil day in Beijing; nothing for None."""
    if moment is None:
        return ""
    civil = local_date(moment) if isinstance(moment, datetime) else moment
    return format_html(
        '<time datetime="{}">{}</time>', civil.isoformat(), say_date(civil, language.current())
    )


@register.filter
def moment(at: date | datetime | None) -> str:
    """``<time>`` with day and minute in Beijing, and it says so; a plain date is a day."""
    if not isinstance(at, datetime):
        return day(at)
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), say_instant(at, language.current()))


@register.filter
def number(amount: int | Fraction | None) -> str:
    """Digits with thousands separators, in figures of one width. None is a word, never 0 and never a dash."""
    if amount is None:
        return say_not_known()
    return format_html('<span class="num">{}</span>', Number(amount).say(language.current()))


def say_not_known() -> str:
    return "暂缺" if language.current() == "zh" else "not known"


@register.filter
def is_moment(value: object) -> bool:
    return isinstance(value, date)


@register.filter
def is_words(value: object) -> bool:
    """Whether a cell holds words and not a component."""
    return not components.is_component(value)


def template_of(thing: object) -> str:
    """``hutong/components/empty_state.html`` for an `EmptyState`. TypeError for what is no component."""
    if not components.is_component(thing):
        raise TypeError(f"{type(thing).__name__} is no component")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", type(thing).__name__).lower()
    return f"hutong/components/{snake}.html"


@register.simple_tag(takes_context=True)
def show(context: Context, thing: object, **options: object) -> str:
    """Draw a component with its template, where it is called `c`; several, one after another; None as nothing."""
    if thing is None or thing == "":
        return ""
    if isinstance(thing, Iterable) and not components.is_component(thing):
        return mark_safe("".join(show(context, one, **options) for one in thing))
    drawn = get_template(template_of(thing)).template  # type: ignore[attr-defined]
    with context.push(c=thing, **options):
        return mark_safe(drawn.render(context))


@register.simple_tag(takes_context=True)
def chart_data(context: Context, chart: components.Chart) -> str:
    """The data block from which the browser draws a chart; data, not a script."""
    return json_script(chart.config(_language(context)), chart.data_id)


@register.simple_tag
def icon(name: str) -> str:
    """A Tabler icon from the vendored sprite; decoration, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" width="20" height="20" aria-hidden="true" focusable="false"><use href="{}#tabler-{}"/></svg>',
        static("vendor/tabler-icons.svg"),
        name,
    )


@register.simple_tag
def drawer_link(address: str | None) -> str:
    """Attributes of a link that opens the evidence drawer; without script it is an ordinary link."""
    if not address:
        return ""
    return format_html(
        'href="{0}" hx-get="{0}" hx-target="#drawer-body" hx-swap="innerHTML" data-drawer aria-haspopup="dialog"',
        address,
    )


@register.filter
def safe_words(words: object) -> str:
    """Words, escaped, for use inside an attribute."""
    return conditional_escape(say(words))


@register.simple_tag(takes_context=True)
def show_tone(context: Context, tone: components.Tone | str) -> str:
    """The word for a shape that stands alone."""
    return components.TONE_WORDS[tone].say(_language(context))
