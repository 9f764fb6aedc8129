"""The process beside one local attempt: ``python -m … FOLDER CHIPS_FOLDER CHIPS LOCK``. Started by `LocalCentre` only.

Holds ``FOLDER/supervisor`` as long as it is responsible; leaves ``FOLDER/usage.json`` written whole.
"""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import sys
from pathlib import Path

from hutong.engines.broker.local import Limits, run_local
from hutong.modules.compute.adapters import guard
from hutong.modules.compute.adapters.attempt import Attempt, Task
from hutong.modules.compute.adapters.local_chips import Chips
from hutong.modules.compute.adapters.local_meter import Meter

_HOLD = "exec 8<{chips} && flock --shared 8 || exit 75\n"


def main(folder: Path, chips: Chips, handle: int) -> None:
    mine = os.open(folder / "supervisor", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(mine, fcntl.LOCK_EX)
    os.close(handle)
    attempt, task = _read(folder)

    def revoked() -> bool:
        return (folder.parent / f"{attempt.id}.revoked").exists()

    def warned() -> bool:
        return (folder.parent / f"{attempt.id}.warned").exists()

    with chips.take(attempt.name, task.chips, revoked) as taken:
        if taken is None:
            return
        script = guard.script(attempt, task, folder.parent, folder, attempt.id)
        # The payload holds its chips itself: they stay taken if this process is killed.
        script = script.replace("\n", "\n" + _HOLD.format(chips=shlex.quote(str(taken))), 1)
        (folder / "guard.sh").write_text(script, encoding="utf-8")
        limits = Limits(wall_s=task.limit_s, memory=(task.memory_mib or 4096) << 20)
        command = ["/bin/sh", str(folder / "guard.sh")]
        usage = run_local(command, folder, limits, chips=task.chips, cancelled=revoked, warned=warned)
    Meter.of(usage, task.chips).write(folder)


def _read(folder: Path) -> tuple[Attempt, Task]:
    plain = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    task = plain["task"] | {"command": tuple(plain["task"]["command"])}
    return Attempt(**plain["attempt"]), Task(**task)


if __name__ == "__main__":
    _folder, _chips, _count, _handle = sys.argv[1:]
    main(Path(_folder), Chips(Path(_chips), int(_count)), int(_handle))
