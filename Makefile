# Everything sets itself up: a fresh clone needs git, make, python3 >= 3.11 with venv, and nothing typed beforehand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# files of tests that run at a time; engines and stacks in them would like a processor each
WORKERS := 2
PIP := $(BIN)/pip --disable-pip-version-check --no-input --quiet
# touched when a set of dependencies is in the environment as the lock file says
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
# npm writes this file last; the judges that exist only for Node are wanted where there is a Node
JUDGES := tests/node/node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: help install up down test lint bench docs engines lock clean

help:
	@echo "make up       the whole stack with the demo agent under load; Ctrl-C ends it"
	@echo "make down     end a stack that runs in the background"
	@echo "make test     every test"
	@echo "make lint     ruff and mypy"
	@echo "make bench    every figure the documentation states, measured again (an hour and a half)"
	@echo "make docs     everything generated: monitoring/, the typed instruments, the pages of the reference"
	@echo "make engines  Loki, Jaeger and the Collector, built from source for the tests that judge by them (16 minutes, Go)"
	@echo "make install  only the set-up that the others begin with"
	@echo "make lock     new lock files from pyproject.toml"
	@echo "make clean    remove environments and engines; data in .watchkeeper is kept"

install: $(RUN)
	@$(BIN)/watchkeeper doctor --fetch

up: $(RUN)
	@exec $(BIN)/watchkeeper up --demo

down: $(RUN)
	@$(BIN)/watchkeeper down

test: $(DEV)
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory $(JUDGES) || echo "make: going on without the judges for Node"
	@$(BIN)/python -m watchkeeper.engines fetch || echo "make: going on without; the tests that need an engine will say so"
	@exec $(BIN)/pytest -n $(WORKERS) --dist loadfile

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(DEV)
	@code=0; for name in build exactness rules ledger start detect kill healthy; do \
		echo "== bench/$$name.py"; $(BIN)/python bench/$$name.py || code=1; done; exit $$code
	@echo "== bench/console.py, bench/emitted.py and bench/panels.py, on a stack of their own"
	@state=$$(mktemp -d)/state; $(BIN)/watchkeeper up --demo --detach --state $$state --port-base 25460 >/dev/null; \
		$(BIN)/python bench/console.py --state $$state; code=$$?; \
		$(BIN)/python bench/emitted.py --state $$state || code=1; \
		sleep 480; $(BIN)/python bench/panels.py --state $$state || code=1; \
		$(BIN)/watchkeeper down --purge --state $$state; exit $$code

docs: $(DEV)
	$(BIN)/watchkeeper build
	$(BIN)/watchkeeper build --target python --out src/watchkeeper/copilot.py
	$(BIN)/python docs/generate.py

engines:
	@tools/build-engines.sh

lock:
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/pip --disable-pip-version-check --quiet install uv
	$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra ops --extra demo pyproject.toml requirements/build.in --output-file requirements/run.txt
	$(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--extra ops --extra demo --group dev pyproject.toml requirements/build.in --output-file requirements/dev.txt

clean:
	rm -rf $(VENV) .engines build dist

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found: sudo apt-get install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: Python 3.11 or newer is needed, this is $$($(PYTHON) --version); say which with: make PYTHON=python3.x"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "make: python3-venv is missing: sudo apt-get install python3-venv"; exit 1; }

$(JUDGES): tests/node/package-lock.json
	@echo "make: judges for Node into tests/node"
	@npm ci --prefix tests/node --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(RUN): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "make: Python packages into $(VENV), each checked against its hash"
	@$(PIP) install --require-hashes --requirement requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements/dev.txt requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "make: Python packages for the tests into $(VENV), each checked against its hash"
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(RUN) $@
