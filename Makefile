# The ways in: `make demo` shows everything, `make test` checks everything.
PYTHON ?= python3
UV := .venv/bin/uv
PYTEST := .venv/bin/pytest
ENVS := cloud sam im2rec trainer trainer_torch recommender server mxnet-training edge
LOCK_cloud := local/requirements.txt
LOCK_sam := requirements/sam.txt
LOCK_im2rec := containers/im2rec/requirements.txt
LOCK_trainer := containers/trainer/requirements.txt
LOCK_trainer_torch := containers/trainer_torch/cpu.txt
LOCK_recommender := containers/recommender/requirements.txt
LOCK_server := containers/server/requirements.txt
LOCK_edge := edge/requirements.txt
LOCK_mxnet-training := containers/mxnet-training/requirements.txt
LOCK_bench := bench/requirements.txt
LOCK_bench_recommender := bench/recommender.txt
LOCK_notebooks := notebooks/requirements.txt
LOCK_sdk_v3 := requirements/sdk_v3.txt
LOCK_checkov := requirements/checkov.txt
LOCK_starter := requirements/starter.txt
LOCK_site := requirements/site.txt
LOCKS := $(patsubst %.in,%.txt,$(wildcard */*.in containers/*/*.in))
STAMPS := $(ENVS:%=.venvs/%.stamp)

.PHONY: install demo demo-recommender demo-edge test test-sdk test-edge chaos-edge bench-edge edge-wheel notebooks test-e2e test-integration test-laptop test-parts test-unit test-aws test-fast images-test fuzz tutorial coverage chaos bench bench-recommender bench-scale bench-plan mutants starter flow flow-check docs docs-check site screenshots screenshots-device lint locks locks-check clean
.DEFAULT_GOAL := install

# uv first; what it then installs are environments of their own, made side by side
install: .venv/.uv
	@$(MAKE) --no-print-directory --jobs=3 .venv/.stamp $(STAMPS)

# What a person's command loads is compiled now: it starts three times as fast where Python writes
# no bytecode (PYTHONDONTWRITEBYTECODE, another owner's checkout)
STARTED := annotated_types boto3 botocore dateutil jmespath msgspec pydantic pydantic_core rich s3transfer \
	six.py typer typing_extensions.py typing_inspection urllib3 yaml
# What starts often is compiled whole: the images say PYTHONDONTWRITEBYTECODE, and so may the shell
COMPILED := cloud sam im2rec trainer server edge
# a line in a .pth file instead of a finder, which doubles the start of each Python there
BY_PATH := editable_mode=compat

.venv/.uv: requirements/uv.txt
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	touch $@

.venv/.stamp: requirements/dev.txt pyproject.toml .venv/.uv
	$(UV) pip install --quiet --python .venv/bin/python --require-hashes -r requirements/dev.txt
	$(UV) pip install --quiet --python .venv/bin/python --no-deps --config-settings $(BY_PATH) --editable .
	.venv/bin/python -m compileall -qq tagline containers local $(STARTED:%=.venv/lib/python*/site-packages/%)
	touch $@

.SECONDEXPANSION:
.venvs/%.stamp: $$(LOCK_$$*) .venv/.uv
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/$*
	$(UV) pip install --quiet $(if $(filter $*,$(COMPILED)),--compile-bytecode) --python .venvs/$*/bin/python --require-hashes -r $(LOCK_$*)
	touch $@

# The device's own: its command beside what it shares with the rest
.venvs/edge.stamp: $(LOCK_edge) edge/pyproject.toml .venv/.uv
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/edge
	$(UV) pip install --quiet --compile-bytecode --python .venvs/edge/bin/python --require-hashes -r $(LOCK_edge)
	$(UV) pip install --quiet --python .venvs/edge/bin/python --no-deps --config-settings $(BY_PATH) --editable . --editable edge
	touch $@

# PyTorch's CPU build lies on no ordinary index: it is looked for where pip looks for wheels, else on
# PyTorch's own. Where it cannot be had, everything else is installed and tested all the same.
TORCH_WHEELS ?= $(or $(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null),https://download.pytorch.org/whl/cpu/torch/)
.venvs/trainer_torch.stamp: $(LOCK_trainer_torch) .venv/.uv
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/trainer_torch
	@if $(UV) pip install --quiet $(TORCH_WHEELS:%=--find-links %) --python .venvs/trainer_torch/bin/python \
		--require-hashes -r $(LOCK_trainer_torch); \
	then touch $@; \
	else rm -rf .venvs/trainer_torch $@; \
		echo "No CPU build of PyTorch in $(TORCH_WHEELS): its tests will be skipped, and say so" >&2; \
	fi

# sagemaker-training has a part in C, and no wheel: without a compiler its image cannot be run here
.venvs/mxnet-training.stamp: $(LOCK_mxnet-training) .venv/.uv
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/mxnet-training
	@if $(UV) pip install --quiet --compile-bytecode --python .venvs/mxnet-training/bin/python \
		--require-hashes -r $(LOCK_mxnet-training); \
	then touch $@; \
	else rm -rf .venvs/mxnet-training $@; \
		echo "No environment for script mode: it needs a C compiler (gcc); its tests will be skipped, and say so" >&2; \
	fi

# SageMaker's SDK in its two versions, each with the package that notebooks import from beside it
SDK_STAMPS := .venvs/notebooks.stamp .venvs/sdk_v3.stamp
$(SDK_STAMPS): .venvs/%.stamp: $$(LOCK_$$*) .venv/.uv
	$(UV) venv --quiet --clear --python .venv/bin/python .venvs/$*
	$(UV) pip install --quiet --compile-bytecode --python .venvs/$*/bin/python --require-hashes -r $(LOCK_$*)
	$(UV) pip install --quiet --python .venvs/$*/bin/python --no-deps --config-settings $(BY_PATH) --editable .
	touch $@

demo: install
	.venv/bin/tagline demo

# A recommender from drawn ratings, in three minutes at most
demo-recommender: install
	.venv/bin/tagline demo --ratings

# A camera that sorts trash, from drawn films to its page and MQTT: below four minutes on two quiet
# cores; the emoji are fetched by npm and stay in build/. KEEP=1 leaves it all up
demo-edge: install .venvs/starter.stamp
	@PYTHONPATH=.:examples/trash-sorter .venv/bin/python -m sorter.demo $(if $(KEEP),--keep) $(EDGE_DEMO)

# Four suites side by side: each waits for other processes much of the time
ALONE := env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL# what the tests make is no part of this make
test: install
	@echo "Four suites run side by side; each prints when it is done (a quarter of an hour on two quiet cores)"
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target test-e2e test-laptop test-parts test-unit

test-e2e: install
	@$(ALONE) $(PYTEST) tests/e2e
	@$(ALONE) $(PYTEST) -m brief tests/chaos

test-integration: test-laptop test-parts

LAPTOP := $(wildcard tests/integration/test_laptop_*.py)
test-laptop: install
	@$(ALONE) $(PYTEST) $(LAPTOP)

test-parts: install
	@$(ALONE) $(PYTEST) $(filter-out $(LAPTOP),$(wildcard tests/integration/test_*.py))

# The end-to-end suite against a stack that is deployed: an account's, or a laptop's with
# AWS_ENDPOINT_URL. It costs what some ten small runs cost, and deletes what it made.
test-aws: install
	@test -n "$(STACK)" || { echo "make test-aws STACK=<name of a deployed stack>" >&2; exit 2; }
	STACK=$(STACK) $(PYTEST) --timeout 14400 tests/e2e/test_pipeline.py tests/e2e/test_champion_serves.py tests/e2e/test_retry.py

test-unit: install
	@$(ALONE) $(PYTEST) tests/unit tests/property tests/statemachine

# What both versions of SageMaker's own SDK ask of a laptop cloud, as its documentation writes it; some minutes, for
# it looks at its jobs every half minute
test-sdk: install $(SDK_STAMPS)
	@$(ALONE) $(PYTEST) tests/sdk

# Devices on a laptop cloud: updates with kills, a while offline, the page; some two minutes
test-edge: install .venvs/starter.stamp
	@$(ALONE) $(PYTEST) tests/edge

# The same tests at length, side by side: 200 updates with kills at random moments, and ten minutes
# offline; a quarter of an hour
EDGE_UPDATES ?= 200
EDGE_OFFLINE ?= 600
chaos-edge: install
	@EDGE_UPDATES=$(EDGE_UPDATES) EDGE_OFFLINE=$(EDGE_OFFLINE) $(MAKE) --no-print-directory --jobs=2 \
		--output-sync=target --keep-going chaos-edge-killed chaos-edge-offline

chaos-edge-%: install
	@$(ALONE) $(PYTEST) --timeout 7200 -s tests/edge/test_$*.py

# The notebooks, executed on a laptop cloud with a few hundred drawn images; some minutes
notebooks: install .venvs/notebooks.stamp
	@$(ALONE) $(PYTEST) tests/notebooks

# Everything that the API's description allows, and much that it does not, by schemathesis: some
# minutes at EXAMPLES=100 for each operation and each kind of case
EXAMPLES ?= 100
fuzz: install
	FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/property/test_api_fuzz.py

# docs/tutorial.md block by block, on a laptop cloud of its own; some two minutes on two cores
tutorial: install
	@$(ALONE) $(PYTEST) -s tests/tutorial

# The images built and run as AWS runs them, where a Docker engine can be had: some two minutes.
# Where none can, it says so and that is all.
images-test: install
	@$(ALONE) $(PYTEST) tests/images

test-fast: install
	$(PYTEST) --numprocesses logical --dist loadfile -m "not slow and not cloud" tests/unit tests/property tests/statemachine

# The tests, measured in all processes whose Python looks for packages (Lambda workers' does not) and
# that end by themselves (im2rec's workers are killed). Tracing takes a third of the time on top.
COVERAGE := .venv/bin/coverage
coverage: install .venvs/measured.stamp
	@rm -rf .coverage && mkdir .coverage
	@$(MAKE) --no-print-directory PYTEST="$(COVERAGE) run -m pytest" test
	@$(COVERAGE) combine --quiet
	@echo "Lines that ran, in percent"
	@for part in tagline functions containers local; do \
		echo "$$part $$($(COVERAGE) report --format=total --fail-under=0 --include="$$part/*")"; \
	done
	@printf "all " && $(COVERAGE) report --format=total

# Lets coverage follow into the environments of cloud and containers, while a test asks for it
MEASURED := import os, site; os.getenv("COVERAGE_PROCESS_CONFIG") and site.addsitedir("$(CURDIR)/.venvs/coverage")
.venvs/measured.stamp: $(STAMPS)
	@mkdir -p .venvs/coverage
	@ln -sfn $(CURDIR)/.venv/lib/python*/site-packages/*coverage .venvs/coverage
	@ln -sfn $(CURDIR)/.venv/lib/python*/site-packages/*coverage.pth .venvs/coverage
	@for site in $(patsubst %,.venvs/%/lib/python*/site-packages,$(filter-out sam,$(ENVS))); do \
		[ ! -d $$site ] || echo '$(MEASURED)' >$$site/measured.pth; \
	done
	@touch $@

# Kills and full disks while runs go on: three sessions side by side, each on laptop clouds of its
# own and printed when it is done; some 15 minutes
CHAOS_cloud := $(addprefix tests/chaos/test_,killed_cloud.py first_champion.py)
CHAOS_runs := $(addprefix tests/chaos/test_,stopped.py killed_containers.py killed_server.py)
CHAOS_rest := $(filter-out $(CHAOS_cloud) $(CHAOS_runs),$(wildcard tests/chaos/test_*.py))
chaos: install
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target --keep-going chaos-cloud chaos-runs chaos-rest

chaos-%: install
	@$(ALONE) $(PYTEST) --durations=5 $(CHAOS_$*)

# Packing beside MXNet's im2rec and others, reading lists, models in ONNX Runtime beside their engines,
# trainings that are ended; some fifteen minutes on a calm machine
bench: install .venvs/bench.stamp
	PYTHONPATH=.:containers .venvs/bench/bin/python bench/bench_pack.py
	.venvs/bench/bin/python bench/bench_sets.py
	.venv/bin/python bench/bench_list.py
	.venv/bin/python bench/bench_start.py
	.venv/bin/python bench/bench_demo.py
	.venv/bin/python bench/bench_onnx.py
	.venv/bin/python bench/bench_runtime.py
	.venv/bin/python bench/bench_serving.py
	.venv/bin/python bench/bench_survival.py
	.venv/bin/python bench/bench_train.py
	.venv/bin/python bench/bench_batch.py

# Recommenders beside popularity, implicit's and what is published, on MovieLens-100k, which is fetched
# and stays in build/; 1,000,000 ratings within 2 GB. Some ten minutes
bench-recommender: install .venvs/bench_recommender.stamp
	OPENBLAS_NUM_THREADS=1 PYTHONPATH=.:containers .venvs/bench_recommender/bin/python bench/bench_recommender.py

# The device's loop and its model alone, side by side; two minutes
bench-edge: install
	.venvs/edge/bin/python bench/bench_edge.py

# A wheel for devices, with what it shares with the rest of Tagline within: build/edge/*.whl
edge-wheel: install
	rm -rf build/edge
	mkdir -p build/edge/tagline
	cp -r edge/pyproject.toml edge/tagline_device build/edge/
	cp -r tagline/__init__.py tagline/formats tagline/imaging build/edge/tagline/
	$(UV) build --quiet --wheel --out-dir build/edge build/edge
	@ls build/edge/*.whl

# Planning alone, in memory and by a container task: `make bench-plan ROWS="100000 1000000" LABELS=334`
bench-plan: install
	.venv/bin/python bench/bench_plan.py $(ROWS) --labels $(or $(LABELS),50) $(ARGS)

# Plan, fetch and pack 155,000 rows (or each of ROWS) on a laptop cloud of its own; takes long.
# ARGS="--commit HEAD~1" measures another commit beside it, ARGS=--json prints JSON, --upload stores them
bench-scale: install
	.venv/bin/python bench/bench_scale.py $(ROWS) $(ARGS)

# Do tests notice small faults? Up to SAMPLE a module (0: all), of the modules that match ONLY
SAMPLE ?= 20
SEED ?= 0
mutants: install
	.venv/bin/python -m tools.mutants --sample $(SAMPLE) --seed $(SEED) $(ONLY)

# The starter backbone anew: icon sets of npm drawn and packed, then an ordinary training of seven
# epochs; some 40 minutes of one CPU and 7 GB of memory. Its weights and notices are kept in git.
STARTER := build/starter
starter: install .venvs/starter.stamp tools/starter/node_modules/.stamp
	rm -rf $(STARTER)
	.venvs/starter/bin/python -m tools.starter pack tools/starter/node_modules $(STARTER)
	SAGEMAKER_BASE_DIR=$(CURDIR)/$(STARTER) OMP_NUM_THREADS=1 PYTHONPATH=.:containers \
		.venvs/trainer/bin/python -m trainer train
	.venvs/starter/bin/python -m tools.starter keep tools/starter/node_modules $(STARTER)

tools/starter/node_modules/.stamp: tools/starter/package.json tools/starter/package-lock.json
	cd tools/starter && npm ci --no-audit --no-fund --silent
	touch $@

# the folders of statemachine/ are what people read and write; the rest of the flows is made from them
flow: install
	.venv/bin/python -m tools.flow

flow-check: install
	.venv/bin/python -m tools.flow --check

# The files that are made from the types (openapi.json, formats, settings, reasons, costs' table), llms.txt,
# and the site of them all
docs: install
	.venv/bin/python -m tools.docs
	@$(MAKE) --no-print-directory site

docs-check: install
	.venv/bin/python -m tools.docs --check

# The pages as a site, in build/site/site: a link that leads nowhere fails it
site: docs-check .venvs/site.stamp
	.venv/bin/python -m tools.site build/site
	NO_MKDOCS_2_WARNING=1 .venvs/site/bin/mkdocs build --strict --config-file build/site/mkdocs.yml

# Pictures of the page, docs/page-*.webp, anew: `tagline demo --keep` in another terminal, then
# make screenshots PAGE=<the page's URL that it prints>
HELD_OUT := .tagline/demo/designs/held-out/design-0
screenshots: install
	@test -n "$(PAGE)" || { echo "make screenshots PAGE=<URL of a running demo's page>" >&2; exit 2; }
	.venv/bin/python -m tools.screenshots $(PAGE) $(foreach n,1500 1503 1505 1507 1508,$(HELD_OUT)$(n).png)

# The picture of a device's page, docs/device-*.webp, anew: `make demo-edge KEEP=1` in another terminal
# first. It shows Noto Emoji (Apache License 2.0)
screenshots-device: install
	@test -n "$(PAGE)" || { echo "make screenshots-device PAGE=<URL of a running device's page>" >&2; exit 2; }
	.venv/bin/python -m tools.screenshots.device $(PAGE)

lint: install .venvs/checkov.stamp node_modules/.stamp flow-check docs-check locks-check
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy tagline functions local containers edge bench tools tests examples/trash-sorter
	PYTHONPATH=.:containers:edge .venv/bin/lint-imports
	for region in us-east-1 cn-north-1 us-gov-west-1; do \
		.venv/bin/cfn-lint --regions $$region -t template.yaml templates/*.yaml || exit 1; \
	done
	.venvs/checkov/bin/checkov --config-file .checkov.yaml --file template.yaml templates/*.yaml
	.venv/bin/hadolint containers/*/Dockerfile
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 .venvs/sam/bin/sam validate --lint
	for flow in statemachine/*.asl.json; do \
		sed 's/$${Partition}/aws/' $$flow | node_modules/.bin/asl-validator --json-path /dev/stdin || exit 1; \
	done

node_modules/.stamp: package.json package-lock.json
	npm ci --no-audit --no-fund --silent
	touch $@

# Each lock anew, by the command in its second line; versions stay unless the .in file says otherwise
locks: .venv/.stamp
	@for lock in $(LOCKS); do \
		(cd $$(dirname $$lock) && \
		PATH="$(CURDIR)/.venv/bin:$$PATH" UV_FIND_LINKS="$(TORCH_WHEELS)" sh -c "$$(sed -n '2s/^#//p' $$(basename $$lock)) --quiet") || exit 1; \
	done

locks-check: .venv/.stamp
	.venv/bin/python tools/check_locks.py

clean:
	rm -rf .venv .venvs .aws-sam .coverage node_modules
