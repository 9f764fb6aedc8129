"""Explanations as sentences, in both languages. The structured values stay the truth; these only say them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hutong.engines.broker.explain.needs import Constraint, Relaxed, Verdict
from hutong.engines.broker.explain.waiting import Blocker, Option, Why
from hutong.kernel.text import Text

CONSTRAINT_NAMES: dict[Constraint, Text] = {
    "zone": Text("where the data may be", "数据所在区域"),
    "chip": Text("chip model", "芯片型号"),
    "template": Text("partition template", "切分模板"),
    "memory": Text("chip memory", "芯片显存"),
    "count": Text("number of chips", "芯片数量"),
    "deadline": Text("deadline", "截止时间"),
    "budget": Text("budget", "预算"),
}

_CAUSES: dict[str, Text] = {
    "not_fitting": Text("{pool} does not fit: {what}.", "{pool}不满足要求：{what}。"),
    "too_large": Text("{pool} has fewer chips than the job asks for.", "{pool}的芯片总数少于作业所需。"),
    "order": Text("At {pool}, {ahead} first.", "{pool}有{ahead}排在前面。"),
    "chips": Text("{pool} is {short} short.", "{pool}还差{short}。"),
    "lending": Text("{pool} may lend {short} too few to guests.", "{pool}可借给外部用户的芯片还差{short}。"),
    "window": Text("{pool} is held for its calendar.", "{pool}已为日程预留。"),
    "reservation": Text(
        "{pool} keeps chips for jobs that reserved before.", "{pool}为先预约的作业保留芯片。"
    ),
}

_OPTIONS: dict[str, Text] = {
    "as_asked": Text("As asked: {when} at {pool}.", "按原申请：{when}在{pool}开始。"),
    "chips": Text("With {value} chips: {when} at {pool}.", "若用{value}块芯片：{when}在{pool}开始。"),
    "run": Text(
        "With a run time of at most {value}: {when} at {pool}.",
        "若运行时间不超过{value}：{when}在{pool}开始。",
    ),
}

_RELAXED: dict[Constraint, Text] = {
    "zone": Text("Possible at {pool} if the data may go to {value}.", "若数据可到{value}，则{pool}可行。"),
    "chip": Text("Possible at {pool} with {value}.", "若接受{value}，则{pool}可行。"),
    "template": Text(
        "Possible at {pool} with one of its templates: {value}.",
        "若采用{pool}的模板之一（{value}），则可行。",
    ),
    "memory": Text(
        "Possible at {pool} with at most {value} MiB per chip.",
        "若每块芯片显存不超过{value} MiB，则{pool}可行。",
    ),
    "count": Text("Possible at {pool} with at most {value} chips.", "若芯片数不超过{value}，则{pool}可行。"),
    "deadline": Text(
        "Possible at {pool} with a deadline of {value} or later.", "若截止时间不早于{value}，则{pool}可行。"
    ),
    "budget": Text("Possible at {pool} with a budget of {value}.", "若预算达到{value}，则{pool}可行。"),
}

Clock = Callable[[int], str]
Names = Sequence[Text]


def say_blocker(blocker: Blocker, pools: Names) -> Text:
    """What keeps the job out of one pool."""
    what = join([CONSTRAINT_NAMES[c] for c in blocker.constraints]) or Text(
        "chip model or terms", "芯片型号或条款"
    )
    said = _CAUSES[blocker.cause]
    if blocker.cause == "lending" and not blocker.short:
        # No replay found a number with which it starts.
        said = Text("{pool} lends its chips to others now.", "{pool}可出借芯片已占用。")
    if blocker.cause == "chips" and blocker.ahead:
        said = Text("{pool} is {short} short, {ahead} first.", "{pool}还差{short}，{ahead}排在前面。")
    return said.format(
        pool=pools[blocker.pool], what=what, short=_chips(blocker.short), ahead=_first(blocker.ahead)
    )


def _chips(n: int) -> Text:
    return Text("1 chip" if n == 1 else f"{n} chips", f"{n}块芯片")


def _first(ahead: int) -> Text:
    return Text("1 waiting job comes" if ahead == 1 else f"{ahead} waiting jobs come", f"{ahead}个作业")


def say_option(option: Option, pools: Names, clock: Clock, length: Clock) -> Text:
    """What a change would bring. clock tells an instant, length a span of time."""
    value = length(option.value) if option.change == "run" else option.value
    return _OPTIONS[option.change].format(pool=pools[option.pool], when=clock(option.start), value=value)


def say_why(why: Why, pools: Names, clock: Clock, length: Clock = str) -> tuple[Text, ...]:
    """The named blocker, then the options, soonest first."""
    return (say_blocker(why.named, pools), *(say_option(o, pools, clock, length) for o in why.options))


def say_verdict(verdict: Verdict, clock: Clock = str, money: Clock = str) -> tuple[Text, ...]:
    """Why a request is impossible and what one change would help; () where it is possible.

    clock tells the instant of a deadline, money an amount in fen.
    """
    if verdict.possible:
        return ()
    if not verdict.conflict:
        return (Text("No pool is offered.", "目前没有可用的资源池。"),)
    names = join([CONSTRAINT_NAMES[c] for c in verdict.conflict])
    if len(verdict.conflict) == 1:
        first = Text("No pool meets this: {names}.", "没有资源池满足：{names}。")
    else:
        first = Text("No pool meets these together: {names}.", "没有资源池同时满足：{names}。")
    return (first.format(names=names), *(_say_relaxed(r, clock, money) for r in verdict.relaxations))


def _say_relaxed(option: Relaxed, clock: Clock, money: Clock) -> Text:
    tell = {"deadline": clock, "budget": money}.get(option.constraint)
    value = tell(int(option.value)) if tell else option.value
    return _RELAXED[option.constraint].format(pool=option.pool, value=value)


def join(parts: Sequence[Text]) -> Text | None:
    """A list within a sentence; None where it is empty."""
    if not parts:
        return None
    return Text(", ".join(p.en for p in parts), "、".join(p.zh for p in parts))
