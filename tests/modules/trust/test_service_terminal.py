"""A deployed service from a terminal, over the API, and with a worker that is killed in the middle of asking."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from trust.deployment import GROUNDS, NAME, PROFILE, TOKEN, VARIABLE, Deployed, Server

from hutong.platform.people import Person
from hutong.platform.web.accounts import make_token

PATIENCE_S = 240.0
PARALLEL = 16

# A lab and an evaluator in a home of their own; what is made is said as JSON.
FURNISH = """
import json, sys
from hutong.cli.home import open_hub
open_hub()
from tests_hub import Hub
from hutong.kernel.clock import SYSTEM_CLOCK
from hutong.kernel.permission import Role
hub = Hub()
hub.clock = SYSTEM_CLOCK
lab = hub.organisation("lab")
print(json.dumps({
    "lab": lab.code,
    "engineer": hub.actor(Role.INNOVATOR, lab).code,
    "evaluator": hub.actor(Role.EVALUATOR).code,
}))
"""
# The observations again, from the record of answers alone and with a journal of its own.
AGAIN = """
import json, sys, tempfile
from pathlib import Path
from hutong.cli.home import open_hub
open_hub()
from hutong.engines import trust
from hutong.engines.trust.runs import run
from hutong.engines.trust.runs.case import recorded
from hutong.modules.trust import bench, deployed
from hutong.modules.trust.models import Evaluation
e = Evaluation.objects.get()
case, plan = bench.open_case(e), trust.plan_of(e.plan)
with tempfile.TemporaryDirectory() as folder:
    seen = run(plan, recorded(case.open, deployed.tape_of(e.code), True), case.system, case.profile, case.data,
               e.seed, Path(folder) / "j", workers=1)
print(json.dumps({"same": seen.as_json() == e.observations, "state": e.state,
                  "answers": deployed.recorded_answers(e.code)}))
"""


class Home:
    """A hub in a folder of its own, used as an operator and its people use it: by commands."""

    def __init__(self, place: Path, server: Server) -> None:
        self.place, self.server = place, server
        here = Path(__file__).parents[1]
        source = here.parents[1] / "src"
        self.environment = {
            **os.environ,
            "HUTONG_HOME": str(place),
            "HUTONG_LANG": "en",
            "DJANGO_SETTINGS_MODULE": "hutong.site.settings",
            "PYTHONPATH": os.pathsep.join([str(source), str(here)]),
            VARIABLE: TOKEN,
        }
        self.people: dict[str, str] = json.loads(self.program(FURNISH))
        entry = {
            "owner": self.people["lab"], "kind": "openai", "url": f"{server.url}/v1/chat/completions", "model": "town",
            "token_env": VARIABLE, "requests": 30_000, "allowed": ["127.0.0.1"], "parallel": PARALLEL,
        }  # fmt: skip
        (place / "endpoints.yaml").write_text(json.dumps({NAME: entry}), encoding="utf-8")

    def program(self, text: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, env=self.environment, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def say(self, who: str, *words: str, status: int = 0) -> Any:
        line = [sys.executable, "-m", "hutong", *words, "--as", self.people[who], "--json"]
        done = subprocess.run(line, capture_output=True, text=True, env=self.environment, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return json.loads(done.stdout or done.stderr)

    def worker(self) -> subprocess.Popen[bytes]:
        log = (self.place / "worker.log").open("ab")
        line = [sys.executable, "-m", "hutong", "worker"]
        return subprocess.Popen(line, env=self.environment, stdout=log, stderr=log, start_new_session=True)

    def state(self, kind: str, code: str) -> str:
        return str(self.say("evaluator", "trust", kind, "show", code)["state"])


def until(what: Any) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < ends
        time.sleep(0.05)


def code_in(said: Any) -> str:
    found = re.search(r'"((?:SYS|SVC|VER|EVL|EVD)-\d+)"', json.dumps(said))
    assert found is not None, said
    return found.group(1)


def planned(home: Home) -> tuple[str, str]:
    """By commands: a system, its service, the version, an evaluation with its plan."""
    made = home.say(
        "engineer", "passport", "system", "register", "--name-en", "Town assistant", "--name-zh", "市民助手",
        "--purpose", "Answers questions of citizens.", "--risk-class", "3",
    )  # fmt: skip
    system = code_in(made)
    refused = home.say(
        "engineer", "trust", "service", "register", system, "--endpoint", "http://169.254.169.254/", "--build", "r1", status=4
    )  # fmt: skip
    assert refused["rule"] == "endpoint.not_admitted"
    service = code_in(
        home.say("engineer", "trust", "service", "register", system, "--endpoint", NAME, "--build", "r1")
    )
    worker = home.worker()
    try:
        until(lambda: home.state("service", service) == "answering")
    finally:
        worker.terminate()
        worker.wait()
    frozen = ("trust", "service", "freeze", service, "--label", "1", "--intended-use", "Town matters.")
    version = code_in(home.say("engineer", *frozen))
    note = home.place / "statement.txt"
    note.write_text("No decision about a person is taken.", encoding="utf-8")
    evaluation = code_in(
        home.say(
            "engineer", "trust", "evaluation", "request", version, "--profile", PROFILE, "--not-applicable", GROUNDS,
            "--document", str(note),
        )
    )  # fmt: skip
    home.say("evaluator", "trust", "evaluation", "plan", evaluation)
    return service, evaluation


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_a_worker_that_is_killed_while_it_asks_asks_nothing_twice(tmp_path: Path, server: Server) -> None:
    home = Home(tmp_path, server)
    _, evaluation = planned(home)
    home.say("evaluator", "trust", "evaluation", "measure", evaluation)
    chance, kills = random.Random(7), 0
    for part in (1500, 4000, 6500):
        worker = home.worker()
        until(lambda: server.asked >= part)  # noqa: B023
        time.sleep(chance.uniform(0, 0.2))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1
    worker = home.worker()
    try:
        until(lambda: home.state("evaluation", evaluation) == "measured")
    finally:
        worker.terminate()
        worker.wait()
    found = json.loads(home.program(AGAIN))
    # Counted again from the record alone, nothing differs; and only what was on its way at a kill was asked a second time.
    assert found["same"] and found["state"] == "measured"
    greeting = 1
    assert 0 <= server.asked - greeting - found["answers"] <= kills * PARALLEL
    print(f"{kills} kills, {server.asked} questions for {found['answers']} answers")
    kept = [p for p in home.place.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]
    assert not kept, kept


def test_the_api_registers_what_is_admitted_and_refuses_what_is_not(deployed: Deployed, hub: Any) -> None:
    deployed.service()
    token = make_token(Person.objects.get(code=deployed.lane.engineer.code), "test")

    def post(operation: str, **given: Any) -> Any:
        return Client().post(
            f"/api/v1/operations/{operation}",
            json.dumps({"input": given}),
            content_type="application/json",
            headers={"Authorization": f"Bearer {token}"},
        )

    system = deployed.lane.system().code
    made = post("trust.service.register", system=system, endpoint=NAME, build="r2")
    assert made.status_code in (200, 201), made.content
    hub.work()
    wrong = post("trust.service.register", system=system, endpoint="http://10.0.0.1/", build="r2")
    assert wrong.status_code == 404 and wrong.json()["rule"] == "endpoint.not_admitted"
    service = code_in(made.json())
    frozen = post("trust.service.freeze", service=service, label="api", intended_use="Town matters.")
    assert frozen.status_code in (200, 201) and code_in(frozen.json()).startswith("VER")
    # What the hub alone records has no door.
    assert post("trust.service.hear", service=service, said="me", card="0" * 64).status_code in (404, 405)
