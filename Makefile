# Every target sets up what it needs. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: help demo test test-long lint bench docs messages clean

# Everything that talks to casework's database; the browser's journeys need it once only.
ON_POSTGRESQL := tests/casework tests/web tests/cli/test_audit.py tests/cli/test_programmes.py tests/cli/test_rescue.py \
	tests/flow/test_casework_loop.py tests/flow/test_testbuy_loop.py --ignore=tests/web/browser --ignore=tests/casework/audit

# Two processes, whatever the number of cores: tests bring their own engines, servers and browsers.
TOGETHER := -n 2 --dist loadscope --no-loadscope-reorder

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

# The accessibility rules that browser tests check pages with; without npm those checks are skipped and say so.
$(VENV)/.axe: $(VENV)/.made
	@command -v npm >/dev/null && npm install --silent --no-save --no-package-lock --no-audit --no-fund \
		--prefix $(VENV)/axe axe-core@4.10.3 >/dev/null || echo "npm is missing: accessibility is not checked"
	@touch $@

demo: $(VENV)/.run ## simulate a marketplace, rate it, search its posts, measure what is left, serve the console
	@$(BIN)/assay demo --out demo --serve

test: $(VENV)/.dev $(VENV)/.axe ## lint and every test but the long ones; casework on SQLite, then again on PostgreSQL
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -m "not long" $(TOGETHER)
	@echo "Casework again, on PostgreSQL"
	@ASSAY_TEST_DATABASE=postgresql $(BIN)/python -m pytest -m "not long" $(TOGETHER) $(ON_POSTGRESQL)

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

messages: $(VENV)/.dev ## gather the words of the pages for their translators, and compile the translations
	@$(BIN)/python -m assay.web.messages

clean: ## remove what the targets made
	rm -rf $(VENV) demo .pytest_cache .mypy_cache .ruff_cache .hypothesis build src/*.egg-info
