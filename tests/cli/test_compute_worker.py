"""One job from the terminal to its end, as processes: a worker at work, a person who follows the log."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from compute.home import furnish, sound, stop


@pytest.mark.faults
@pytest.mark.slow
def test_a_job_is_submitted_followed_and_paid_by_processes_of_one_home(tmp_path: Path) -> None:
    home = furnish(tmp_path / "home")
    (home.folder / "train.py").write_text(
        "import os, time\n"
        "for n in range(3):\n"
        "    print('轮次', n, os.environ['HUTONG_NUMBER'], flush=True)\n"
        "    time.sleep(0.5)\n",
        encoding="utf-8",
    )
    work = {"form": "hutong-job/1", "command": ["python3", "train.py"], "files": ["train.py"]}
    (home.folder / "train.yaml").write_text(yaml.safe_dump(work), encoding="utf-8")
    line = [
        "compute",
        "job",
        "submit",
        "train.yaml",
        "--allocation",
        home.names["hours"],
        "--chips",
        "1",
        "--limit-s",
        "60",
    ]
    said = home.say(*line, "--copies", "2")
    assert said.returncode == 0 and "within seconds" in said.stdout, said.stderr
    worker = home.worker()
    try:
        environment = home.environment(HUTONG_AS=home.names["engineer"])
        follow = [sys.executable, "-m", "hutong", "compute", "log", "JOB-0002", "--follow"]
        followed = subprocess.run(
            follow, capture_output=True, text=True, env=environment, timeout=120, check=True
        )
        home.until_over(60)
    finally:
        stop([worker])
    assert followed.stdout == "轮次 0 2\n轮次 1 2\n轮次 2 2\n"
    assert home.states() == {"finished": 2}
    assert sound(home)["audit"]["job.metered"] == 2
    assert worker.returncode == 0 and home.complaints.read_text() == ""
