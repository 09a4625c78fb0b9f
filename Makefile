# Everything that a person or CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
CLUSTER ?= kwok
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)
# The checkout is the collection. A copy in the home folder must not shadow it.
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/src
export ANSIBLE_HOME := $(CURDIR)/.ansible

##@ Use

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
	  /^[a-z-]+:.*##/ {printf "  \033[36m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: venv ## The operator at work (CLUSTER=kind with real pods; CLUSTER=existing on the cluster of KUBECONFIG)
	@$(BIN)/python -m tools.demo --cluster $(CLUSTER) </dev/null

.PHONY: cluster
cluster: venv ## Start the local control plane, or find it running (AUDIT=1 keeps an audit log; CLUSTER=kind has real pods)
	@$(BIN)/python -m devcluster --runtime $(CLUSTER) up $(if $(AUDIT),--audit) </dev/null

.PHONY: cluster-down
cluster-down: venv ## End the local control plane and remove its data
	@$(BIN)/python -m devcluster --runtime $(CLUSTER) down </dev/null

.PHONY: run
run: cluster ## Run the operator on the local control plane, in the foreground
	@KUBECONFIG=$(CURDIR)/.devcluster/kubeconfig $(BIN)/ansible-playbook neurallog.tenant.install </dev/null
	@KUBECONFIG=$(CURDIR)/.devcluster/kubeconfig $(BIN)/tenant-operator run </dev/null

##@ Deployment

IMG ?= neurallog/tenant-operator:latest
# The kubectl on PATH, of any version. KUBECTL=... names another one.
KUBECTL ?= $(shell $(PYTHON) -m devcluster kubectl)

.PHONY: image
image: ## Build the operator's container image IMG (BASE=... takes another base image), and dist/sbom.json
	docker build $(if $(BASE),--build-arg BASE=$(BASE)) --build-arg REVISION=$(shell git describe --always --dirty 2>/dev/null) \
	  --tag $(IMG) .
	@mkdir -p dist
	@docker run --rm --entrypoint cat $(IMG) /opt/operator/sbom.json >dist/sbom.json
	@docker image inspect $(IMG) --format '$(IMG) has {{.Size}} bytes' | numfmt --field=3 --to=iec

.PHONY: named-cluster
named-cluster:
	@test -n "$$KUBECONFIG" || { echo "Set KUBECONFIG: it names the cluster that this is for" >&2; exit 1; }
	@test -n "$(KUBECTL)"

NAMED := sed 's\#image: neurallog/tenant-operator:latest\#image: $(IMG)\#'

.PHONY: manifest
manifest: ## Write dist/install.yaml: all that a cluster needs, with the operator IMG
	@mkdir -p dist
	$(KUBECTL) kustomize config/release | $(NAMED) >dist/install.yaml

.PHONY: chart
chart: venv ## Write the Helm chart to dist/ (IMG=... names the image that it installs)
	@mkdir -p dist
	@$(BIN)/python -m tools.chart build/tenant-operator $(if $(filter command environment,$(origin IMG)),$(IMG))
	@"$$($(BIN)/python -m devcluster helm | tail -n 1)" package build/tenant-operator --destination dist

.PHONY: install
install: named-cluster ## Put the Tenant API (CRD and admission policy) on the cluster of KUBECONFIG
	$(KUBECTL) apply --server-side --force-conflicts -k config/crd

.PHONY: deploy
deploy: install ## Run the operator IMG on the cluster of KUBECONFIG
	$(KUBECTL) kustomize config/default | $(NAMED) | $(KUBECTL) apply --server-side -f -
	$(KUBECTL) -n neurallog-system rollout status deployment/tenant-operator --timeout=180s

.PHONY: undeploy
undeploy: named-cluster ## Take the operator away; CRD and tenants stay
	$(KUBECTL) delete --ignore-not-found -k config/default

.PHONY: uninstall
uninstall: named-cluster venv ## Take the CRD away, and all tenants with their data (CONFIRM=yes)
	@echo "This destroys these tenants with all their data:"
	@$(KUBECTL) get tenants
	@test "$(CONFIRM)" = yes || { echo "Nothing was done: run it again with CONFIRM=yes" >&2; exit 1; }
	@# With or without an operator: the playbook does its part as well.
	@test -z "$$($(KUBECTL) get tenants -o name)" || ansible-playbook -i config/tenants.yml neurallog.tenant.delete -e confirm=true -e release=true
	$(KUBECTL) annotate --overwrite crd tenants.neurallog.io neurallog.io/allow-deletion=true
	$(KUBECTL) delete --ignore-not-found -k config/crd

##@ Development

.PHONY: venv
venv: $(VENV)/.installed ## Make the development environment in .venv

PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/.installed: pyproject.toml requirements/dev.txt requirements.yml tools/requirements.py
	@test -x $(BIN)/python || { echo "Making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the development environment into $(VENV)"
	@$(PIP_INSTALL) --require-hashes -r requirements/dev.txt </dev/null
	@$(PIP_INSTALL) --no-index --no-deps --no-build-isolation -e . </dev/null
	@$(BIN)/python tools/requirements.py </dev/null
	@touch $@

SHFMT := shfmt --indent 2 --case-indent
# The folder of the scripts.
SHELL_FOLDERS := roles tools .ci/run
SCRIPTS = $(wildcard roles/*/files/*.sh roles/*/files/*/*.sh)

.PHONY: check
check: venv programs ## Format, lint, check types and run the unit tests, in less than a minute
	ruff format --quiet .
	$(SHFMT) --write $(SHELL_FOLDERS)
	@$(MAKE) --jobs=2 --output-sync=target lint-code test-unit

.PHONY: lint-code
lint-code: venv
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	$(SHFMT) --diff $(SHELL_FOLDERS)
	shellcheck --shell=sh $(SCRIPTS)
	shellcheck .ci/run tools/*.sh

.PHONY: lint
lint: lint-code ## Check style, types, layers, scripts, YAML and playbooks
	yamllint --strict .
	antsibull-changelog lint
	ansible-lint --offline

.PHONY: test
test: lint test-unit test-cluster test-security test-faults test-molecule test-distribution ## Lint and run all tests

# CI has all but test-cluster wait for the end of a process.
.PHONY: after
after:
	@$(if $(AFTER),tail --pid=$(AFTER) --follow /dev/null)
lint-code test-unit test-security test-faults test-molecule test-distribution: | after

.PHONY: programs
programs:
	@tools/programs.sh

.PHONY: test-unit
test-unit: venv programs ## Run the tests that need no cluster
	pytest -q --numprocesses auto tests/unit

.PHONY: test-cluster
test-cluster: venv programs ## Run the tests on a control plane of their own
	pytest -q --durations 10 tests/cluster

.PHONY: test-security
test-security: venv ## Attack the operator on a control plane of its own
	pytest -q --durations 10 tests/security

.PHONY: test-faults
test-faults: venv ## Have requests of the operator fail on a control plane of its own
	pytest -q --durations 10 -m "not seeded" tests/faults

.PHONY: test-seeded
test-seeded: venv ## Put bugs into the code, each of which the campaign has to see
	pytest -q --durations 0 -m seeded tests/faults

.PHONY: campaign
campaign: venv ## Have every fault happen at every place, for hours; it can be stopped and goes on (CAMPAIGN="--minutes 30")
	@$(BIN)/python -m tests.faults.campaign $(CAMPAIGN) </dev/null

.PHONY: soak
soak: venv ## Let 50 Tenants at a time come and go, for an hour (SOAK="--minutes 10")
	@$(BIN)/python -m tests.faults.soak $(SOAK) </dev/null

.PHONY: mutations
mutations: venv ## Set every field to every class of value, there and back (MUTATIONS="--fields redis")
	@$(BIN)/python -m tests.mutations $(MUTATIONS) </dev/null

.PHONY: test-molecule
test-molecule: venv ## Run molecule's scenario `default` on a control plane of its own
	molecule test </dev/null

.PHONY: test-kind
test-kind: venv ## Build the images and run what needs real pods, on kind clusters of their own
	pytest -q --instafail --numprocesses 2 --dist loadscope --no-loadscope-reorder --durations 20 -m "not day_two" tests/kind
	molecule test --scenario-name kind </dev/null

DAY_TWO := pytest -q --instafail --durations 0 --junit-xml

.PHONY: test-day-two
test-day-two: venv ## Run what takes long on kind: Secrets that change, and changes of size, under load
	$(DAY_TWO) .devcluster/day-two-quiet.xml -m "day_two and quiet" tests/kind
	$(DAY_TWO) .devcluster/day-two.xml --numprocesses 2 -m "day_two and not quiet" tests/kind

.PHONY: test-distribution
test-distribution: venv programs ## Build wheel and collection, install both elsewhere, and use them
	pytest -q tests/distribution

.PHONY: bench
bench: venv ## Measure this collection, kubernetes.core and the bare requests in one run (BENCH="--tenants 20")
	@$(BIN)/python -m benchmarks $(BENCH) </dev/null

.PHONY: bench-memory
bench-memory: cluster ## Measure what the operator takes with many tenants (TENANTS="1000 4000")
	@$(BIN)/python -m benchmarks.memory $(TENANTS) </dev/null

.PHONY: bench-hostile
bench-hostile: cluster ## Measure what hostile tenants cost the others of their batch (ROUNDS=3)
	@KUBECONFIG=$(CURDIR)/.devcluster/kubeconfig $(BIN)/ansible-playbook neurallog.tenant.install </dev/null >/dev/null
	@$(BIN)/python -m benchmarks.hostile --rounds $(or $(ROUNDS),3) </dev/null

PINS := uv pip compile --quiet --universal --generate-hashes --no-annotate --python-version 3.11 --custom-compile-command "make pins"

.PHONY: pins
pins: venv ## Pin what pyproject.toml asks for, with hashes (UPGRADE=1 takes the newest versions)
	$(PINS) $(if $(UPGRADE),--upgrade) --extra dev pyproject.toml requirements/image.in --output-file requirements/dev.txt
	$(PINS) -c requirements/dev.txt pyproject.toml --output-file requirements/operator.txt
	$(PINS) -c requirements/dev.txt requirements/image.in --output-file requirements/image.txt

.PHONY: audit
audit: venv ## Ask the advisory database about every pinned package, those of the operator and the image among them (it needs pypi.org or osv.dev)
	pip-audit --require-hashes --disable-pip -r requirements/dev.txt

.PHONY: changelog
changelog: venv ## Write CHANGELOG.rst from the fragments
	antsibull-changelog release --update-existing --reload-plugins
	antsibull-changelog generate --refresh

.PHONY: build
build: venv ## Build the wheel and the collection's tarball into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist . </dev/null
	$(BIN)/ansible-galaxy collection build --force --output-path dist . </dev/null

.PHONY: reference
reference: venv ## Write docs/api.md from the CRD, and docs/settings.md from the roles
	@$(BIN)/python -m tools.api_reference
	@$(BIN)/python -m tools.settings_reference

.PHONY: clean
clean: ## Remove what the other targets made in this folder
	rm -rf $(VENV) .ansible .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
