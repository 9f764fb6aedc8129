"""Computing at the terminal: a quote before a job, its log as it grows, decisions replayed, the books audited."""

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
    group.command("quote")(quote)
    group.command("log")(log)
    group.command("replay")(replay)
    group.command("audit")(audit)
    group.command("guarantee")(guarantee)
    app.add_typer(group, name="compute")
    return group


def quote(
    work: Annotated[str | None, typer.Argument(help="train.yaml; none: a job like no other")] = None,
    allocation: Annotated[str | None, typer.Option(help="ALC-0001; none: as a guest of every centre")] = None,
    chips: Annotated[str | None, typer.Option(help="chips at once (1)")] = None,
    limit_s: Annotated[str | None, typer.Option("--limit-s", help="at most so many seconds (3600)")] = None,
    accept: Annotated[list[str] | None, typer.Option(help="kinds of chip that it runs on")] = None,
    deadline: Annotated[str | None, typer.Option(help="to be over by: 2026-09-01T18:00+08:00")] = None,
    as_: As = None,
    json_: Json = False,
) -> None:
    """What every pool would say to a job: when it starts, at what price at most, and why not there. Nothing is submitted.
    Exit status 1 where no pool would ever start it."""
    open_hub()
    try:
        given = {"chips": chips, "limit_s": limit_s, "accept": accept, "deadline": deadline}
        told = _quoted({**given, "command": _command(work)}, allocation, as_)
    except HutongError as error:
        fail(error, json_)
    from hutong.modules.compute.contract import QuoteWords

    said = QuoteWords.of(told)
    if json_:
        show_json(said.content)
    else:
        print(say(said.verdict))
        heads = (
            Text("pool", "算力池"), Text("starts", "启动"), Text("in 4 of 5 cases", "80%区间"), Text("at most", "费用至多"),
            Text("why not there, or not now", "未能启动的原因"),
        )  # fmt: skip
        show_table("", heads, said.rows)
        for option in said.options:
            print(f"  {say(option)}")
    raise SystemExit(0 if told.possible else 1)


def _quoted(given: dict[str, Any], allocation: str | None, as_: str | None) -> Any:
    from django.utils import timezone

    from hutong.modules.compute.contract import Allocation, ask_of, quote
    from hutong.platform.parsing import load_record

    hours: Any = load_record(Allocation, allocation, _reader(as_), "allocation") if allocation else None
    return quote(ask_of(given, hours), timezone.now())


def _command(work: str | None) -> tuple[str, ...]:
    """The words of a description, which is read as a submission reads it, and of which nothing is stored."""
    if work is None:
        return ()
    from hutong.cli.documents import read_document
    from hutong.modules.compute.contract import work_of

    return work_of(read_document(work, store=False)).command


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
    from hutong.modules.compute.contract import Job
    from hutong.platform.parsing import load_record

    return load_record(Job, code, _reader(as_), "code")


def _reader(as_: str | None) -> Any:
    """Who looks: the person named, else the public."""
    from hutong.kernel.permission import ANONYMOUS

    return actor_named(as_) if as_ or os.environ.get("HUTONG_AS") else ANONYMOUS


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


def guarantee(
    code: Annotated[str, typer.Argument(help="CTR-0001")],
    days: Annotated[int, typer.Option(min=1, max=3660, help="looked back")] = 30,
    as_: As = None,
    json_: Json = False,
) -> None:
    """Whether a lender's guarantee to its own users was kept, which jobs were late, and what guests lost by recalls.
    Exit status 1 where a job was late."""
    open_hub()
    try:
        found = _proved(code, days, as_)
    except HutongError as error:
        fail(error, json_)
    if json_:
        show_json(found.as_json())
    else:
        words = Text(
            "guarantee kept: {n} of {m} own jobs; {o} still within the notice",
            "自用保障：{m}项中{n}项已履行；{o}项在通知期内",
        )
        print(say(words.format(n=found.kept, m=found.judged, o=found.open)))
        for one in found.as_json()["late"]:
            print(f"  ✘ {one['job']}: {one['waited_s']} s > {one['notice_s']} s")
        lost = Text(
            "guests gave chips back {n} times and lost {l}; nobody paid for that",
            "外部作业归还芯片{n}次，损失{l}，不计费",
        )
        from hutong.kernel.quantity import ChipTime

        ms = ChipTime.of(found.lost_ms)
        print(say(lost.format(n=len(found.recalled), l=Text(ms.say("en"), ms.say("zh")))))
    raise SystemExit(1 if found.late else 0)


def _proved(code: str, days: int, as_: str | None) -> Any:
    from datetime import timedelta

    from django.utils import timezone

    from hutong.kernel.permission import ANONYMOUS
    from hutong.modules.compute.contract import Centre, proof_for
    from hutong.platform.parsing import load_record

    actor = actor_named(as_) if as_ or os.environ.get("HUTONG_AS") else ANONYMOUS
    centre = load_record(Centre, code, actor, "code")
    now = timezone.now()
    return proof_for(actor, centre, now, now - timedelta(days=days))
