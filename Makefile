# Set-up is part of every target: a fresh machine needs only Python 3.11, make and the package registry.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH := .venv-bench
PYTEST_ARGS ?=
MUTANTS_ARGS ?=

# Install exactly the pinned packages into an environment: with uv, which takes seconds, or else with pip, which
# also knows a mirror, proxy or certificate that only pip is configured for.
sync = VIRTUAL_ENV=$(abspath $(1)) $(BIN)/uv pip sync --quiet --require-hashes $(2) \
	|| $(1)/bin/python -m pip install --quiet --require-hashes $(addprefix -r ,$(2))
editable = $(1)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .

.PHONY: help demo test soak lint format bench mutants docs serve requirements clean

help:  ## Say what the targets do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "basketry needs Python 3.11 or later: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(call sync,$(VENV),requirements/dev.txt requirements/uv.txt)
	$(call editable,$(VENV))
	@touch $@

demo: $(READY)  ## Compute indices end to end on a simulated market and print where the results lie
	$(BIN)/basketry demo --out demo

test: $(READY)  ## Run the tests, doctests among them, without the long soaks
	$(BIN)/python -m pytest -n auto --dist loadgroup -m "not slow" $(PYTEST_ARGS)

soak: $(READY)  ## Run the long soaks, whose short forms are among the tests
	$(BIN)/python -m pytest -n auto --dist loadgroup -m slow $(PYTEST_ARGS)

lint: $(READY)  ## Check style, types and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BENCH)/.ready: requirements/bench.txt pyproject.toml | $(READY)
	$(PYTHON) -m venv $(BENCH)
	$(call sync,$(BENCH),requirements/bench.txt)
	$(call editable,$(BENCH))
	@touch $@

bench: $(BENCH)/.ready  ## Measure the headline figures beside the peers, in an environment of its own
	$(BENCH)/bin/python benchmarks/run.py

mutants: $(READY)  ## Try a hundred deliberate changes of the calculation against the tests
	$(BIN)/python tests/mutants/mutants.py $(MUTANTS_ARGS)

docs: $(READY)  ## Build the documentation into build/site
	$(BIN)/python docs/render.py build

serve: docs  ## Serve the documentation, and the demo under /demo, at http://127.0.0.1:8000
	@mkdir -p demo && ln -sfn ../../demo build/site/demo
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory build/site

requirements: $(READY)  ## Pin the requirements again, to the newest versions
	set -e; for name in uv dev bench; do \
	  $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    --no-emit-find-links --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; \
	done

clean:  ## Remove what the other targets made
	rm -rf $(VENV) $(BENCH) build demo .mypy_cache .ruff_cache .hypothesis .import_linter_cache
