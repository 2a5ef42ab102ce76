# Two commands do everything: `make demo` and `make test`.
SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help install demo test lint typecheck bench lock clean

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

bench: install  ## CPU per event of the worker, beside stock faust in the same run
	@$(BIN)/python tests/benchmarks/worker.py $(ARGS)

lock:           ## write requirements.lock anew (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --extra embedded --group dev -o requirements.lock pyproject.toml requirements-build.in

clean:          ## remove the environment and what the demo left
	rm -rf $(VENV) .devspm build dist *.egg-info
