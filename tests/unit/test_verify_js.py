"""The browser's verifier says, on every true and bent bundle, exactly what the offline verifier says."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hutong import verify

HERE = Path(__file__).parent
SCRIPT = Path(verify.__file__).parent / "platform" / "static" / "hutong" / "verify.js"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is missing: apt-get install nodejs")

RUNNER = """
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
if (!globalThis.crypto) globalThis.crypto = webcrypto;
PREPARE
await import("./verify.mjs");
const reports = [];
for (const { bundle, options } of JSON.parse(readFileSync("cases.json", "utf8"))) {
  reports.push(await globalThis.hutongVerify(bundle, options));
}
process.stdout.write(JSON.stringify(reports));
"""


def run_node(cases: list[dict[str, Any]], folder: Path, prepare: str = "") -> list[dict[str, Any]]:
    """The reports of verify.js on these cases, in node."""
    assert NODE is not None
    (folder / "verify.mjs").write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "run.mjs").write_text(RUNNER.replace("PREPARE", prepare), encoding="utf-8")
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    done = subprocess.run([NODE, "run.mjs"], cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return reports


def cases() -> list[dict[str, Any]]:
    """Every tampering of the offline verifier's tests, and every kind of key and kept checkpoint."""
    tests = SimpleNamespace(**runpy.run_path(str(HERE / "test_verify.py")))
    samples = tests.samples
    made: list[dict[str, Any]] = [{"bundle": x, "options": {}} for x in (samples.bundle(), None, [], 7, {})]
    for name, bend, _, _ in tests.TAMPERINGS:
        bundle = samples.bundle()
        bend(bundle)
        made.append({"bundle": bundle, "options": {}, "name": name})
    key, other = samples.KEY.verify_key, samples.OTHER.verify_key
    for text in (
        key.as_json()["public"],
        key.encode(),
        other.as_json()["public"],
        other.encode(),
        "",
        "x",
        "+ +",
    ):
        made.append({"bundle": samples.bundle(), "options": {"key": text}})
    forked = [*samples.LEAVES[:100], bytes(32), *samples.LEAVES[101:], bytes(32)]
    for size in (0, 1, 128, 199, 200, 300, 301):
        grown = [*samples.LEAVES, bytes(32)]
        made.append({"bundle": samples.bundle(), "options": {"seen": samples.checkpoint(size, grown)}})
        made.append({"bundle": samples.bundle(), "options": {"seen": samples.checkpoint(size, forked)}})
    made.append({"bundle": samples.bundle(), "options": {"seen": "nothing"}})
    return made


@needs_node
def test_the_browser_says_what_the_offline_verifier_says(tmp_path: Path) -> None:
    given = cases()
    reports = run_node(given, tmp_path)
    assert len(reports) == len(given) > 60
    for case, report in zip(given, reports, strict=True):
        # A bundle reaches both as it would from a file.
        bundle = json.loads(json.dumps(case["bundle"]))
        expected = verify.verify_bundle(bundle, **case["options"]).as_json()
        assert report == json.loads(json.dumps(expected)), case.get("name")
    assert reports[0]["accepted"] and not any(r["accepted"] for r in reports[1:50])


@needs_node
def test_every_size_of_a_small_log(tmp_path: Path) -> None:
    """All inclusion and consistency proofs of logs of up to 12 leaves, true and one leaf off."""
    from hutong.kernel import merkle
    from hutong.kernel.bundle import Earlier, make_bundle

    samples = SimpleNamespace(**runpy.run_path(str(HERE / "evidence_samples.py")))
    given = []
    for n in range(1, 13):
        made = make_bundle(
            key=samples.KEY,
            subject="SYS-0007",
            checkpoint=samples.checkpoint(n),
            exhibits=samples.exhibits(tuple(range(n)), n),
            history=[
                Earlier(samples.checkpoint(m), merkle.consistency_proof(m, samples.LEAVES[:n]))
                for m in range(1, n)
            ],
        )
        bent = json.loads(json.dumps(made))
        bent["entries"][n // 2]["entry"]["to_state"] = "bent"
        given += [{"bundle": made, "options": {}}, {"bundle": bent, "options": {}}]
    reports = run_node(given, tmp_path)
    assert [r["accepted"] for r in reports] == [True, False] * 12
    assert [r["first_bad"]["seq"] for r in reports[1::2]] == [n // 2 for n in range(1, 13)]


@needs_node
@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        ('Object.defineProperty(globalThis, "crypto", { value: {} });', "HTTPS"),
        (
            'crypto.subtle.importKey = async () => { throw new DOMException("x", "NotSupportedError"); };',
            "cannot check Ed25519",
        ),
    ],
)
def test_a_browser_that_cannot_says_so_plainly(prepare: str, word: str, tmp_path: Path) -> None:
    samples = SimpleNamespace(**runpy.run_path(str(HERE / "evidence_samples.py")))
    [report] = run_node([{"bundle": samples.bundle(), "options": {}}], tmp_path, prepare)
    assert not report["accepted"]
    assert [s["ok"] for s in report["steps"]] == [True, False, *[None] * 6]
    assert word in report["steps"][1]["en"] and report["steps"][1]["zh"].endswith("。")


def test_the_script_is_safe_under_a_strict_policy() -> None:
    """No eval, no markup from strings, no request: it computes and writes text."""
    source = SCRIPT.read_text(encoding="utf-8")
    forbidden = r"\beval\b|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|fetch\(|XMLHttp|\bimport\b"
    assert re.findall(forbidden, source) == []
