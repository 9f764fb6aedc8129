"""Jobs as real processes: endings, limits, meter."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from hutong.engines.broker import Limits, alive, run_local
from hutong.kernel.errors import Invalid


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_job_runs_and_is_metered_by_chips(tmp_path: Path) -> None:
    usage = run_local(python("import time; time.sleep(0.3); print('done')"), tmp_path, Limits(30), chips=4)
    assert (usage.ending, usage.status) == ("finished", 0)
    assert usage.wall_ms >= 300 and usage.used_ms == 4 * usage.wall_ms
    assert (tmp_path / "log.txt").read_text() == "done\n"
    assert not alive(tmp_path)


def test_a_failing_job_says_so(tmp_path: Path) -> None:
    usage = run_local(python("raise SystemExit(3)"), tmp_path, Limits(30))
    assert (usage.ending, usage.status) == ("failed", 3)


def test_a_job_over_its_time_is_stopped_with_its_children(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    started = time.monotonic()
    usage = run_local(python(code), tmp_path, Limits(1))
    assert usage.ending == "over_time" and time.monotonic() - started < 30


def test_a_job_can_be_cancelled(tmp_path: Path) -> None:
    answers = iter([False, True])
    usage = run_local(
        python("import time; time.sleep(60)"), tmp_path, Limits(60), cancelled=lambda: next(answers, True)
    )
    assert usage.ending == "cancelled"


def test_memory_is_limited(tmp_path: Path) -> None:
    usage = run_local(python("x = bytearray(2 << 30)"), tmp_path, Limits(60, memory=1 << 30))
    assert usage.ending == "failed"
    assert "MemoryError" in (tmp_path / "log.txt").read_text()


def test_a_file_is_limited(tmp_path: Path) -> None:
    usage = run_local(
        python("open('big','wb').write(b'x' * (2 << 20))"), tmp_path, Limits(60, file_size=1 << 20)
    )
    assert usage.ending == "failed"


def test_a_log_without_end_is_cut(tmp_path: Path) -> None:
    usage = run_local(python("while True: print('x' * 1000)"), tmp_path, Limits(60, log_size=100_000))
    assert usage.ending == "failed" and (tmp_path / "log.txt").stat().st_size == 100_000


def test_secrets_of_the_hub_do_not_reach_a_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUTONG_OIDC_SECRET", "s3cret")
    run_local(python("import os; print(dict(os.environ))"), tmp_path, Limits(30))
    assert "s3cret" not in (tmp_path / "log.txt").read_text()


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(Invalid):
        Limits(0)
