"""Evaluate a model from its file or at its endpoint: plan, run, report. Needs no hub; the same engine as the hub's bench.

The verbs that look back (verify, compare, crosswalk, selftest) are in `trust_checks`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hutong.cli import trust_checks
from hutong.cli.output import console, say, show_json
from hutong.cli.trust_options import (
    Cassette,
    Data,
    Declare,
    Engine,
    Group,
    Json,
    Label,
    Outputs,
    Profile,
    Replay,
    System,
    Train,
    Workers,
    inputs_of,
    same_inputs,
)
from hutong.kernel.text import Text

RUN = "the folder of a plan"
MODEL = "ONNX or skops file, a table of answers (a log), or the declaration of an endpoint (YAML)"


def add(app: typer.Typer) -> typer.Typer:
    """The group, with the verbs that need no hub."""
    group = typer.Typer(no_args_is_help=True, help=say(Text("graded evaluation", "分级评测")))
    for command in (plan, run, report, *trust_checks.VERBS):
        group.command(command.__name__)(command)
    app.add_typer(group, name="trust")
    return group


def plan(
    model: Annotated[Path, typer.Argument(help=MODEL)],
    data: Data = None,
    profile: Profile = None,
    system: System = None,
    train: Train = None,
    label: Label = "label",
    group: Group = None,
    declare: Declare = None,
    cassette: Cassette = None,
    replay: Replay = False,
    outputs: Outputs = None,
    out: Annotated[Path | None, typer.Option("--out", help="freeze the plan in this new folder")] = None,
    json_: Json = False,
) -> None:
    """What can be shown with this access and these data, what it costs, how small a difference it can tell."""
    from hutong.cli import trust_output
    from hutong.engines.trust import make_plan
    from hutong.engines.trust.runs import Case, freeze, open_inputs, outlook
    from hutong.engines.trust.targets import closing

    inputs = inputs_of(model, data, profile, system, train, label, group, cassette, replay, outputs)
    given, excused = open_inputs(inputs), trust_output.read_declarations(declare)
    frozen_plan = None if out is None else freeze(out, inputs, given, declarations=excused).plan
    with closing(given.open()) as target:
        made = frozen_plan or make_plan(target, given.system, given.profile, given.data, "not run", excused)
        case = Case(made, given.open, given.system, given.profile, given.data, "")
        found = outlook(case, target)
    trust_output.tell_walls(target)
    if json_:
        frozen = {"out": str(out), "plan": made.digest} if out is not None else {}
        show_json({**frozen, **found.as_json()})
    else:
        trust_output.show_outlook(found, out)


def run(
    what: Annotated[Path, typer.Argument(metavar="MODEL|RUN", help=f"a model, or {RUN} to begin or go on")],
    data: Data = None,
    profile: Profile = None,
    system: System = None,
    train: Train = None,
    label: Label = "label",
    group: Group = None,
    declare: Declare = None,
    cassette: Cassette = None,
    replay: Replay = False,
    outputs: Outputs = None,
    out: Annotated[Path | None, typer.Option("--out", help="folder of the plan and its journal")] = None,
    engine: Engine = "local",
    workers: Workers = 2,
    json_: Json = False,
) -> None:
    """Carry out a plan. Interrupt it whenever you like: the same command goes on where it stopped."""
    from hutong.cli import trust_output
    from hutong.engines.trust.runs import freeze, open_folder, open_inputs
    from hutong.kernel.canonical import digest

    if what.is_dir():
        folder = open_folder(what)
    elif out is not None and (out / "plan.json").exists():
        folder = open_folder(out)
        inputs = inputs_of(what, data, profile, system, train, label, group, cassette, replay, outputs)
        same_inputs(folder.inputs, inputs)
    else:
        inputs = inputs_of(what, data, profile, system, train, label, group, cassette, replay, outputs)
        excused = trust_output.read_declarations(declare)
        folder = freeze(out or Path(f"{what.stem}-run"), inputs, open_inputs(inputs), declarations=excused)
    try:
        with trust_output.progress(quiet=json_) as told:
            seen = folder.run(engine=engine, workers=workers, progress=told)
    except KeyboardInterrupt:
        typer.echo(
            say(
                Text(
                    "Stopped. Go on with: hutong trust run {p}", "已中断。继续执行：hutong trust run {p}"
                ).format(p=folder.path)
            ),
            err=True,
        )
        raise SystemExit(130) from None
    if json_:
        show_json(
            {"run": str(folder.path), "plan": folder.plan.digest, "observations": digest(seen.as_json())}
        )
    else:
        console().print(
            say(
                Text("Done. Next: hutong trust report {p}", "已完成。下一步：hutong trust report {p}").format(
                    p=folder.path
                )
            )
        )


def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help=RUN)],
    key: Annotated[
        Path, typer.Option("--key", help="signing key; made if it is not there, with KEY.pub beside it")
    ],
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="answers to process checks (JSON list)")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="bundle to write: a folder, or one file *.jsonl")
    ] = None,
    keep_seed: Annotated[
        bool, typer.Option("--keep-seed", help="do not open the seed: nobody else can count again")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="open the page in a browser")] = False,
    json_: Json = False,
) -> None:
    """Judge what was counted and write the signed bundle with its page. Exit status 1 unless the verdict passes."""
    from hutong.cli import trust_output
    from hutong.engines.trust.bundle import load, make_bundle, save, verify
    from hutong.engines.trust.runs import open_folder

    opened, signer = open_folder(folder), trust_output.signing_key(key)
    with opened.journal() as journal:
        seen, rows = journal.observations(), journal.export()
    answers = trust_output.read_evidence(evidence)
    parts = make_bundle(
        opened.plan, seen, answers, signer, journal=rows, seed=None if keep_seed else opened.seed
    )
    to = to or folder / "bundle"
    save(parts, to)
    # What is handed out is what was read back and verified.
    said = verify(load(to), signer.verify_key)
    trust_output.show_verdict(said, to, json_)
    if show and to.is_dir():
        typer.launch(str(to / "report.html"))
    raise SystemExit(0 if said.verdict is not None and said.verdict.outcome == "pass" else 1)
