"""The program ``forge.build``: what goes into the job's folder, and what is taken out of it."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import yaml

from hutong.kernel.permission import THE_HUB
from hutong.kernel.text import Text
from hutong.modules.compute.contract import Job, module, program
from hutong.modules.datahub.contract import read_under_grant
from hutong.modules.forge.models import Build
from hutong.modules.forge.operations import PROGRAM
from hutong.platform import files, runner

DATA_OF = "data_sha256.txt"


def prepare(job: Job, folder: Path) -> None:
    """The specification, and the granted columns read under the grant: the read is recorded before it happens."""
    build = Build.objects.select_related("grant").get(job=job)
    read = read_under_grant(build.grant.code, reader=job.code, purpose="training")
    shutil.move(read.path, folder / "data.parquet")
    (folder / DATA_OF).write_text(read.data_sha256, encoding="ascii")
    (folder / "spec.yaml").write_text(yaml.safe_dump(build.spec, allow_unicode=True), encoding="utf-8")


def collect(job: Job, folder: Path) -> None:
    """Store the model and its parity report, and register the artefact."""
    build = Build.objects.get(job=job)
    model = _store(folder / "model.onnx", f"{build.code}.onnx", "application/octet-stream")
    parity = _store(folder / "parity.json", f"{build.code}-parity.json", "application/json")
    given = {
        "build": build.code,
        "model": model,
        "parity": parity,
        "data_sha256": (folder / DATA_OF).read_text(encoding="ascii"),
        "report": json.loads((folder / "result.json").read_text(encoding="utf-8")),
    }
    runner.run(THE_HUB, "forge.artefact.register", given, key=f"artefact-{build.code}")


def _store(path: Path, name: str, media_type: str) -> str:
    return files.store(io.BytesIO(path.read_bytes()), name=name, media_type=media_type).sha256


program(
    PROGRAM,
    title=Text("Build a model", "构建模型"),
    words=module("hutong.engines.forge"),
    prepare=prepare,
    collect=collect,
)
