"""What needs someone today: slippages to explain or to judge, actions overdue, figures late, targets nobody declared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hutong.kernel.clock import local_date, say_date
from hutong.kernel.text import Text
from hutong.modules.plan.models import Action, Slippage
from hutong.modules.plan.nodes import LATE, Node
from hutong.modules.plan.queries import Board, actions_of, open_slippages, overdue
from hutong.modules.plan.words import Place, state_words
from hutong.platform.component_pages import Need
from hutong.platform.components import State

MOST = 12
OPEN_END = Text("no date set", "未设期限")
NOT_NAMED = Text("lead unit not named yet", "牵头单位尚未明确")
OFFICE = Text("task force", "工作专班")


def needs(board: Board, place: Place) -> tuple[Need, ...]:
    """The most pressing first, at most a page full; nothing here is typed in, each row follows from the records."""
    slippages = open_slippages(board.record, board.look.known_on)
    opened = {s.node for s in slippages}
    rows = [*_slippages(slippages), *_late(board, opened, place), *_overdue(board, opened, place)]
    return tuple([*rows, *_undeclared(board, place)][:MOST])


def _slippages(held: list[Slippage]) -> Iterator[Need]:
    for one in held:
        told = one.state == "explained"
        lead = one.lead.name if one.lead is not None else NOT_NAMED
        why = one.found.get("why", {})
        yield Need(
            subject=Text("Slippage of {n}", "{n} 的进度偏差").format(n=one.node),
            url=f"/plan/slippage/{one.code}",
            state=State(
                Text("to be judged", "待审核") if told else Text("to be explained", "待说明"), "needs"
            ),
            who=OFFICE if told else lead,
            since=_day(local_date(one.created_at)),
            until=_day(one.mend_by) if one.mend_by else OPEN_END,
            why=Text(why.get("en") or "-", why.get("zh") or "-"),
        )


def _late(board: Board, opened: set[str], place: Place) -> Iterator[Need]:
    for row in board.rows:
        if row.status.state in LATE and row.id not in opened:
            deadline = row.indicator.target.deadline
            yield Need(
                subject=Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}"),
                url=place.figure(row.id),
                state=state_words(row.status.state),
                who=NOT_NAMED,
                since=_day(deadline) if deadline < board.look.day else _day(board.look.day),
                until=_day(deadline),
                why=row.status.reason,
            )


def _overdue(board: Board, opened: set[str], place: Place) -> Iterator[Need]:
    """One row per task; one for all where the year of the action plan is over."""
    late = [a for a in overdue(actions_of(board.record), board.look.valid_on) if a.number not in opened]
    past = [a for a in late if a.year < board.look.day.year]
    if past:
        yield _actions(
            past, Text("Annual plan {y}", "{y}年度行动计划").format(y=past[0].year), "/plan/action/"
        )
    tasks = {n.id: n for n in board.tasks}
    for task in dict.fromkeys(a.task for a in late if a not in past):
        node = tasks.get(task)
        mine = [a for a in late if a.task == task and a not in past]
        title = Text(f"{task} {node.title.en}", f"{task} {node.title.zh}") if node else Text(task, task)
        yield _actions(mine, title, place.node(node) if node else "/plan/action/")


def _actions(late: list[Action], title: Text, url: str) -> Need:
    leads = list(dict.fromkeys((a.lead_en, a.lead_zh) for a in late))
    who = Text(*leads[0]) if len(leads) == 1 else Text(f"{len(leads)} lead units", f"{len(leads)}个牵头单位")
    return Need(
        subject=title,
        url=url,
        state=State(Text("late", "进度滞后"), "late"),
        who=who,
        since=_day(min(a.due for a in late)),
        until=_day(max(a.due for a in late)),
        why=Text("{n} actions are not recorded as done", "{n}项行动未登记完成").format(n=len(late)),
    )


def _undeclared(board: Board, place: Place) -> Iterator[Need]:
    """One row per body that has to declare targets."""
    waiting: dict[tuple[str, str], list[str]] = {}
    for row in board.rows:
        who = row.indicator.target.must_declare
        if row.status.state == "not_measurable" and who is not None:
            waiting.setdefault((who.en, who.zh), []).append(row.id)
    for (en, zh), names in waiting.items():
        yield Need(
            subject=Text(f"{len(names)} targets", f"{len(names)}项目标值"),
            url="/plan/target/",
            state=state_words("not_measurable"),
            who=Text(en, zh),
            since=_day(board.text.adopted_on),
            until=_day(board.text.ends),
            why=Text(
                "the plan states no number: until somebody declares one, nobody can say whether it is reached",
                "方案未规定数值，在有关单位明确之前无法考核",
            ),
        )


def _day(day: date) -> Text:
    return Text(say_date(day, "en"), say_date(day, "zh"))


def of_node(board: Board, node: Node, actions: Sequence[Action]) -> tuple[Text, ...]:
    """What would turn a node green, step by step: computed from the states of its figures and actions."""
    steps: list[Text] = []
    for row in node.rows:
        name = Text(f"{row.id} {row.indicator.title.en}", f"{row.id} {row.indicator.title.zh}")
        if row.status.state == "not_measurable":
            who = row.indicator.target.must_declare or NOT_NAMED
            steps.append(
                Text("{n}: {w} declares the target.", "{n}：由{w}明确目标值。").format(n=name, w=who)
            )
        elif row.status.state not in ("hold", "on_path"):
            steps.append(Text("{n}: {r}.", "{n}：{r}。").format(n=name, r=row.status.reason))
    for action in overdue(actions, board.look.valid_on):
        done = Text("{n} {t}: record it as done, with its proof.", "{n} {t}：登记完成并附证明。")
        steps.append(done.format(n=action.number, t=action.name))
    return tuple(steps)
