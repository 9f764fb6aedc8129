"""The table of ``hutong bench trust``, and how a peer is asked: a script under its own Python, on a .npz of ours."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SCRIPTS = Path(__file__).resolve().parent
# Seconds that a peer may take.
LIMIT = 300
# script -> the variable that names its Python, and what that environment holds
PEERS = {
    "fairness": ("HUTONG_PEER_FAIR", "pip install fairlearn==0.15.0 aif360==0.6.1 shap==0.51.0"),
    "shap": ("HUTONG_PEER_FAIR", "pip install fairlearn==0.15.0 aif360==0.6.1 shap==0.51.0"),
    "art": ("HUTONG_PEER_ART", "pip install adversarial-robustness-toolbox==1.20.1 scikit-learn packaging"),
    "membership": (
        "HUTONG_PEER_ART",
        "pip install adversarial-robustness-toolbox==1.20.1 scikit-learn packaging",
    ),
    "aiverify": ("HUTONG_PEER_AIVERIFY", "pip install aiverify-robustness-toolbox==2.2.1"),
}
WORDS = {
    "fairness": "Fairlearn and AIF360",
    "shap": "shap",
    "art": "Adversarial Robustness Toolbox",
    "membership": "Adversarial Robustness Toolbox, membership",
    "aiverify": "AI Verify's robustness plug-in",
}


@dataclass
class Board:
    """What `hutong bench` shows."""

    figures: dict[str, float] = field(default_factory=dict)
    peers: dict[str, Any] = field(default_factory=dict)
    ratios: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def put(self, what: str, ours: float, theirs: float | None = None, times: bool = True) -> None:
        """times: whether theirs over ours is a ratio worth showing."""
        self.figures[what] = short(ours)
        if theirs is not None:
            self.peers[what] = short(theirs)
            if times and ours > 0:
                self.ratios[what] = f"{short(theirs / ours):,}x"

    def ask(self, name: str, arrays: dict[str, NDArray[Any]]) -> Any:
        """The answer of a peer's script, or None and the line why it is missing."""
        variable, line = PEERS[name]
        python = os.environ.get(variable)
        if not python:
            self.missing[WORDS[name]] = f"{variable} names no Python; in an environment of its own: {line}"
            return None
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data.npz"
            np.savez(data, **arrays)  # type: ignore[arg-type]
            command = [python, str(SCRIPTS / f"trust_{name}.py"), str(data)]
            clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
            clean |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
            try:
                ran = subprocess.run(
                    command, capture_output=True, text=True, timeout=LIMIT, env=clean, cwd=folder
                )
                return json.loads(ran.stdout.splitlines()[-1])
            except (OSError, subprocess.TimeoutExpired) as error:
                self.missing[WORDS[name]] = f"{error}; in {variable}: {line}"
            except (IndexError, json.JSONDecodeError):
                said = (ran.stderr.strip().splitlines() or ["it printed nothing"])[-1]
                self.missing[WORDS[name]] = f"{said}; in {variable}: {line}"
        return None


def short(value: float) -> float:
    """Three figures, whole from 100 on."""
    return round(value) if abs(value) >= 100 or value == int(value) else float(f"{value:.3g}")


def spent(call: Callable[[], Any], tries: int = 5) -> tuple[float, Any]:
    """The least CPU time of some calls, and the last answer."""
    took, answer = [], None
    for _ in range(tries):
        began = time.process_time()
        answer = call()
        took.append(time.process_time() - began)
    return min(took), answer
