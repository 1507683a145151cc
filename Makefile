# Everything runs in .venv, made here. `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help tour test lint types bench bench-smoke faults wire-facts sdk-matrix soak bench-peers bench-prove-peers clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Pilothouse needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.tour: $(VENV)/bin/python pyproject.toml
	@echo "Installing Pilothouse into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[tour]' && touch $@

$(STAMP): $(VENV)/bin/python pyproject.toml
	@echo "Installing Pilothouse and what its tests need into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' && touch $@ $(VENV)/.tour

tour: $(VENV)/.tour ## The main job on real recorded data: choose, prove, serve, migrate, watch
	@$(BIN)/python -m pilothouse.tour

test: $(STAMP) ## All tests, with coverage
	@$(BIN)/python -m pytest -q --cov --cov-report=term

lint: $(STAMP) ## Ruff, formatting and the import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(STAMP) ## Pyright, strict
	@$(BIN)/pyright

bench: $(STAMP) ## All benchmarks, at full length
	@for b in bench/[!_]*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

bench-smoke: $(STAMP) ## All benchmarks, a few seconds each
	@for b in bench/[!_]*.py; do echo "== $$b"; $(BIN)/python $$b --smoke || exit 1; done

bench-peers: $(STAMP) ## The gateway's bench with LiteLLM and Portkey in the same run (installs them once into .peers)
	@$(PYTHON) -m venv .peers/litellm && .peers/litellm/bin/pip install --quiet --disable-pip-version-check 'litellm[proxy]' || echo "*** LiteLLM cannot be installed here ***"
	@npm install --silent --prefix .peers @portkey-ai/gateway || echo "*** Portkey cannot be installed here ***"
	@$(BIN)/python bench/gateway.py --peers .peers

bench-prove-peers: $(STAMP) ## The proof's bench with Inspect AI, lm-eval and promptfoo in the same run (installs them once into .peers-prove)
	@$(PYTHON) -m venv .peers-prove/inspect && .peers-prove/inspect/bin/pip install --quiet --disable-pip-version-check inspect-ai openai || echo "*** Inspect AI cannot be installed here ***"
	@$(PYTHON) -m venv .peers-prove/lm-eval && .peers-prove/lm-eval/bin/pip install --quiet --disable-pip-version-check 'lm-eval[api]' || echo "*** lm-eval cannot be installed here ***"
	@npm install --silent --prefix .peers-prove promptfoo node@22 || echo "*** promptfoo cannot be installed here ***"
	@$(BIN)/python bench/prove.py --peers .peers-prove

faults: $(STAMP) ## Every fault a vendor can have, and what the caller sees of it
	@$(BIN)/python tools/fault_table.py

wire-facts: $(STAMP) ## The 28 facts of the vendors' wire formats, one by one
	@$(BIN)/python tools/wire_facts.py

sdk-matrix: $(STAMP) ## Two generations of the vendors' SDKs against one gateway (installs them once)
	@$(BIN)/python tools/sdk_matrix.py

MINUTES ?= 10
soak: $(STAMP) ## A gateway under load and faults for ten minutes (MINUTES=1), and then its books
	@$(BIN)/python tools/soak.py --minutes $(MINUTES)

clean: ## Remove the environment and what tools left behind
	rm -rf $(VENV) .sdk-envs .peers .peers-prove .pytest_cache .ruff_cache .hypothesis .coverage .import_linter_cache build dist tour
