"""The log of a job as plain text, and its last lines for the page of the job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from hutong.kernel.errors import HutongError, NotFound
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.modules.compute.execution import log_of
from hutong.modules.compute.models import Attempt, Job
from hutong.platform import files
from hutong.platform.components import Cell, Column, Table
from hutong.platform.parsing import load_record

LAST = Text("Last lines of its log", "日志末尾")
MOST_LINES, LONGEST_LINE = 12, 300
# What moves a terminal's cursor or colours its letters (ECMA-48), turns the direction of writing, or is not seen.
_UNREAD = re.compile("\x1b\\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def last_lines(job: Job, attempts: Sequence[Attempt]) -> list[tuple[Text, Table]]:
    """What the job said last, line by line; nothing where it has said nothing or its centre's log is out of reach."""
    try:
        said = _said(job, attempts)
    except (HutongError, OSError):
        return []
    lines = said.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    # A progress bar writes over its own line: what was written last is what stands there.
    shown = [_UNREAD.sub("", line.rstrip("\r").rpartition("\r")[2])[:LONGEST_LINE] for line in lines]
    kept = [line for line in shown if line.strip()][-MOST_LINES:]
    if not kept:
        return []
    table = Table(
        LAST,
        (Column(Text("Output", "输出"), "code"),),
        tuple((Cell(line),) for line in kept),
        caption_hidden=True,
    )
    return [(LAST, table)]


def _said(job: Job, attempts: Sequence[Attempt]) -> bytes:
    if job.log_sha256:
        return files.read(job.log_sha256)
    return log_of(attempts[-1]) if attempts and attempts[-1].state != "ended" else b""


def log_view(request: HttpRequest, code: str) -> HttpResponse:
    """What the job has said, as plain text, for those who may see the job; the last mebibyte while it runs.

    `NotFound` job.no_log where it has not started.
    """
    actor: Actor = request.actor  # type: ignore[attr-defined]
    job: Any = load_record(Job, code, actor, "code")
    if job.log_sha256:
        said = files.read(job.log_sha256)
    else:
        attempt = job.attempts.select_related("job", "pool__centre").order_by("-pk").first()
        if attempt is None:
            raise NotFound(
                Text(
                    "The job {j} has not started; it has no log yet.", "作业 {j} 尚未启动，暂无日志。"
                ).format(j=job.code),
                rule="job.no_log",
                remedy=Text("Look again when it runs.", "请在作业运行后查看。"),
            )
        said = log_of(attempt)
    response = HttpResponse(said, content_type="text/plain; charset=utf-8")
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
