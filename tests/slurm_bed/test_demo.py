"""The journey of the demonstration with its training jobs on a real Slurm cluster, settled to the second of sacct."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from slurm_bed import Bed, Shape, missing

ABSENT = missing("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd", "mariadb-install-db")
ASK = """
from hutong.cli.home import open_hub
open_hub(migrate=False)
from hutong.modules.compute.models import Segment
import json
print(json.dumps([(s.job.code, s.job.state, round((s.ended_at - s.began_at).total_seconds()), s.native_ms)
                  for s in Segment.objects.select_related("job")]))
"""


@pytest.mark.slow
@pytest.mark.skipif(bool(ABSENT), reason=ABSENT)
def test_the_journey_runs_on_slurm() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bed", dir="/tmp") as folder,
        Bed(Path(folder), Shape(names=("haidian",), nodes=2)) as bed,
    ):
        conf = next(Path(folder).rglob("slurm.conf"))
        around = {**os.environ, "SLURM_CONF": str(conf), "HUTONG_HOME": str(Path(folder) / "hub")}
        # A hub of its own, as a user has it: not the tests' settings.
        around.pop("DJANGO_SETTINGS_MODULE", None)
        made = subprocess.run(
            [sys.executable, "-m", "hutong", "demo", "--centre", "slurm", "--json"],
            env=around, capture_output=True, text=True, timeout=900, check=False,
        )  # fmt: skip
        assert made.returncode == 0, made.stderr[-2000:]
        said = subprocess.run(
            [sys.executable, "-c", ASK], env=around, capture_output=True, text=True, check=True
        )
        booked = bed.centres["haidian"].run(
            "sacct", "-X", "--noheader", "--parsable2", "--format=JobName,State,ElapsedRaw"
        )
    theirs = {row.split("|")[0].split(".")[1]: row.split("|")[1:] for row in booked.split()}
    ours = {code: (state, seconds, native) for code, state, seconds, native in json.loads(said.stdout)}
    assert set(ours) == set(theirs) and len(ours) == 2
    for code, (state, seconds, native) in ours.items():
        assert (state, theirs[code]) == ("finished", ["COMPLETED", str(seconds)])
        assert native == seconds * 1000
