"""Passports and proofs at the terminal: show, export, verify, doctor."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hutong.cli.home import home, open_hub
from hutong.cli.output import console, say, show_json, show_table
from hutong.kernel.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
MARKS = {"done": "✔", "active": "▶", "closed": "✘", "waiting": "·", "not_required": "–"}


def add(app: typer.Typer) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=say(Text("passports of AI systems", "系统护照")))
    group.command("show")(show)
    group.command("export")(export)
    app.add_typer(group, name="passport")
    app.command("verify", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})(verify)
    app.command("doctor")(doctor)
    return group


def show(code: Annotated[str, typer.Argument(help="SYS-0001")], json_: Json = False) -> None:
    """The lane of one system, gate by gate."""
    open_hub()
    from hutong.modules.passport.contract import course, system_by_code

    system = system_by_code(code.upper())
    way = course(system)
    if json_:
        gates = [{"stage": g.stage.key, "state": g.state, "at": g.at, "event": g.seq} for g in way.gates]
        content = {
            "code": system.code,
            "name": system.name.as_json(),
            "outcome": way.outcome,
            "stage": way.standing,
        }
        show_json({**content, "gates": gates})
        return
    console().print(f"{system.code}  {say(system.name)}  ·  {way.outcome}", style="bold")
    rows = [
        (MARKS[g.state], g.stage.number, g.stage.title, g.stamp or "", g.at.date() if g.at else "")
        for g in way.gates
    ]
    show_table("", ("", "", Text("gate", "环节"), Text("stamp", "凭证"), Text("date", "日期")), rows)


def export(
    code: Annotated[str, typer.Argument(help="SYS-0001")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="file to write; default standard output")
    ] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="CycloneDX ML-BOM instead of the evidence bundle")
    ] = False,
) -> None:
    """The evidence of a system as a bundle that anybody can verify, or its bill of materials."""
    open_hub()
    from hutong.modules.passport.contract import bill_of_materials, bundle, system_by_code

    system = system_by_code(code.upper())
    content: Any = bill_of_materials(system) if bom else bundle(system)
    text = json.dumps(content, ensure_ascii=False, indent=1)
    if output is None:
        print(text)
    else:
        output.write_text(text, encoding="utf-8")


def verify(
    context: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="a bundle (.json)")],
    json_: Json = False,
) -> None:
    """Verify a bundle offline, by the same file that works without Hutong."""
    from hutong import verify as verifier

    more = ["--json"] if json_ else []
    raise SystemExit(verifier.main([str(bundle), *more, *context.args]))


def doctor(json_: Json = False) -> None:
    """Is the hub well? Python, database, triggers, evidence, keys, room, queue."""
    open_hub()
    findings = list(_findings())
    if json_:
        show_json([{"what": w, "ok": ok, "said": said} for w, ok, said in findings])
    else:
        show_table(
            home(),
            ("", Text("what", "项目"), Text("finding", "结果")),
            [("✔" if ok else "✘", w, s) for w, ok, s in findings],
        )
    raise SystemExit(0 if all(ok for _, ok, _ in findings) else 1)


def _findings() -> Any:
    import shutil

    from django.db import connection
    from django_tasks_db.models import DBTaskResult

    from hutong.modules.compute.money import book
    from hutong.platform.ledger import store
    from hutong.platform.ledger.audit import audit

    yield "python", sys.version_info >= (3, 11), sys.version.split()[0]
    yield "database", True, connection.vendor
    faults = audit()
    yield (
        "evidence",
        not faults,
        "; ".join(say(f.words) for f in faults[:3]) or f"{store.size()} events whole",
    )
    yield "hours", book.sound(), "every booking sums to zero"
    modes = {p.name: oct(p.stat().st_mode & 0o777) for p in (home() / "keys").glob("*.key")}
    yield "keys", all(m == "0o600" for m in modes.values()), ", ".join(f"{k} {v}" for k, v in modes.items())
    free = shutil.disk_usage(home()).free >> 30
    yield "room", free >= 1, f"{free} GiB free"
    failed = DBTaskResult.objects.failed().count()
    yield "jobs", not failed, f"{DBTaskResult.objects.ready().count()} wait, {failed} failed"
