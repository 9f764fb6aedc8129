"""The command line: built-in verbs, and the departments' verbs when one is named."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from hutong import __version__
from hutong.cli.output import fail, say, show_json
from hutong.kernel.errors import HutongError
from hutong.kernel.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
EPILOG = Text(
    "Options of every command: --home DIR (HUTONG_HOME), --lang en|zh. Exit status: 4 not found, 9 conflict, "
    "13 denied, 22 invalid, 29 exhausted.",
    "各命令通用选项：--home 目录（HUTONG_HOME）、--lang en|zh。退出码：4 不存在，9 冲突，13 无权，22 无效，29 用尽。",
)


def departments() -> list[str]:
    """Names of the departments that stand in this house."""
    folder = Path(__file__).resolve().parents[1] / "modules"
    return sorted(p.parent.name for p in folder.glob("*/apps.py"))


def build(arguments: list[str]) -> typer.Typer:
    """The application; departments other than the one that is named stay closed, so that it starts quickly."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        epilog=say(EPILOG),
        help=f"Hutong {__version__}",
    )
    from hutong.cli import compute, evidence, plan, serve, trust

    serve.add(app)
    groups = {
        "plan": plan.add(app),
        "passport": evidence.add(app),
        "trust": trust.add(app),
        "compute": compute.add(app),
    }
    named = arguments[0] if arguments else ""
    for scope in departments():
        if scope != named:
            if scope not in groups:
                app.add_typer(typer.Typer(), name=scope, help=say(Text("department", "部门")))
            continue
        if scope in groups and _built_in(groups[scope], arguments):
            continue
        from hutong.cli.home import open_hub
        from hutong.cli.operations import department

        open_hub()
        made = department(scope)
        if scope in groups:
            groups[scope].registered_groups += made.registered_groups
        else:
            app.add_typer(made, name=scope)
    return app


def _built_in(group: typer.Typer, arguments: list[str]) -> bool:
    """Whether the line asks for a verb of the terminal's own; it opens the hub itself, if it needs one at all."""
    return len(arguments) > 1 and arguments[1] in {c.name for c in group.registered_commands}


def _take(arguments: list[str], option: str) -> str | None:
    """Take ``--option VALUE`` or ``--option=VALUE`` out of the line, wherever it stands."""
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            value = arguments[place + 1]
            del arguments[place : place + 2]
            return value
        if argument.startswith(f"{option}="):
            del arguments[place]
            return argument.partition("=")[2]
    return None


def main() -> None:
    """Entry point of `hutong`."""
    warnings.simplefilter("ignore")
    arguments = sys.argv[1:]
    home, language = _take(arguments, "--home"), _take(arguments, "--lang")
    if home:
        os.environ["HUTONG_HOME"] = str(Path(home).absolute())
    if language:
        os.environ["HUTONG_LANG"] = language
    try:
        build(arguments)(args=arguments, prog_name="hutong")
    except HutongError as error:
        fail(error, "--json" in arguments)


__all__ = ["Json", "main", "show_json"]
