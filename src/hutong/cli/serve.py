"""Bringing the hub up: serve, demo, run, worker; and the papers drawn from the registries."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from hutong.cli.home import home, open_hub
from hutong.cli.output import console, say, show_json, show_table
from hutong.kernel.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Port = Annotated[int, typer.Option(help="port on 127.0.0.1")]
CHECKPOINT_EVERY_S = 30
SURVEY_EVERY_S = 3600
FAULT_PAUSE_S = 5


def add(app: typer.Typer) -> None:
    for name, command in (
        ("up", up), ("run", run), ("demo", demo), ("worker", worker), ("operations", operations),
        ("reference", reference), ("migrations", migrations), ("token", token), ("link", link),
    ):  # fmt: skip
        app.command(name)(command)
    # What a benchmark can be told is the benchmark's own: its words pass through as they are.
    passing = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("bench", context_settings=passing)(bench)


def up(port: Port = 8000) -> None:
    """Serve the hub, with a worker for background jobs, until Ctrl-C."""
    open_hub()
    work = _worker()
    serve = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "hutong.site.wsgi:application", "--bind", f"127.0.0.1:{port}",
         "--workers", "2", "--threads", "4", "--access-logfile", "-", "--log-level", "warning"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "hutong.site.settings"},
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: serve.terminate())
    try:
        while not _over(serve):
            if work.poll() is not None:
                # Killed for memory or by hand: what it left half done is in the tables.
                print("the worker has died and is begun again", file=sys.stderr)
                work = _worker()
    except KeyboardInterrupt:
        serve.terminate()
        serve.wait()
    finally:
        work.terminate()
        work.wait()
    raise SystemExit(0 if serve.returncode in (0, -15) else serve.returncode)


def _over(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ends within a second."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    return process.returncode is not None


def _worker() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "hutong", "worker"])


def worker() -> None:
    """Work off background jobs, sign checkpoints and look at certificates again, until Ctrl-C."""
    open_hub()
    from django.db import connection

    from hutong.modules.trust.contract import survey
    from hutong.platform import jobs
    from hutong.platform.ledger import checkpoints

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    jobs.reclaim()
    signed = surveyed = float("-inf")
    while True:
        done = 0
        try:
            done = jobs.drain(wait=False)
        except jobs.JobFailed as failure:
            print(str(failure).splitlines()[0], file=sys.stderr)
        except Exception as fault:
            # A worker outlives what one turn trips over: the next one finds the same tables, and tries again.
            print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
            connection.close()
            time.sleep(FAULT_PAUSE_S)
        if time.monotonic() - signed > CHECKPOINT_EVERY_S:
            checkpoints.sign()
            signed = time.monotonic()
        if time.monotonic() - surveyed > SURVEY_EVERY_S:
            survey()
            surveyed = time.monotonic()
        connection.close_if_unusable_or_obsolete()
        # Where work comes in, more is likely to follow.
        time.sleep(0.1 if done else 0.5)


def demo(
    centre: Annotated[
        str, typer.Option(help="where the jobs run: local, slurm, or a name in the hub's centres.yaml")
    ] = "local",
    json_: Json = False,
) -> None:
    """Carry two real systems through the lane of a new home; exits 0 only if every step was reached."""
    if centre == "slurm":
        connect_slurm()
    result = _journey(quiet=json_, connection=centre)
    if json_:
        show_json(result.as_json())
    else:
        _tell(result)
    raise SystemExit(0 if result.reached else 1)


def connect_slurm() -> None:
    """Say in ``centres.yaml`` how to reach the Slurm of this machine, unless the file says so already."""
    import yaml

    from hutong.kernel.errors import NotFound

    place = home() / "centres.yaml"
    known = yaml.safe_load(place.read_text(encoding="utf-8")) if place.is_file() else {}
    if "slurm" in (known or {}):
        return
    conf = Path(os.environ.get("SLURM_CONF", "/etc/slurm/slurm.conf"))
    if not conf.is_file():
        raise NotFound(
            Text("There is no Slurm here: {f} is missing.", "本机没有 Slurm：缺少 {f}。").format(f=str(conf)),
            rule="demo.slurm",
            remedy=Text(
                "Set SLURM_CONF to the cluster's slurm.conf, or write an entry into centres.yaml.",
                "请将 SLURM_CONF 设为集群的 slurm.conf，或在 centres.yaml 中登记。",
            ),
            field="centre",
        )
    entry = {"engine": "slurm", "conf": str(conf), "models": {"CPU core": "cpu"}}
    home().mkdir(parents=True, exist_ok=True)
    place.write_text(yaml.safe_dump({**(known or {}), "slurm": entry}), encoding="utf-8")


def _journey(*, quiet: bool, connection: str = "local") -> Any:
    open_hub()
    from hutong.demo import run_demo, silent

    if quiet:
        return run_demo(silent, connection)
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=False) as progress:
        bar = progress.add_task(say(Text("the journey", "演示流程")), total=EXPECTED_STEPS)

        def report(kind: str, words: Text, detail: str) -> None:
            if kind == "stage":
                progress.update(bar, description=say(words))
            elif kind == "refused":
                progress.console.print(f"  ✘ {say(words)}  [{detail}]", markup=False)
            elif kind == "step":
                progress.advance(bar)

        result = run_demo(report, connection)
        progress.update(bar, total=progress.tasks[0].completed)
    return result


# Only the length of the progress bar; the journey itself counts its steps.
EXPECTED_STEPS = 200


def _tell(result: Any) -> None:
    for passport in result.passports:
        console().print(
            f"{passport.code}  {say(passport.name)}  →  {passport.outcome} ({passport.stage})", style="bold"
        )
        if passport.stopped_by:
            words = passport.stopped_by["words"]
            console().print(f"  ✘ {say(Text(words['en'], words['zh']))}")
    rows = [(f["id"], _short(f["before"]), _short(f["after"]), f["unit"]) for f in result.moved]
    heads = (Text("figure", "指标"), Text("before", "之前"), Text("after", "之后"), Text("unit", "单位"))
    show_table(Text("Figures that moved", "变动的指标"), heads, rows)
    console().print(f"ledger: {result.ledger['size']} events, root {result.ledger['root'][:16]}…")


def _short(value: dict[str, Any]) -> str:
    return str(value.get("value", value["state"]))


def run(port: Port = 8000) -> None:
    """Set the hub up, carry two systems through the lane if it is new, and serve it."""
    open_hub()
    from hutong.platform.ledger import store

    if not store.size():
        _tell(_journey(quiet=False))
    _links(port)
    up(port)


def _links(port: int) -> None:
    """A one-time sign-in for the operator and for one person of every other role."""
    from hutong.kernel.permission import ROLE_LABELS, Role
    from hutong.platform.people import RoleGrant
    from hutong.platform.web.accounts import make_link

    seen: set[str] = set()
    rows = []
    for grant in RoleGrant.objects.select_related("person").order_by("id"):
        if grant.role in seen or not grant.person.is_active:
            continue
        seen.add(grant.role)
        rows.append((ROLE_LABELS[Role(grant.role)], f"http://127.0.0.1:{port}{make_link(grant.person)}"))
    print(
        say(
            Text(
                f"\nThe hub is at http://127.0.0.1:{port}/ (Ctrl-C ends it).",
                f"\n平台地址 http://127.0.0.1:{port}/（Ctrl-C 结束）。",
            )
        )
    )
    print(say(Text("Sign in once, as:", "一次性登录：")))
    for label, url in rows:
        print(f"  {say(label)}\n    {url}")
    sys.stdout.flush()


def link(
    person: Annotated[str, typer.Argument(help="code or e-mail of a person")], port: Port = 8000
) -> None:
    """A one-time sign-in link for a person."""
    open_hub()
    from hutong.platform.web.accounts import make_link

    print(f"http://127.0.0.1:{port}{make_link(_person(person))}")


def token(
    person: Annotated[str, typer.Argument(help="code or e-mail of a person")],
    label: Annotated[str, typer.Option(help="what it is for")] = "terminal",
) -> None:
    """A bearer token for the API, valid for 30 days; the hub keeps only its digest."""
    open_hub()
    from hutong.platform.web.accounts import make_token

    print(make_token(_person(person), label))


def _person(name: str) -> Any:
    from hutong.cli.home import actor_named
    from hutong.platform.people import Person

    return Person.objects.get(pk=actor_named(name).id)


def bench(context: typer.Context) -> None:
    """Measure our side and a peer's in one run: hutong bench [NAME] [--OPTION VALUE] [--json]; no name lists them."""
    root = Path(__file__).resolve().parents[3] / "bench"
    if not root.is_dir():
        print(
            say(
                Text(
                    "Benchmarks lie in the repository (bench/), not in the package.",
                    "基准测试位于代码仓库 bench/ 目录。",
                )
            ),
            file=sys.stderr,
        )
        raise SystemExit(4)
    raise SystemExit(subprocess.run([sys.executable, str(root), *context.args], check=False).returncode)


def operations(
    markdown: Annotated[bool, typer.Option("--markdown", help="as the reference page")] = False,
    json_: Json = False,
) -> None:
    """All declared operations."""
    open_hub(migrate=False)
    from hutong.cli.reference import operations_page
    from hutong.kernel.operation import OPERATIONS

    if markdown:
        print(operations_page(), end="")
    elif json_:
        show_json(
            [
                {"name": o.name, "title": o.title.as_json(), "permission": o.permission.name}
                for o in OPERATIONS.values()
            ]
        )
    else:
        show_table(
            "",
            (Text("operation", "操作"), Text("title", "名称")),
            [(o.name, o.title) for o in OPERATIONS.values()],
        )


def reference() -> None:
    """Write docs/reference anew from the registries."""
    open_hub(migrate=False)
    from hutong.cli.reference import pages

    folder = Path(__file__).resolve().parents[3] / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)


def migrations(name: Annotated[str, typer.Argument(help="department")]) -> None:
    """Write the migrations of a department whose tables changed."""
    open_hub(migrate=False)
    from django.core.management import call_command

    call_command("makemigrations", name, skip_checks=True)


__all__ = ["add", "home"]
