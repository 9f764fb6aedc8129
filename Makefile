# The two commands a newcomer needs: `make run` and `make test`. Every target sets up by itself.
#
# What is installed is pinned with hashes in requirements/; a stamp in .venv remembers it, so that a second call
# costs nothing. To change a dependency: pyproject.toml, then `make lock`.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

HUTONG_HOME ?= .hutong
export HUTONG_HOME

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PIP_INSTALL := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --require-hashes -r

MARKS ?= not slow
WORKERS ?= auto
NAME ?=

.PHONY: help setup dev peers run demo test test-all check bench lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

setup: $(VENV)/.editable ## the environment to run Hutong in .venv

dev: setup $(VENV)/.dev ## what tests and checks need besides

peers: dev $(VENV)/.peers ## libraries that benchmarks measure against

$(VENV)/.bootstrap: requirements/bootstrap.txt
	@test -n "$(PYTHON)" || { echo "Hutong needs Python 3.11 or newer, and no python3 was found. Install it, or name it: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hutong needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another: make setup PYTHON=/path/to/python3.11" >&2; exit 1; }
	test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@touch $@

$(VENV)/.runtime: requirements/runtime.txt $(VENV)/.bootstrap
	$(PIP_INSTALL) requirements/runtime.txt
	@touch $@

# Without build isolation: the build backend is the pinned one of requirements/bootstrap.txt.
$(VENV)/.editable: pyproject.toml $(VENV)/.runtime
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.editable
	$(PIP_INSTALL) requirements/dev.txt
	@touch $@

$(VENV)/.peers: requirements/peers.txt $(VENV)/.dev
	$(PIP_INSTALL) requirements/peers.txt
	@touch $@

run: setup ## two real systems through the lane, then the hub at http://127.0.0.1:8000 (data in HUTONG_HOME)
	$(BIN)/hutong run

demo: setup ## the same journey, then exit: 0 only if every step was reached
	$(BIN)/hutong demo

test: dev ## the quick tests (MARKS, WORKERS and NAME narrow them)
	$(BIN)/python -m pytest -n $(WORKERS) -m "$(MARKS)" $(if $(NAME),-k "$(NAME)")

test-all: dev ## every test
	$(BIN)/python -m pytest -n $(WORKERS)

check: dev ## style, types and the layers of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file mypy-django.ini
	$(BIN)/lint-imports

bench: dev ## every benchmark, or one: make bench NAME=ledger
	$(BIN)/hutong bench $(NAME)

LOCK := $(UV) pip compile pyproject.toml --quiet --upgrade --generate-hashes --python-version 3.11 \
	--python-platform x86_64-manylinux_2_28 --no-header \
	--no-emit-index-url --no-emit-find-links -c requirements/constraints.in

lock: $(VENV)/.bootstrap ## resolve pyproject.toml anew into requirements/
	$(LOCK) -o requirements/runtime.txt
	$(LOCK) --extra dev -c requirements/runtime.txt -o requirements/dev.txt
	$(LOCK) --extra dev --extra peers -c requirements/dev.txt -o requirements/peers.txt
	printf '%s\n' uv hatchling editables | $(subst pyproject.toml,-,$(LOCK)) -c requirements/dev.txt -o requirements/bootstrap.txt

clean: ## remove what was built or cached; .venv and HUTONG_HOME stay
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
