"""The log of a job as plain text."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from hutong.kernel.errors import NotFound
from hutong.kernel.permission import Actor
from hutong.kernel.text import Text
from hutong.modules.compute.execution import log_of
from hutong.modules.compute.models import Job
from hutong.platform import files
from hutong.platform.parsing import load_record


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
