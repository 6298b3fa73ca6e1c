# Gatehouse: what a user and a contributor can ask for. `make help` lists it.
#
# `make run` needs Python 3.11 or newer, its venv module and make; everything else goes into .venv.
# Packages are pinned by hash in requirements/*.lock, so an index can only serve what was reviewed.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
UV ?= uv
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
TRAIN_VENV := .venv-train
FUZZ_VENV := .venv-fuzz
TRAINERS_VENV := .venv-trainers
POOL ?=
LABELS ?=
OUT ?= build/models
EVASIONS ?= ../shared/evasions
# The lock is complete, so nothing is resolved (--no-deps); what is imported is compiled then (--no-compile).
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
INSTALL_LOCK = $(PIP) install --require-hashes --no-deps --only-binary :all: --no-compile --requirement
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .

.PHONY: help run test proofs fuzz contract clients lint check bench audit image lock docs-reference tools clean bench-classifier bench-critique bench-instructions robustness disguises decision-code trainers train

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
	  printf '  make %-16s %s\n' "$$name" "$$text"; done

run: $(STAMPS)/run ## set up on the first call, then serve on 127.0.0.1:8080
	@exec $(BIN)/gatehouse serve $(ARGS)

test: $(STAMPS)/test tools ## run every test (ARGS="-k name" narrows it)
	@$(BIN)/python -m pytest $(ARGS)

proofs: $(STAMPS)/test ## put a marker into thousands of places of requests and answers; none may pass (PROOF_EXAMPLES=2000)
	@PROOF_EXAMPLES="$${PROOF_EXAMPLES:-2000}" $(BIN)/python -m pytest tests/integration -k marker --timeout 3600 $(ARGS)

fuzz: $(FUZZ_VENV)/.ready ## thousands of odd requests by schemathesis, about two minutes (ARGS="--examples 500" for more)
	@$(FUZZ_VENV)/bin/python -m tests.fuzz $(ARGS)

trainers: $(TRAINERS_VENV)/.ready ## read exported training files with datasets and TRL themselves
	@$(TRAINERS_VENV)/bin/python -m pytest tests/integration/test_trainers.py $(ARGS)

contract: $(STAMPS)/test ## check what goes upstream against OpenAI's specification and anthropic's types (needs node; ARGS="--spec FILE")
	@command -v npm >/dev/null || { echo 'make contract needs node and npm.' >&2; exit 1; }
	@mkdir -p build/contract && cp tests/contract/package.json tests/contract/package-lock.json build/contract/
	@npm ci --prefix build/contract --no-audit --no-fund --silent
	@$(BIN)/python -m tests.contract --steady build/contract/node_modules/.bin/steady $(ARGS)

clients: $(STAMPS)/test ## what applications see through ten client libraries (needs node; ARGS="--only ai_sdk", ARGS=--write)
	@command -v npm >/dev/null || { echo 'make clients needs node and npm.' >&2; exit 1; }
	@$(BIN)/python -m tests.clients $(ARGS)

lint: $(STAMPS)/test ## ruff, formatting, mypy --strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

check: lint test ## all that CI asks for

bench: $(STAMPS)/run ## added latency and throughput against the bare upstream, about three minutes
	@$(BIN)/python -m bench $(ARGS)

audit: $(STAMPS)/run ## words that carry a label by themselves, in the input model, about two minutes
	@$(BIN)/python -m classifiers.training.audit --model classifiers/models/input $(ARGS)

bench-instructions: $(STAMPS)/run ## instructions per request, nearly the same on a busy machine (needs valgrind), a few minutes
	@$(BIN)/python -m bench.instructions $(ARGS)

bench-critique: $(STAMPS)/run ## cost of critiques and the share of harmless traffic that gets one, about a minute
	@$(BIN)/python -m bench.critique $(ARGS)

bench-classifier: $(STAMPS)/run ## cost, memory and independence of the shipped classifiers, about four minutes
	@$(BIN)/python -m bench.classifier $(ARGS)

robustness: $(STAMPS)/run ## what disguise, place and length do to the input model, a few minutes (EVASIONS=folder)
	@$(BIN)/python -m gatehouse.robustness --rows '$(EVASIONS)' $(ARGS)

disguises: $(STAMPS)/run ## each family of disguised requests against its goal, about three minutes (EVASIONS=folder)
	@$(BIN)/python -m gatehouse.disguises --rows '$(EVASIONS)' $(ARGS)

decision-code: $(STAMPS)/run ## code that decides about people by who they are: how much is found, how much is a false alarm
	@$(BIN)/python -m evaluation.decision_code $(ARGS)

image: ## build the container image with buildah, run it read-only and without a network, and ask it
	@PYTHON='$(PYTHON)' deploy/image/build.sh $(ARGS)

train: $(TRAIN_VENV)/.ready ## train classifiers (POOL=folder, LABELS=rows.jsonl, OUT=folder, ARGS="--minutes 60")
	@$(TRAIN_VENV)/bin/gatehouse train --out '$(OUT)' $(if $(POOL),--pool '$(POOL)') $(if $(LABELS),--labels '$(LABELS)') $(ARGS)

lock: ## recompile requirements/*.lock (needs uv)
	@command -v $(UV) >/dev/null || { echo 'make lock needs uv: pip install uv' >&2; exit 1; }
	@$(UV) pip compile pyproject.toml --extra build $(LOCK_OPTIONS) --output-file requirements/run.lock
	@$(UV) pip compile pyproject.toml --extra build --extra test $(LOCK_OPTIONS) \
	  --constraint requirements/run.lock --output-file requirements/test.lock
	@$(UV) pip compile pyproject.toml --extra build --extra train $(LOCK_OPTIONS) \
	  --constraint requirements/run.lock --override <(echo "torch; python_version < '3'") \
	  --output-file requirements/train.lock
	@$(UV) pip compile pyproject.toml --extra fuzz $(LOCK_OPTIONS) \
	  --constraint requirements/test.lock --output-file requirements/fuzz.lock
	@$(UV) pip compile pyproject.toml --extra trainers $(LOCK_OPTIONS) \
	  --constraint requirements/test.lock --override <(echo "torch; python_version < '3'") \
	  --output-file requirements/trainers.lock
LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links

docs-reference: $(STAMPS)/test ## rewrite docs/reference from the code
	@$(BIN)/python -m gatehouse.reference docs/reference

tools: # redis-server and promtool for the tests that need them; where they cannot be had, those tests skip
	@tests/tools.sh

clean: ## remove what these targets made
	@rm -rf $(VENV) $(TRAIN_VENV) $(FUZZ_VENV) $(TRAINERS_VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMPS)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Gatehouse needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 | head -1)." >&2; \
	  echo "Name another one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "No virtual environment: install Python's venv module (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/run: $(STAMPS)/python requirements/run.lock pyproject.toml
	@echo 'Setting up .venv (first call, or the pinned packages changed): a minute or two ...'
	@$(INSTALL_LOCK) requirements/run.lock
	@$(INSTALL_SELF)
	@touch $@

$(STAMPS)/test: $(STAMPS)/python requirements/test.lock pyproject.toml
	@echo 'Setting up .venv with the test tools (first call, or the pinned packages changed) ...'
	@$(INSTALL_LOCK) requirements/test.lock
	@$(INSTALL_SELF)
	@touch $@

$(FUZZ_VENV)/.ready: requirements/fuzz.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Gatehouse needs Python 3.11 or newer.' >&2; exit 1; }
	@echo 'Setting up $(FUZZ_VENV) (first call, or the pinned packages changed): a minute or two ...'
	@$(PYTHON) -m venv $(FUZZ_VENV)
	@$(FUZZ_PIP) --require-hashes --no-deps --no-compile --requirement requirements/fuzz.lock
	@$(FUZZ_PIP) --no-deps --no-build-isolation --editable .
	@touch $@
FUZZ_PIP := $(FUZZ_VENV)/bin/python -m pip -qq --disable-pip-version-check --no-input install --only-binary :all:

$(TRAINERS_VENV)/.ready: requirements/trainers.lock requirements/train.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Gatehouse needs Python 3.11 or newer.' >&2; exit 1; }
	@echo 'Setting up $(TRAINERS_VENV) (first call, or the pinned packages changed): some minutes ...'
	@$(PYTHON) -m venv $(TRAINERS_VENV)
	@$(TRAINERS_PIP) --require-hashes --no-deps --no-compile --requirement requirements/trainers.lock
	@$(TRAINERS_PIP) --requirement requirements/train.txt
	@$(TRAINERS_PIP) --no-deps --no-build-isolation --editable .
	@touch $@
TRAINERS_PIP := $(TRAINERS_VENV)/bin/python -m pip -qq --disable-pip-version-check --no-input install --only-binary :all:

# torch is pinned without hashes, and may bring packages of its own: requirements/train.txt says why.
$(TRAIN_VENV)/.ready: requirements/train.lock requirements/train.txt requirements/train-base.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Gatehouse needs Python 3.11 or newer.' >&2; exit 1; }
	@echo 'Setting up $(TRAIN_VENV) (first call, or the pinned packages changed): some minutes ...'
	@$(PYTHON) -m venv $(TRAIN_VENV)
	@$(TRAIN_PIP) --require-hashes --no-deps --requirement requirements/train.lock
	@$(TRAIN_PIP) --requirement requirements/train.txt
	@$(TRAIN_PIP) --require-hashes --no-deps --requirement requirements/train-base.txt
	@$(TRAIN_PIP) --no-deps --no-build-isolation --editable .
	@touch $@
TRAIN_PIP := $(TRAIN_VENV)/bin/python -m pip -qq --disable-pip-version-check --no-input install --only-binary :all:
