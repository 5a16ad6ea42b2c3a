# Everything sets itself up: the first target that needs it makes .venv and node_modules.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PY := .venv/bin/python
VENV := .venv/.complete
BRIDGE := .venv/bin/bridge
NODE := node_modules/.complete
CDK := node_modules/.bin/cdk
READY := $(VENV) $(NODE) $(BRIDGE)
SCANNERS := .venv/gates/.complete .venv/checkov/.complete
STAGE ?=
ARGS ?= --help
CONTEXT ?=
SCHEDULES ?= 10000
SEED ?= 1
SCENARIO ?=
TRANSCRIPT ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONPATH := $(CURDIR)/functions:$(CURDIR)

.PHONY: help demo test check gates simulate nightly bench up down bridge synth deploy format clean
.DEFAULT_GOAL := help

help: ## print this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## the whole system on this machine, with orders running through it; exit 1 if any goes wrong
	@$(PY) -m local.demo

test: $(READY) $(SCANNERS) ## everything: unit, contract and integration tests, and end to end on the emulator
	@$(PY) -m pytest

check: $(READY) $(SCANNERS) ## lint, format, types, all other gates, and the tests that need no server; under a minute
	@$(PY) -m tests.gates ruff
	@# The gates beside the tests, one at a time: two cores are then busy. What was clean and has not changed since is
	@# not looked at again; see CONTRIBUTING.md, Static gates.
	@mkdir -p build; $(PY) -m tests.gates --jobs 1 >build/gates.log 2>&1 & gates=$$!; \
		status=0; $(PY) -m pytest -q -m "not emulator and not simulation and not gates and not thorough" || status=1; \
		wait $$gates || status=1; cat build/gates.log; exit $$status

gates: $(READY) $(SCANNERS) ## the static gates alone: make gates [ARGS="semgrep bandit"]
	@$(PY) -m tests.gates $(filter-out --help,$(ARGS))

simulate: $(READY) ## the handlers in a simulated world, everything going wrong: SCHEDULES=10000 SEED=1 [SCENARIO=… TRANSCRIPT=1]
	@$(PY) -m tests.simulation --schedules $(SCHEDULES) --seed $(SEED) \
		$(if $(SCENARIO),--scenario '$(SCENARIO)' --campaign-only) $(if $(TRANSCRIPT),--transcript)

nightly: $(READY) ## a million schedules, every scenario, two faults at once, every device at a thousand schedules: hours
	@$(PY) -m tests.simulation.nightly --seed $(SEED)

bench: $(READY) ## sizes, and what load costs in virtual time beside the usual ways, against limits; also in build/bench.json
	@$(PY) -m tests.benchmarks

up: $(READY) ## start emulator, simulated Amazon and ERP, deploy the app there and connect the sellers
	@$(PY) -m local.machine up

down: $(VENV) ## end what `make up` started
	@$(PY) -m local.machine down

bridge: $(BRIDGE) ## the operator's command: make bridge ARGS="status"
	@$(BRIDGE) $(ARGS)

synth: $(READY) ## the CloudFormation templates, into cdk.out; needs neither an account nor a network
	@$(CDK) synth --quiet $(if $(STAGE),-c stage=$(STAGE)) $(addprefix -c ,$(CONTEXT))

deploy: $(READY) ## onto AWS: make deploy STAGE=prod [CONTEXT="application_id=… scale=amazon"]
	@test -n "$(STAGE)" || { echo 'which stage? make deploy STAGE=dev' >&2; exit 2; }
	@$(CDK) deploy --all -c stage=$(STAGE) $(addprefix -c ,$(CONTEXT))

format: $(VENV) ## mend what `make check` complains of, as far as a program can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

clean: ## remove everything generated: build, .venv, node_modules, caches
	@if [ -x $(PY) ]; then $(PY) -m local.machine down || true; fi
	@rm -rf build cdk.out .venv node_modules .pytest_cache .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python of these that is new enough. A .venv whose Python has gone is made anew.
$(VENV): requirements.txt
	@if ! $(PY) -c 'import pip' 2>/dev/null; then \
		for python in $${PYTHON:-} python3 python3.13 python3.12 python3.11; do \
			if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
		done; \
		if [ -z "$${found:-}" ]; then \
			echo 'Python 3.11 or newer was not found; install it, or name it: make PYTHON=/path/to/python3' >&2; exit 1; \
		fi; \
		echo "setup: .venv with $$("$$found" --version)"; \
		"$$found" -m venv --clear .venv; \
	fi
	@echo 'setup: packages of requirements.txt (about a minute)'
	@$(PY) -m pip install --quiet --quiet --requirement requirements.txt
	@touch $@

# The scanners have environments of their own: they need other versions of what the product uses, and of each other's.
# Wheels only: nothing of them is built here, so no build script of theirs runs here.
.venv/gates/.complete: tests/gates/requirements.txt tests/gates/requirements.lock | $(VENV)
	@echo 'setup: the scanners of tests/gates (about a minute)'
	@$(PY) -m venv .venv/gates
	@.venv/gates/bin/python -m pip install --quiet --quiet --only-binary :all: --requirement $<
	@touch $@

.venv/checkov/.complete: tests/gates/checkov.txt tests/gates/checkov.lock | $(VENV)
	@echo 'setup: checkov (about a minute)'
	@$(PY) -m venv .venv/checkov
	@.venv/checkov/bin/python -m pip install --quiet --quiet --only-binary :all: --requirement $<
	@touch $@

$(NODE): package.json package-lock.json
	@if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || ! command -v npm >/dev/null; then \
		echo 'Node.js 20 or newer with npm was not found; the CDK needs it: https://nodejs.org' >&2; exit 1; \
	fi
	@echo 'setup: the CDK command line'
	@npm ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(BRIDGE): $(VENV) Makefile
	@printf '%s\n' '#!/bin/sh' \
		'# Runs the operator'"'"'s command of this checkout, from any directory.' \
		'root=$$(CDPATH= cd -- "$$(dirname -- "$$0")/../.." && pwd)' \
		'PYTHONPATH="$$root/functions$${PYTHONPATH:+:$$PYTHONPATH}" exec "$$root/.venv/bin/python" -m bridge.cli "$$@"' > $@
	@chmod +x $@
