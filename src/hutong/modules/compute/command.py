"""The program ``command``: words that a person gives, run as they are by a centre that admits it.

What a person's command may touch is for the centre's engine to bound (its own user, its own nodes); the hub's own machine
admits none unless its operator says so in ``centres.yaml``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from hutong.kernel.text import Text
from hutong.modules.compute.models import Job
from hutong.modules.compute.programs import COMMAND, program
from hutong.platform import files


def prepare(job: Job, folder: Path) -> None:
    """The stored files beside the command."""
    for name, digest in job.inputs["files"].items():
        shutil.copyfile(files.path_of(digest), folder / name)


def collect(job: Job, folder: Path) -> None:
    """Store what the job left behind; what it did not leave is not there, and no error."""
    kept = {}
    for name in job.inputs["results"]:
        place = folder / name
        if place.is_file() and not place.is_symlink():
            with place.open("rb") as stream:
                kept[name] = files.store(stream, name=name, media_type="application/octet-stream").sha256
    Job.objects.filter(pk=job.pk).update(results=kept)


program(
    COMMAND,
    title=Text("Command", "命令"),
    prepare=prepare,
    collect=collect,
    words=lambda job: job.inputs["command"],
)
