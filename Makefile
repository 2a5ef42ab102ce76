# Two commands do everything: `make demo` and `make test`.
SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PEERS  := .venv-peers

.PHONY: help install demo test lint typecheck bench chaos lock clean

help:           ## show this list
	@grep -hE '^[a-z]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

install: $(STAMP)  ## create .venv from the locked, hashed dependencies

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing. Install it: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, found $$($(PYTHON) -V). Install it (sudo apt-get install python3.11 python3.11-venv), then: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing. Install it: sudo apt-get install python3-venv"; exit 1; }
	@echo "creating $(VENV) from requirements.lock, once"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install   ## the npm incident of September 2025, caught as it happens
	@$(BIN)/devspm demo $(ARGS)

test: install lint typecheck  ## all tests: linter, types, behaviour, integration on a real broker
	@$(BIN)/python -m pytest $(ARGS)

lint: install   ## ruff, strict
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

typecheck: install  ## mypy, strict
	@$(BIN)/mypy

bench: install $(PEERS)/.installed  ## CPU per event, beside bare clients, stock faust, quixstreams and bytewax
	@$(BIN)/python -m tests.benchmarks.compare $(ARGS)

$(PEERS)/.installed: tests/benchmarks/peers/requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' || { echo "The peers need Python 3.11 or 3.12: bytewax has no wheel for others. Install it, then: make PYTHON=python3.11 bench"; exit 1; }
	@echo "creating $(PEERS) from tests/benchmarks/peers/requirements.lock, once"
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

chaos: install  ## N times trouble with workers, networks and the broker, under load (N=100)
	@$(BIN)/python -m tests.chaos.run $(or $(N),100) $(ARGS)

lock:           ## write requirements.lock anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra embedded --extra report --group dev -o requirements.lock pyproject.toml requirements-build.in

clean:          ## remove the environment and what the demo left
	rm -rf $(VENV) .devspm build dist *.egg-info
