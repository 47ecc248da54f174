# Set-up is part of every target: a fresh machine needs only Python 3.11, make and the package registry.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTEST_ARGS ?=

.PHONY: help demo test lint format bench docs serve requirements clean

help:  ## Say what the targets do
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): requirements/uv.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip sync --quiet --require-hashes requirements/dev.txt requirements/uv.txt
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)  ## Compute indices end to end on a simulated market and print where the results lie
	$(BIN)/basketry demo --out demo

test: $(READY)  ## Run all tests, doctests among them
	$(BIN)/python -m pytest -n auto --dist loadgroup $(PYTEST_ARGS)

lint: $(READY)  ## Check style, types and the layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## Put the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) requirements/bench.txt  ## Measure the headline figures beside the peers, in an environment of its own
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	VIRTUAL_ENV=$(abspath .venv-bench) $(BIN)/uv pip sync --quiet --require-hashes requirements/bench.txt
	VIRTUAL_ENV=$(abspath .venv-bench) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	.venv-bench/bin/python benchmarks/run.py

docs: $(READY)  ## Build the documentation into build/site
	$(BIN)/python docs/generate.py
	$(BIN)/zensical build --clean

serve: docs  ## Serve the documentation and the demo at http://127.0.0.1:8000
	@mkdir -p demo && ln -sfn ../../demo build/site/demo
	$(BIN)/python -m http.server 8000 --bind 127.0.0.1 --directory build/site

requirements: $(READY)  ## Pin the requirements again
	for name in uv dev bench; do \
	  $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    --no-emit-find-links --python-version 3.11 requirements/$$name.in -o requirements/$$name.txt; \
	done

clean:  ## Remove what the other targets made
	rm -rf $(VENV) .venv-bench build demo .mypy_cache .ruff_cache .hypothesis .import_linter_cache
