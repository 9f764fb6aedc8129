"""A Ray head of its own for the tests: 4 chips that are only counted, gone with everything it started."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx

from slurm_bed import daemons

NEEDS = "needs Ray: pip install 'ray[default]==2.60.0', or name its program in HUTONG_RAY"


def program() -> str | None:
    """The ray program: HUTONG_RAY, or the one beside this Python, or on the PATH."""
    named = os.environ.get("HUTONG_RAY") or str(Path(sys.executable).with_name("ray"))
    return shutil.which(named) or shutil.which("ray")


class RayHead:
    """`folder` should be short: Ray puts sockets below it. Raises `BedFailed` where it does not come up."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.token = folder.resolve(), secrets.token_hex(32)
        port, dashboard, agent = daemons.ports(3)
        self.url = f"http://127.0.0.1:{dashboard}"
        environment = {
            **os.environ, daemons.MARK: str(self.folder), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token,
            "RAY_USAGE_STATS_ENABLED": "0", "HOME": str(self.folder),
        }  # fmt: skip
        self.process = daemons.start(
            [program() or "ray", "start", "--head", "--block", f"--port={port}", "--dashboard-host=127.0.0.1",
             f"--dashboard-port={dashboard}", f"--dashboard-agent-listen-port={agent}", "--num-cpus=4",
             "--num-gpus=4", f"--temp-dir={self.folder}/t", "--object-store-memory=100000000",
             "--include-dashboard=true", "--disable-usage-stats"],
            environment, self.folder / "ray.log",
        )  # fmt: skip
        try:
            daemons.until("Ray answers", self._answers, 120, [self.folder / "ray.log"])
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        headers = {"authorization": f"Bearer {self.token}"}
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"{self.url}/api/cluster_status", headers=headers, timeout=3, trust_env=False)
            return answer.status_code == 200 and '"GPU"' in answer.text
        return False

    def signal(self, number: int) -> None:
        """To the dashboard, which is the door to Ray's jobs."""
        for pid in daemons.left(self.folder):
            with suppress(OSError):
                if b"dashboard.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    os.kill(pid, number)

    def stop(self) -> None:
        self.signal(signal.SIGCONT)
        daemons.end([self.process], patience=10)
        daemons.sweep(self.folder)
        time.sleep(0.2)
