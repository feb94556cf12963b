# The ways in: `make demo` shows everything, `make test` checks everything.
PYTHON ?= python3
UV := .venv/bin/uv
ENVS := cloud sam im2rec trainer server
LOCK_cloud := local/requirements.txt
LOCK_sam := requirements/sam.txt
LOCK_im2rec := containers/im2rec/requirements.txt
LOCK_trainer := containers/trainer/requirements.txt
LOCK_server := containers/server/requirements.txt
STAMPS := $(ENVS:%=.venvs/%.stamp)

.PHONY: install demo test lint bench clean
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
