"""One process of a self-test: judges its share of the cases and answers with counts."""

from __future__ import annotations

import json
import sys

from hutong.engines.trust.runs.selftest.plants import plants
from hutong.engines.trust.runs.selftest.working import judge_part

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    known = {plant.name: plant for plant in plants()}
    found = judge_part(
        [known[name] for name in told["names"]], told["each"], told["seed"], told["part"], told["of"]
    )
    print(json.dumps([[*key, times] for key, times in found.items()]))
