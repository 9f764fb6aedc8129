"""axe finds nothing on any kind of page, in both languages, narrow and wide; the lane can be walked by keyboard."""

from __future__ import annotations

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

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not Path(CHROMIUM).exists(), reason="needs Chromium: apt-get install chromium fonts-noto-cjk"
    ),
]
PUBLIC = (
    "/", "/plan/task/6", "/plan/figure/T6.2", "/passport/system/", "/passport/system/SYS-0001", "/passport/system/SYS-0002",
    "/calls/call/CAL-0001", "/compute/", "/compute/?region=11", "/compute/centre/CTR-0001", "/datahub/dataset/DAT-0001", "/datahub/version/DSV-0002",
    "/trust/certificate/CRT-0001", "/filing/filing/", "/scenarios/opportunity/OPP-0001", "/verify", "/verify/lesson", "/ledger",
    "/evidence/SYS-0001", "/accounts/login/", "/search?q=表", "/nowhere/at/all",
)  # fmt: skip
PRIVATE = (
    "/my", "/account", "/trust/evaluation/EVL-0002", "/do/calls.call.draft/", "/compute/job/JOB-0001", "/compute/vouchers",
    "/compute/allocation/ALC-0001", "/compute/centre/CTR-0001/partners", "/compute/experiment/", "/do/compute.experiment.run/",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A hub through which the journey has gone, served on a free port."""
    home = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "HUTONG_HOME": str(home), "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}
    subprocess.run(
        [sys.executable, "-m", "hutong", "demo", "--json"], check=True, env=environment, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "hutong.site.wsgi:application",
        "--bind",
        f"127.0.0.1:{port}",
        "--threads",
        "4",
    ]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}", home
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield made
        made.close()


def link(home: Path, person: str, base: str) -> str:
    port = base.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "hutong", "--home", str(home), "link", person, "--port", port]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "hutong.site.settings"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    return [f"{v['id']}: {v['nodes'][0]['html'][:120]}" for v in found.response["violations"]]


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh", 1280), ("en", 320)])
def test_public_pages(served: tuple[str, Path], browser: Any, language: str, width: int) -> None:
    base, _ = served
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda m: said.append(m.text) if m.type == "error" and "404" not in m.text else None)
    bad = {}
    for path in PUBLIC:
        page.goto(f"{base}{path}{'&' if '?' in path else '?'}lang={language}")
        found = violations(page)
        if found:
            bad[path] = found
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert bad == {} and said == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_private_pages(served: tuple[str, Path], browser: Any, language: str) -> None:
    base, home = served
    bad = {}
    for person, paths in (("PER-0012", PRIVATE[:3]), ("PER-0002", (PRIVATE[0], *PRIVATE[3:]))):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.goto(link(home, person, base))
        page.click("main button[type=submit]")
        for path in paths:
            page.goto(f"{base}{path}?lang={language}")
            found = violations(page)
            if found:
                bad[path] = found
        context.close()
    assert bad == {}


def test_a_call_is_drafted_and_published_by_keyboard_alone(served: tuple[str, Path], browser: Any) -> None:
    base, home = served
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(link(home, "PER-0002", base))
    page.focus("main button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/my")
    page.goto(f"{base}/do/calls.call.draft/?lang=en")
    given = {
        "title_en": "By keyboard", "title_zh": "键盘办理", "problem": "Typed.", "deadline": "2030-01-01T10:00",
        "criteria": '[{"name_en": "Merit", "name_zh": "先进性", "weight": 1}]', "hours": "5", "budget": "1000",
    }  # fmt: skip
    for name, value in given.items():
        if name == "deadline":
            page.fill("#field-deadline", value)
            continue
        page.focus(f"#field-{name}")
        page.keyboard.type(value)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/call/CAL-*")
    page.focus("text=Publish")
    page.keyboard.press("Enter")
    page.wait_for_url("**/do/calls.call.publish/**")
    page.focus("main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls/call/CAL-*")
    assert "Published" in page.inner_text("main")
    context.close()
