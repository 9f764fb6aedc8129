"""The trust verbs that look back: verify a bundle, compare two systems, cross over to a framework, test the evaluator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hutong.cli.output import say, show_json, show_table
from hutong.cli.trust_options import (
    Cassette,
    Data,
    Group,
    Json,
    Label,
    Outputs,
    Profile,
    System,
    Train,
    inputs_of,
)
from hutong.kernel.text import Text


def verify(
    bundle: Annotated[Path, typer.Argument(help="a bundle: folder or *.jsonl")],
    key: Annotated[str, typer.Option("--key", help="public key: its text, or a file that holds it")],
    model: Annotated[
        Path | None,
        typer.Option(
            "--model", help="check that this is the model evaluated (for --rerun, also an endpoint or a log)"
        ),
    ] = None,
    rerun: Annotated[
        bool, typer.Option("--rerun", help="count again, with --model, --data, --profile")
    ] = False,
    data: Data = None,
    profile: Profile = None,
    train: Train = None,
    label: Label = "label",
    group: Group = None,
    cassette: Cassette = None,
    outputs: Outputs = None,
    json_: Json = False,
) -> None:
    """Check a bundle offline and judge it again. Exit status 1 if any part is not what was signed."""
    from hutong.cli import trust_output
    from hutong.engines.trust.bundle import load
    from hutong.engines.trust.bundle import verify as check
    from hutong.engines.trust.reach.door import DECLARED
    from hutong.engines.trust.reach.tables import TABLES

    parts = load(bundle)
    # The digest of a declared endpoint or a log is not that of its file; counting again checks it.
    file = model.read_bytes() if model and model.suffix.lower() not in (*DECLARED, *TABLES) else None
    said = check(parts, trust_output.public_key(key), model=file)
    again = None
    if rerun and said.ok:
        named = profile or trust_output.profile_in(parts)
        inputs = inputs_of(
            model, data, named, None, train, label, group, cassette, cassette is not None, outputs
        )
        again = trust_output.count_again(parts, inputs)
    trust_output.show_verification(said, again, json_)
    raise SystemExit(0 if said.ok and (again is None or again.ok) else 1)


def compare(
    first: Annotated[Path, typer.Argument(help="a model, a log of answers, or the folder of a plan")],
    second: Annotated[Path, typer.Argument(help="the other")],
    data: Data = None,
    system: System = None,
    label: Label = "label",
    group: Group = None,
    alpha: Annotated[
        float, typer.Option("--alpha", min=0.0001, max=0.5, help="error of the interval")
    ] = 0.05,
    json_: Json = False,
) -> None:
    """Which of two answers better, row by row on the same data, with an exact interval and McNemar's exact test."""
    from hutong.cli import trust_pair

    one, two = (trust_pair.side(p, data, system, label, group) for p in (first, second))
    trust_pair.show_pair(trust_pair.paired(one, two, alpha), json_)


def crosswalk(
    bundle: Annotated[Path, typer.Argument(help="a bundle: folder or *.jsonl")],
    name: Annotated[str, typer.Argument(help="nist-ai-rmf, iso-42001, eu-annex-iv, gbt-45654 or ai-verify")],
    key: Annotated[str, typer.Option("--key", help="public key: its text, or a file that holds it")],
) -> None:
    """The clauses of a framework and what in this bundle bears on each, as JSON."""
    from hutong.cli import trust_output
    from hutong.engines.trust.bundle import crosswalk as cross
    from hutong.engines.trust.bundle import load
    from hutong.engines.trust.bundle import verify as check

    said = check(load(bundle), trust_output.public_key(key))
    if said.verdict is None:
        trust_output.show_verification(said, None, False)
        raise SystemExit(1)
    show_json({**cross(said.verdict, name), "report": said.report})


def selftest(
    cases: Annotated[int, typer.Option("--cases", min=1, help="planted cases in all, at least")] = 1000,
    seed: Annotated[str | None, typer.Option("--seed", help="repeat an earlier self-test")] = None,
    level: Annotated[
        list[int] | None, typer.Option("--level", help="only tests of this level; repeat for more")
    ] = None,
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, help="by default one for each processor")
    ] = None,
    json_: Json = False,
) -> None:
    """Evaluate the evaluator: systems whose truth is known, drawn anew each time. Exit status 1 beyond 5 % false passes."""
    from hutong.engines.trust.runs.selftest import USERS
    from hutong.engines.trust.runs.selftest import selftest as test

    found = test(cases, seed, processes, tuple(level or (1, 2, 3, 4, 5)))
    if json_:
        show_json(found.as_json())
    else:
        heads = (
            "",
            Text("cases", "案例"),
            Text("false passes", "误判通过"),
            Text("at most", "上限"),
            Text("found", "检出"),
        )
        rows = [
            (
                s.name,
                s.cases,
                f"{s.false_passes}/{s.nulls}",
                f"{s.false_pass_upper:.3f}",
                f"{s.detected}/{s.defects}",
            )
            for s in found.all
        ]
        show_table(Text("Self-test, seed {s}", "自检，种子{s}").format(s=found.seed), heads, rows)
        told = Text(
            "Of {n} users who stop when they like, {p} ever pass at the null.",
            "{n}名随意停止的使用者在原假设下误判通过的比例为{p}。",
        )
        typer.echo(say(told.format(n=USERS, p=f"{found.stoppers:.4f}")))
        if found.worse:
            typer.echo(say(Text("Beyond 5 %: {c}", "超过5%：{c}").format(c=", ".join(found.worse))), err=True)
    raise SystemExit(0 if found.ok else 1)


VERBS = (verify, compare, crosswalk, selftest)
