"""The pilot of the form reader: the certified model reads forms that nobody showed it, and is timed doing so."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import numpy as np
from django.utils import timezone

from hutong.demo import materials
from hutong.demo.stage import Journey
from hutong.kernel.clock import format_instant
from hutong.platform import files


def read_forms(model_sha256: str) -> list[dict[str, Any]]:
    """One record a form: digest of the scan, what the model answered, what the clerk confirmed, how long it took."""
    import onnxruntime

    _, forms = materials.scans()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        files.read(model_sha256), options, providers=["CPUExecutionProvider"]
    )
    records = []
    for pixels, truth in zip(forms.pixels, forms.digits, strict=True):
        row = pixels.astype(np.float32)[None, :]
        began = time.perf_counter_ns()
        answer = session.run(["label"], {"input": row})[0][0]
        took = (time.perf_counter_ns() - began) // 1000
        records.append(
            {
                "input_sha256": hashlib.sha256(pixels.tobytes()).hexdigest(),
                "answer": str(answer),
                "truth": str(int(truth)),
                "latency_us": int(took),
                "at": format_instant(timezone.now()),
            }
        )
    return records


def pilot(journey: Journey, engineer: str, opportunity: Any, version: Any) -> Any:
    """Propose, start, record, accept by the measured tests, adopt."""
    made = journey.do(
        engineer,
        "scenarios.pilot.propose",
        opportunity=opportunity,
        version=version,
        approach="Reads each digit box; a clerk sees scan and answer side by side and confirms.",
    )
    journey.do("scenario_owner", "scenarios.pilot.start", pilot=made)
    records = read_forms(version.model_sha256)
    batch = journey.store(json.dumps(records).encode(), "pilot.json", "application/json")
    journey.do("scenario_owner", "scenarios.pilot.record", pilot=made, records=batch)
    journey.do("scenario_owner", "scenarios.pilot.accept", pilot=made)
    return journey.do("scenario_owner", "scenarios.pilot.adopt", pilot=made, reason="It held in the pilot.")
