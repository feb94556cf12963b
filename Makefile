# The ways in: `make demo` shows everything, `make test` checks everything.
PYTHON ?= python3
UV := .venv/bin/uv
ENVS := cloud sam im2rec trainer server
LOCK_cloud := local/requirements.txt
LOCK_sam := requirements/sam.txt
LOCK_im2rec := containers/im2rec/requirements.txt
LOCK_trainer := containers/trainer/requirements.txt
LOCK_server := containers/server/requirements.txt
LOCK_bench := bench/requirements.txt
STAMPS := $(ENVS:%=.venvs/%.stamp)

.PHONY: install demo test test-e2e test-integration test-unit test-fast bench bench-scale mutants lint clean
.DEFAULT_GOAL := install

install: .venv/.stamp $(STAMPS)

.venv/.stamp: requirements/dev.txt requirements/uv.txt pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --editable .
	touch $@

.SECONDEXPANSION:
.venvs/%.stamp: $$(LOCK_$$*) .venv/.stamp
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/$*
	$(UV) pip install --quiet --python .venvs/$*/bin/python --require-hashes -r $(LOCK_$*)
	touch $@

demo: install
	.venv/bin/tagline demo

# The three kinds side by side: each waits for other processes much of the time
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL# what the tests make is no part of this make
test: install
	@echo "Three suites run side by side; each prints when it is done (some eight minutes in all)"
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target test-e2e test-integration test-unit

test-e2e: install
	@$(ALONE) .venv/bin/pytest tests/e2e

test-integration: install
	@$(ALONE) .venv/bin/pytest tests/integration

test-unit: install
	@$(ALONE) .venv/bin/pytest tests/unit tests/property tests/statemachine

test-fast: install
	.venv/bin/pytest -m "not slow and not cloud"

# Packing beside MXNet's im2rec and others, then reading lists; some ten minutes on a calm machine
bench: install .venvs/bench.stamp
	PYTHONPATH=.:containers .venvs/bench/bin/python bench/bench_pack.py
	.venv/bin/python bench/bench_list.py

# Plan, fetch and pack 155,000 rows on a laptop cloud of its own; takes long
bench-scale: install
	.venv/bin/python bench/bench_scale.py $(ROWS)

# Do tests notice small faults? Up to SAMPLE a module (0: all), of the modules that match ONLY
SAMPLE ?= 20
SEED ?= 0
mutants: install
	.venv/bin/python -m tools.mutants --sample $(SAMPLE) --seed $(SEED) $(ONLY)

lint: install node_modules/.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy tagline functions local containers tests tools
	.venv/bin/cfn-lint template.yaml templates/*.yaml
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venvs/sam/bin/sam validate --lint
	for flow in statemachine/*.asl.json; do \
		node_modules/.bin/asl-validator --json-path $$flow || exit 1; \
	done

node_modules/.stamp: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	touch $@

clean:
	rm -rf .venv .venvs .aws-sam node_modules
