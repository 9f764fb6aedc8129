"""The house stands as drawn: layers, no cycles, kernel and engines without Django, and the way to add a module."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WITHOUT_DJANGO = """
import sys
for name in ("django", "ninja", "allauth", "django_tasks", "typer"):
    sys.modules[name] = None
import importlib, pkgutil, hutong.kernel, hutong.engines
for package in (hutong.kernel, hutong.engines):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


def test_the_layers_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_kernel_and_engines_need_no_django() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_DJANGO], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


TRY = """
import django
django.setup()
from django.core.management import call_command
call_command("makemigrations", "suggestions", verbosity=0, skip_checks=True)
call_command("migrate", verbosity=0, skip_checks=True)
from hutong.kernel.identifiers import uscc_check_digit
from hutong.kernel.measure import MEASURES
from hutong.kernel.permission import THE_HUB
from hutong.platform import runner
from hutong.platform.actors import actor_of
from django.utils import timezone

def do(actor, operation, /, **given):
    return runner.run(actor, operation, given).record

first = "91110108MA0000042"
house = do(THE_HUB, "parties.organisation.register", name_en="Lab", name_zh="实验室",
           register_id=first + uscc_check_digit(first))
people = {}
for role, place in (("innovator", house.code), ("task_force", "")):
    person = do(THE_HUB, "parties.person.invite", name=role, email=f"{role}@hub.example")
    do(THE_HUB, "parties.grant.give", person=person.code, role=role, organisation=place)
    people[role] = actor_of(person, timezone.now())
sent = do(people["innovator"], "suggestions.suggestion.send", words="Open on Saturdays.")
do(people["task_force"], "suggestions.suggestion.answer", suggestion=sent.code, words="From May.")
assert len(list(MEASURES["suggestions.suggestions_answered"].facts())) == 1
sent.refresh_from_db()
print(sent.code, sent.state)
"""


def test_a_module_is_added_as_contributing_says(tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copytree(ROOT / "plans", tmp_path / "plans")
    shutil.copytree(ROOT / "docs" / "example" / "suggestions", source / "hutong" / "modules" / "suggestions")
    settings = source / "hutong" / "site" / "settings.py"
    text = settings.read_text(encoding="utf-8")
    assert '    "plan",\n)' in text
    settings.write_text(
        text.replace('    "plan",\n)', '    "plan",\n    "suggestions",\n)'), encoding="utf-8"
    )
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(source),
        "HUTONG_HOME": str(tmp_path / "home"),
        "DJANGO_SETTINGS_MODULE": "hutong.site.settings",
    }
    done = subprocess.run([sys.executable, "-c", TRY], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["SUG-0001", "closed"]
    migrations = list((source / "hutong" / "modules" / "suggestions" / "migrations").glob("0001_*.py"))
    assert len(migrations) == 1


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_the_short_pages_stay_short(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    numbered = [line for line in text.splitlines() if line.split(".")[0].isdigit()]
    assert name != "CONTRIBUTING.md" or len(numbered) == 20
