"""Computing at the terminal: the log of a job as it grows, the chain of decisions replayed, the books audited."""

from __future__ import annotations

import codecs
import os
import sys
import time
from typing import Annotated, Any

import typer

from hutong.cli.home import actor_named, open_hub
from hutong.cli.output import fail, say, show_json, show_table
from hutong.kernel.errors import HutongError
from hutong.kernel.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]
As = Annotated[str | None, typer.Option("--as", help="person who looks: code or e-mail (HUTONG_AS)")]
LOOK_EVERY_S = 1.0


def add(app: typer.Typer) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, help=say(Text("computing centres and jobs", "算力中心与作业")))
    group.command("log")(log)
    group.command("replay")(replay)
    group.command("audit")(audit)
    app.add_typer(group, name="compute")
    return group


def log(
    code: Annotated[str, typer.Argument(help="JOB-0001")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until the job ends")] = False,
    as_: As = None,
    json_: Json = False,
) -> None:
    """What a job has said; with --follow as it says it. As JSON at once, with --follow at the end."""
    open_hub()
    try:
        job = _job(code, as_)
        shown = _Shown()
        while True:
            attempt, said, over = _said(job)
            if not json_:
                sys.stdout.write(shown.more(attempt, said, over))
                sys.stdout.flush()
            if over or not follow:
                break
            time.sleep(LOOK_EVERY_S)
            job.refresh_from_db()
    except HutongError as error:
        fail(error, json_)
    if json_:
        show_json({"code": job.code, "state": job.state, "log": said.decode("utf-8", "replace")})


class _Shown:
    """What was shown of a growing log. A new attempt says everything anew; half a character waits for its other half."""

    def __init__(self) -> None:
        self.attempt, self.length, self.decoder = 0, 0, _decoder()

    def more(self, attempt: int, said: bytes, over: bool) -> str:
        if attempt != self.attempt or len(said) < self.length:
            self.attempt, self.length, self.decoder = attempt, 0, _decoder()
        new, self.length = said[self.length :], len(said)
        return self.decoder.decode(new, over)


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


def _job(code: str, as_: str | None) -> Any:
    from hutong.kernel.permission import ANONYMOUS
    from hutong.modules.compute.contract import Job
    from hutong.platform.parsing import load_record

    actor = actor_named(as_) if as_ or os.environ.get("HUTONG_AS") else ANONYMOUS
    return load_record(Job, code, actor, "code")


def _said(job: Any) -> tuple[int, bytes, bool]:
    """The attempt that speaks, everything it said so far, and whether that is all there will be."""
    from hutong.modules.compute.contract import log_of
    from hutong.platform import files

    attempt = job.attempts.select_related("job", "pool__centre").order_by("pk").last()
    number = 0 if attempt is None else attempt.pk
    if job.log_sha256:
        return number, files.read(job.log_sha256), True
    speaks = attempt is not None and attempt.state != "ended"
    return number, (log_of(attempt) if speaks else b""), job.state not in ("submitted", "running")


def replay(
    times: Annotated[int, typer.Option(min=1, help="how many times to decide each picture again")] = 1,
    json_: Json = False,
) -> None:
    """Decide every logged picture again and hold the result against the log. Exit status 1 where one differs."""
    open_hub()
    from hutong.modules.compute.contract import replay_decisions

    found = replay_decisions(times)
    if json_:
        show_json({"decisions": found.decisions, "last": found.last, "faults": list(found.faults)})
    else:
        words = Text("{n} decisions, {f} differ; the chain ends in {h}", "共{n}次决策，{f}次不符；链尾为 {h}")
        print(say(words.format(n=found.decisions, f=len(found.faults), h=found.last[:16] or "–")))
        for fault in found.faults:
            print(f"  ✘ {fault}")
    raise SystemExit(1 if found.faults else 0)


def audit(json_: Json = False) -> None:
    """The books of computing: chip-time, segments, vouchers. Exit status 1 where one does not hold."""
    open_hub()
    from hutong.modules.compute.contract import audit_books

    findings = audit_books()
    if json_:
        show_json([{"rule": f.rule, "holds": f.holds, "counted": f.counted} for f in findings])
    else:
        heads = ("", Text("rule", "规则"), Text("counted", "核对条数"))
        show_table("", heads, [("✔" if f.holds else "✘", f.words, f.counted) for f in findings])
    raise SystemExit(0 if all(f.holds for f in findings) else 1)
