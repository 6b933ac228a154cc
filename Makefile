# Every target sets up what it needs. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-long lint bench docs clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Assay needs Python 3.11 or newer; PYTHON=/path/to/python3.11 make … names one."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "Python cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 2; }
	@touch $@

$(VENV)/.run: $(VENV)/.made pyproject.toml constraints.txt
	@echo "Setting up Assay in $(VENV) (once)"
	@$(INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Setting up the development tools in $(VENV) (once)"
	@$(INSTALL) -e '.[dev]'
	@touch $@

demo: $(VENV)/.run ## simulate a marketplace, rate it, search its posts, measure what is left, write the pages
	@$(BIN)/assay demo --out demo

test: $(VENV)/.dev ## lint and every test but the long ones
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest

test-long: $(VENV)/.dev ## the tests that take minutes
	@$(BIN)/python -m pytest -m long

lint: $(VENV)/.dev ## ruff, mypy strict, import borders
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

$(VENV)/.bench: $(VENV)/.dev
	@echo "Setting up the peers that benchmarks compare with (once)"
	@$(INSTALL) -e '.[dev,bench]'
	@touch $@

bench: $(VENV)/.bench ## every benchmark at its small sizes; each folder's README says how to run the large ones
	@for run in benchmarks/*/run.py; do echo "== $$run"; $(BIN)/python $$run --quick || exit 1; done

docs: $(VENV)/.run ## write the generated reference pages again
	@$(BIN)/python -m assay.cli.reference docs/reference

clean: ## remove what the targets made
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build src/*.egg-info
