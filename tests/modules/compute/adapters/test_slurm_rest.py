"""What slurmrestd of 22.05.8 answers where something is amiss, as recorded, and what the adapter makes of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from hutong.kernel.errors import Invalid
from hutong.modules.compute.adapters import Attempt, Task, Unreachable
from hutong.modules.compute.adapters.slurm_rest import SlurmRest

ONE = Attempt("JOB-1", "a1", 1)
TASK = Task(("true",), chips=1, limit_s=60)
# A controller that is dead, and a token that has run out or is another's.
NO_JOBS = {
    "description": "Failed while looking for jobs",
    "error_number": -1,
    "error": "Unspecified error",
    "source": "slurm_load_jobs",
}
NO_BOOKS = {"error_number": 1007, "error": "Protocol authentication error", "source": "slurmdb_jobs_get"}
NO_BYTES = {"error_code": 5005, "error": "Zero Bytes were transmitted or received"}
NO_NODES = {"error_code": 2014, "error": "Requested node configuration is not available"}


def answering(status: int, problem: Any, **given: Any) -> SlurmRest:
    slurm = SlurmRest("haidian", "http://slurm:6820", **given)
    answer = httpx.Response(status, json={"errors": [problem], "jobs": [], "nodes": []})
    slurm.rest.client = httpx.Client(
        base_url="http://slurm:6820", transport=httpx.MockTransport(lambda _: answer)
    )
    return slurm


@pytest.mark.parametrize(("status", "problem"), [(500, NO_JOBS), (200, NO_BOOKS), (500, NO_BYTES)])
def test_a_question_without_an_answer_is_silence(status: int, problem: Any) -> None:
    slurm = answering(status, problem)
    for ask in (slurm.queue, slurm.pools, lambda: slurm.books([ONE]), lambda: slurm.cancel(ONE)):
        with pytest.raises(Unreachable):
            ask()


def submit(slurm: SlurmRest) -> str:
    return slurm.submit(ONE, TASK, "k", "#!/bin/sh\n", Path("/log"), Path("/"), 0)


def test_a_submission_that_was_not_heard_is_silence_and_one_that_is_refused_is_impossible() -> None:
    with pytest.raises(Unreachable):
        submit(answering(500, NO_BYTES))
    with pytest.raises(Invalid) as refused:
        submit(answering(500, NO_NODES))
    assert refused.value.rule == "centre.impossible" and "node configuration" in refused.value.what.en


def token(claims: Any) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, claims)
    coded = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*coded, "c2lnbmF0dXJl"])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"token": token({"exp": 1, "iat": 1, "sun": "hutong"})}, "hutong"),
        ({"token": token({"exp": 1, "iat": 1, "sun": "hutong"}), "user": "other"}, "other"),
        ({"token": token({"exp": 1})}, ""),
        ({"token": token([1])}, ""),
        ({"token": "not.a token"}, ""),
        ({"token": "x"}, ""),
    ],
)
def test_the_user_is_the_one_that_the_token_names(given: dict[str, str], name: str) -> None:
    """Slurm takes a token beside an empty name for questions, and refuses each submission for its account."""
    headers = SlurmRest("haidian", "http://slurm:6820", **given).rest.client.headers
    assert (headers["x-slurm-user-name"], headers["x-slurm-user-token"]) == (name, given["token"])
