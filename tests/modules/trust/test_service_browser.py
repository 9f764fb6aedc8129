"""The pages of a deployed service in a browser: axe finds nothing, nothing is wider than the window, in both languages."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from trust.deployment import TOKEN, VARIABLE

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="needs Chromium: apt-get install chromium fonts-noto-cjk"
    ),
]
# One service certified, one evaluation broken off half way, one service that does not answer.
FURNISH = """
import json
from hutong.cli.home import open_hub
open_hub()
from tests_hub import Hub
from trust.deployment import Deployed, Server, Talking, answer
from hutong.platform.people import Person
from hutong.platform.web.accounts import make_link
hub, server = Hub(), Server()
desk = Deployed(hub, server)
desk.evaluation()
desk.behave()
desk.marks()
desk.measured()
certificate = desk.certificate().code
first = desk.made.pop("service").code
desk.made.pop("version")
server.handler = Talking()
desk.service(build="r12")
desk.version("4")
desk.evaluation()
count = [0]
def breaking(path, asked):
    count[0] += 1
    return Talking()(path, asked) if count[0] < 3000 else answer(b"<html>", 200, "text/html")
server.handler = breaking
broken = desk.measured().code
server.handler = lambda path, asked: answer({}, 401)
silent = desk.service(build="r13").code
system = desk.lane.system().code
people = (desk.lane.engineer, desk.evaluator)
print(json.dumps({
    "certificate": certificate, "answering": first, "broken": broken, "silent": silent, "system": system,
    "links": [make_link(Person.objects.get(code=p.code)) for p in people for _ in range(2)],
}))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    home, here = tmp_path_factory.mktemp("served"), Path(__file__).parents[1]
    environment = {
        **os.environ, "HUTONG_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hutong.site.settings", VARIABLE: TOKEN,
        "PYTHONPATH": os.pathsep.join([str(here.parents[1] / "src"), str(here)]),
    }  # fmt: skip
    made = subprocess.run(
        [sys.executable, "-c", FURNISH], env=environment, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr[-2000:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = [sys.executable, "-m", "gunicorn", "hutong.site.wsgi:application", "--bind", f"127.0.0.1:{port}", "--threads", "4"]  # fmt: skip
    server = subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}", json.loads(made.stdout.splitlines()[-1])
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


def problems(page: Any, width: int) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = [v["id"] for v in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [*found, *([f"{wide} wide"] if wide > width else [])]


def test_the_pages_can_be_used_by_everybody(served: tuple[str, dict[str, Any]], browser: Any) -> None:
    base, made = served
    evaluation, service = f"/trust/evaluation/{made['broken']}", "/trust/service/"
    public = (f"/trust/certificate/{made['certificate']}",)
    lab = (evaluation, service, f"{service}{made['answering']}", f"{service}{made['silent']}",
           f"/do/trust.service.register/{made['system']}")  # fmt: skip
    bench = (evaluation, "/do/trust.evaluation.plan/")
    bad: dict[str, list[str]] = {}
    links = iter(made["links"])
    for paths, signed_in in ((public, False), (lab, True), (bench, True)):
        for language, width in (("en", 1280), ("zh", 360)):
            context = browser.new_context(viewport={"width": width, "height": 900})
            page = context.new_page()
            if signed_in:
                page.goto(f"{base}{next(links)}")
                page.click("main button[type=submit]")
            for path in paths:
                page.goto(f"{base}{path}?lang={language}")
                found = problems(page, width)
                if found:
                    bad[f"{path} {language} {width}"] = found
            context.close()
    assert bad == {}
