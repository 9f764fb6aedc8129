"""``python -m hutong.engines.forge run FOLDER``: spec.yaml and data.parquet in, model.onnx, parity.json, result.json out.

Exit status 0 when a model was made (parity held or not: the report says which), 22 for a refused input.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyarrow.parquet as pq

from hutong.engines.forge import build, read_spec
from hutong.kernel.errors import Invalid


def run(folder: Path) -> int:
    """Build in the folder; progress goes to standard output, one line a step."""
    try:
        spec = read_spec((folder / "spec.yaml").read_text(encoding="utf-8"))
        table = pq.read_table(folder / "data.parquet")
        print(f"data: {table.num_rows} rows, {table.num_columns} columns", flush=True)
        made = build(spec, table, lambda line: print(line, flush=True))
    except Invalid as refusal:
        (folder / "refused.json").write_text(
            json.dumps(refusal.as_json(), ensure_ascii=False), encoding="utf-8"
        )
        print(f"refused: {refusal.what.en} ({refusal.rule})", flush=True)
        return Invalid.exit_code
    (folder / "model.onnx").write_bytes(made.model)
    (folder / "parity.json").write_text(json.dumps(made.parity.as_json()), encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(made.as_json()), encoding="utf-8")
    print(f"model {made.model_sha256}", flush=True)
    return 0


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "run":
        print("usage: python -m hutong.engines.forge run FOLDER", file=sys.stderr)
        return 2
    return run(Path(arguments[1]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
