"""The script that runs beside the payload on a node: it begins once, under a valid fence, and writes the end down.

It needs a POSIX shell and flock(1) of util-linux. What people wrote never becomes shell: the command's arguments and
the variables' values are quoted one by one, names of attempts are safe by construction, labels do not occur.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.contract import REFUSED

_SCRIPT = """#!/bin/sh
# Attempt {name}. Begins once and under a valid fence; else it ends with {refused} and has done nothing.
PATH="${{PATH:-/usr/local/bin:/usr/bin:/bin}}"; export PATH
mkdir -p -- {folder} && cd -- {folder} || exit {refused}
# Who only looks holds the lock for a moment: hence some patience.
exec 9>>run.lock && flock --wait 3 9 || exit {refused}
seen="$(cat fence 2>/dev/null || echo 0)"
[ ! -e {id}.revoked ] && [ "$seen" -le {fence} ] || exit {refused}
[ "$seen" -eq {fence} ] || {{ echo {fence} >.fence.{id} && mv -f .fence.{id} fence; }} || exit {refused}
echo {id} >run.lock || exit {refused}
mkdir {id}.claim 2>/dev/null || exit {refused}
# Whoever bars it looks for the claim afterwards: one of the two sees the other.
[ ! -e {id}.revoked ] || exit {refused}
echo "{number} $(date +%s)" >{id}.claim/begun || exit {refused}
# Whoever is told to end is the payload: this script outlives it, to write its end down.
trap : TERM
{variables}cd -- {work} && {command}
status=$?
echo "$status $(date +%s)" >{folder}/{id}.claim/.end && mv {folder}/{id}.claim/.end {folder}/{id}.claim/end
# {refused} is the guard's own word: a payload that ends with it ends with 1.
[ "$status" -ne {refused} ] || status=1
exit "$status"
"""


def script(attempt: Attempt, task: Task, folder: Path, work: Path, number: str) -> str:
    """The guard as a shell script.

    folder: the job's folder in the spool, as the node sees it; work: where the payload runs; number: the shell
    expression under which the engine gives its own number of the job, such as ``$SLURM_JOB_ID``.
    """
    lines = [f"export {k}={shlex.quote(v)}\n" for k, v in sorted(task.environment.items())]
    return _SCRIPT.format(
        name=attempt.name,
        refused=REFUSED,
        folder=shlex.quote(str(folder)),
        id=attempt.id,
        fence=attempt.fence,
        number=number,
        variables="".join(lines),
        work=shlex.quote(str(work)),
        command=shlex.join(task.command),
    )
