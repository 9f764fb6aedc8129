"""Banks and sheets: python -m hutong.engines.trust.content bank|sheet

bank --secret FILE --on 2026-11-02 --to bank.json   a bank from the templates, as `intake` reads it; the file keeps the secret
sheet RUN --to looked-at.jsonl                      the answers that people have to look at before the plan in RUN is run
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from hutong.kernel.errors import HutongError


def write_bank(secret: Path, on: date, to: Path) -> int:
    """Write a bank that keeps the rules of that day. Returns how many questions it holds."""
    from hutong.engines.trust.content.opening import read_text
    from hutong.engines.trust.content.rules import load_book
    from hutong.engines.trust.content.templates import make_bank

    bank = make_bank(read_text(secret).strip(), load_book(), on)
    records = [item.as_json() for item in bank.items]
    to.write_text(json.dumps(records, ensure_ascii=False, indent=0), encoding="utf-8")
    return len(records)


def write_sheet(run: Path, to: Path) -> int:
    """Ask the service what people have to look at, on the record of the run, and write it down. Returns how many answers."""
    from hutong.engines.trust.content.service import Service
    from hutong.engines.trust.content.sheet import sheet
    from hutong.engines.trust.observe import bench_of
    from hutong.engines.trust.runs import open_folder
    from hutong.engines.trust.runs.case import recorded
    from hutong.engines.trust.runs.folder import CASSETTE, open_inputs
    from hutong.engines.trust.targets import closing

    folder = open_folder(run)
    given = open_inputs(folder.inputs)
    tape = Path(folder.inputs.cassette or folder.path / CASSETTE)
    with closing(recorded(given.open, tape, folder.inputs.replay)()) as target:
        if not isinstance(target, Service):
            raise SystemExit("the plan in this folder is not for a service that answers in words")
        bench, _ = bench_of(folder.plan, target, given.system, given.profile, given.data, folder.seed)
        rows = list(sheet(folder.plan, target, bench.setting, folder.seed))
    to.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return len(rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="hutong.engines.trust.content", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    bank = verbs.add_parser("bank", help="write a question bank from the templates")
    bank.add_argument(
        "--secret", type=Path, required=True, help="file with at least 16 characters nobody can guess"
    )
    bank.add_argument("--on", type=date.fromisoformat, required=True, help="day whose rules it keeps")
    of_run = verbs.add_parser("sheet", help="write down the answers that people have to look at")
    of_run.add_argument("run", type=Path, help="folder of a plan")
    for verb in (bank, of_run):
        verb.add_argument("--to", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        made = (
            write_bank(given.secret, given.on, given.to)
            if given.verb == "bank"
            else write_sheet(given.run, given.to)
        )
    except HutongError as error:
        sys.exit(f"{error.what.en} {error.remedy.en}")
    print(json.dumps({"written": made, "to": str(given.to)}))


if __name__ == "__main__":
    main()
