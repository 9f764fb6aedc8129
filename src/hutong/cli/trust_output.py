"""What the trust verbs read and show at the terminal: keys, evidence, verdicts, pairs, progress."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hutong.cli.output import console, say, show_json, show_table
from hutong.engines.trust import (
    CATEGORIES,
    CATEGORY_WORDS,
    LEVEL_WORDS,
    STATE_WORDS,
    Declaration,
    Evidence,
    Target,
)
from hutong.engines.trust.bundle import Again, Verification, evidence_of, rerun
from hutong.engines.trust.reach.door import walls_of
from hutong.engines.trust.runs import Inputs, Outlook
from hutong.engines.trust.runs.records import declarations_of
from hutong.kernel.errors import Invalid, NotFound
from hutong.kernel.note import SigningKey, VerifyKey
from hutong.kernel.text import Text


def signing_key(path: Path) -> SigningKey:
    """The key in the file (64 hex digits); made with mode 600 if there is none, with its public half in PATH.pub."""
    if not path.exists():
        made = SigningKey.generate(path.stem.replace(" ", "-").replace("+", "-") or "key")
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{made.name} {made.seed.hex()}\n")
        path.with_name(f"{path.name}.pub").write_text(made.verify_key.encode() + "\n", encoding="utf-8")
    try:
        name, seed = path.read_text(encoding="utf-8").split()
        return SigningKey(name, bytes.fromhex(seed))
    except (ValueError, OSError) as error:
        raise Invalid(
            Text("This file holds no signing key.", "该文件不含签名密钥。"),
            rule="cli.key",
            remedy=Text("Name a new file: a key is made in it.", "请指定新文件名，将自动生成密钥。"),
            field="key",
        ) from error


def public_key(given: str) -> VerifyKey:
    """From the text of a public key, or from a file that holds it."""
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8") if "+" not in given or path.is_file() else given
    except (OSError, UnicodeDecodeError) as error:
        raise NotFound(
            Text("There is no public key in {f}.", "{f}中没有公钥。").format(f=given[:80]),
            rule="cli.public_key",
            remedy=Text("Give the file *.pub of the evaluator.", "请提供评测方的*.pub文件。"),
            field="key",
        ) from error
    return VerifyKey.decode(text)


def read_evidence(path: Path | None) -> tuple[Evidence, ...]:
    """Answers to process checks from a JSON list. None: none, and nothing of level 1 passes."""
    if path is None:
        return ()
    try:
        return evidence_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise Invalid(
            Text("The evidence cannot be read.", "证据文件无法读取。"),
            rule="cli.evidence",
            remedy=Text(
                "Give a list of {check, answer, digest, record, given_by, confirmed_by}.",
                "请提供由{check, answer, digest, record, given_by, confirmed_by}组成的列表。",
            ),
            field="evidence",
        ) from error


def read_declarations(path: Path | None) -> tuple[Declaration, ...]:
    """Why categories do not apply, from a JSON list. None: all apply."""
    if path is None:
        return ()
    try:
        return declarations_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, StopIteration) as error:
        raise Invalid(
            Text("The declarations cannot be read.", "不适用声明无法读取。"),
            rule="cli.declare",
            remedy=Text(
                "Give a list of {category, ground, reason: {en, zh}, digest, record}.",
                "请提供由{category, ground, reason: {en, zh}, digest, record}组成的列表。",
            ),
            field="declare",
        ) from error


def tell_walls(target: Target) -> None:
    """Say on standard error where this machine holds a foreign file with less than the walls of its kernel."""
    weak = [name for name, held in walls_of(target).items() if held == "hook"]
    if weak:
        said = Text(
            "On this machine the jail of the model has no wall of the kernel around: {w}. Native code in it is not held.",
            "本机内核未能隔离模型进程的：{w}。其中的本机代码不受限制。",
        )
        console(stderr=True).print(say(said.format(w=", ".join(weak))), style="yellow")


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    """A bar on standard error that says which task ended last."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console(stderr=True), disable=quiet) as bar:
        line = bar.add_task("")

        def told(done: int, of: int, task: str) -> None:
            bar.update(line, completed=done, total=of, description=task)

        yield told


def show_outlook(found: Outlook, out: Path | None) -> None:
    heads = (
        Text("claim", "声明"), Text("n", "数量"), Text("bar", "限值"), Text("passes from", "通过真值"),
        Text("fails from", "不通过真值"), Text("asks", "询问次数"), Text("why not", "无法测试的原因"),
    )  # fmt: skip
    rows = [
        (x.claim.id, x.claim.n or "", x.claim.threshold or "", x.claim.passes_from or "–", x.claim.fails_from or "–",
         x.queries, x.why_not or "")
        for x in found.lines if x.claim.alpha is not None or x.queries or x.why_not is not None
    ]  # fmt: skip
    show_table(Text("What can be told, at 95 % chance", "可判定的范围（95%概率）"), heads, rows)
    grid = [
        (f"{c} {say(CATEGORY_WORDS[c])}", found.required[c],
         f"{found.reachable[c]} {say(LEVEL_WORDS[found.reachable[c]])}", found.stopped.get(c, ""))
        for c in CATEGORIES
    ]  # fmt: skip
    titles = (
        Text("category", "类别"),
        Text("required", "要求"),
        Text("reachable", "可达"),
        Text("because", "原因"),
    )
    show_table("", titles, grid)
    cost = Text("{q} questions, about {s} s on this machine.", "共{q}次询问，本机约需{s}秒。")
    console().print(say(cost.format(q=found.queries, s=f"{found.queries * found.per_query:.1f}")))
    if out is not None:
        console().print(
            say(
                Text("Frozen. Next: hutong trust run {p}", "计划已冻结。下一步：hutong trust run {p}").format(
                    p=out
                )
            )
        )


def show_verdict(said: Verification, to: Path, as_json: bool) -> None:
    verdict = said.verdict
    if verdict is None:
        show_verification(said, None, as_json)
        return
    if as_json:
        show_json({"bundle": str(to), "report": said.report, **verdict.as_json()})
        return
    console().print(say(verdict.words), style="bold")
    rows = [
        (f"{c.category}{c.level}", STATE_WORDS[c.state][1], c.words)
        for c in verdict.cells if c.required or c.findings
    ]  # fmt: skip
    show_table("", (Text("cell", "单元"), "", Text("finding", "结论")), rows)
    console().print(f"{to}  ·  {said.report}")


def show_verification(said: Verification, again: Again | None, as_json: bool) -> None:
    if as_json:
        counted = None if again is None else {"tasks": again.tasks, "differ": [d[0] for d in again.differ]}
        show_json({**said.as_json(), "rerun": counted})
        return
    rows: list[Any] = [("✔" if i.ok else "✘", i.name, i.words) for i in said.items]
    if again is not None:
        words = Text("{n} tasks counted again, {d} differ: {w}", "重新计数{n}项任务，{d}项不同：{w}")
        differ = ", ".join(d[0] for d in again.differ) or "–"
        rows.append(
            ("✔" if again.ok else "✘", "rerun", words.format(n=again.tasks, d=len(again.differ), w=differ))
        )
    show_table("", ("", Text("part", "部分"), Text("finding", "结果")), rows)


def profile_in(parts: Any) -> str:
    """The profile that the plan of a bundle names."""
    return str(json.loads(parts["plan.json"])["profile"]["id"])


def count_again(parts: Any, inputs: Inputs) -> Again:
    """Run the plan of the bundle again from the files, under the system that the plan declares."""
    from hutong.engines.trust.runs.folder import open_planned
    from hutong.engines.trust.runs.records import system_of

    system = system_of(json.loads(parts["plan.json"])["system"])
    given = open_planned(inputs, system)
    with progress(quiet=False) as told:
        return rerun(parts, given.open, given.profile, given.data, progress=told)
