"""The plan at the terminal: status, explain, load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hutong.cli.home import actor_named, open_hub
from hutong.cli.output import console, say, show_json, show_table
from hutong.kernel.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="as of this day (YYYY-MM-DD), default today")]


def add(app: typer.Typer) -> typer.Typer:
    group = typer.Typer(
        no_args_is_help=True,
        help=say(Text("the plan: figures, and what stands behind them", "规划：指标及其依据")),
    )
    group.command("status")(status)
    group.command("explain")(explain)
    group.command("load")(load)
    app.add_typer(group, name="plan")
    return group


def status(as_of: AsOf = None, json_: Json = False) -> None:
    """Every objective, task, safeguard and figure of the plan."""
    open_hub()
    from hutong.modules.plan.contract import status as board_of

    board = board_of(as_of)
    if json_:
        show_json(board.as_json())
        return
    console().print(f"{say(board.text.title)}  ·  {board.look.valid_on.date()}", style="bold")
    rows = [(r.status.shape, r.id, r.indicator.title, _value(r)) for r in board.rows]
    show_table(
        Text("Figures", "指标"), ("", Text("id", "编号"), Text("what", "名称"), Text("value", "数值")), rows
    )


def _value(row: Any) -> str:
    said = row.value.say("zh" if say(Text("en", "zh")) == "zh" else "en")
    return f"{said} {row.indicator.unit.name}" if row.value.state == "number" else str(said)


def explain(
    figure: Annotated[str, typer.Argument(help="id of a figure, e.g. T6.2")],
    as_of: AsOf = None,
    json_: Json = False,
) -> None:
    """From a figure to its formula, the records it counted, and the proof of each."""
    open_hub()
    from hutong.modules.plan.contract import explain as explanation_of

    content = explanation_of(figure, as_of).as_json()
    if json_:
        show_json(content)
        return
    console().print(f"1  {figure}  {_said(content)}", style="bold")
    console().print(f"2  {content['formula'] or '-'}")
    rows = [(f["record"], f["amount"], f["event"], _proven(f["proof"])) for f in content["counted"]]
    heads = (Text("record", "记录"), Text("amount", "数量"), Text("event", "事件"), Text("proof", "证明"))
    show_table(Text("3  counted", "3  计入"), heads, rows)


def _said(content: dict[str, Any]) -> str:
    value = content["figure"]["value"]
    return f"{value.get('value', value['state'])} {content['figure']['unit']}"


def _proven(path: list[str] | None) -> Any:
    if path is None:
        return "-"
    return Text("in the log, {n} hashes", "已入账簿，证明含{n}个哈希").format(n=len(path))


def load(
    file: Annotated[Path, typer.Argument(help="YAML file of a plan")],
    as_: Annotated[str | None, typer.Option("--as", help="person who acts: code or e-mail")] = None,
    json_: Json = False,
) -> None:
    """Check a plan's file and put it in force."""
    open_hub()
    from hutong.platform import files, runner

    with file.open("rb") as stream:
        stored = files.store(stream, name=file.name, media_type="application/yaml")
    outcome = runner.run(actor_named(as_), "plan.plan.load", {"file": stored.sha256})
    if json_:
        show_json({"plan": outcome.record.code, "event": outcome.seq})
    else:
        print(f"{outcome.record.code} · #{outcome.seq}")
