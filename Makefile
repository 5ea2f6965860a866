# postreset: what people run. `make` alone lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

LAKE ?=
WHO ?= $(if $(LAKE)$(FROM)$(TO),,alice@example.com)
AT ?=
FROM ?=
TO ?=
WINDOW ?= 72h
OUT ?= out
RULES ?=
SINCE ?=
SAMPLE_LAKE := out/sample-lake

QUALITY_OUT ?= out/quality

.PHONY: help hunt nightly quality test check bench bench-detection format lock clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.venv/run-time: .ci/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "postreset needs Python 3.11 or newer; name one with PYTHON=…" >&2; exit 2; }
	@echo "set-up: making .venv and installing from .ci/requirements.lock (once, about a minute)" >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .ci/requirements.lock
	@$(BIN)/python .ci/link-checkout
	@touch $@

.venv/quality: .venv/run-time .ci/requirements-quality.lock
	@echo "set-up: installing Great Expectations (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .ci/requirements-quality.lock
	@touch $@

.venv/development: .venv/run-time .ci/requirements-dev.lock
	@echo "set-up: installing the development tools (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .ci/requirements-dev.lock
	@touch $@

$(SAMPLE_LAKE)/.done: .venv/run-time
	@rm -rf $(SAMPLE_LAKE)
	@$(BIN)/postreset ingest --sample incident --lake $(SAMPLE_LAKE) >&2
	@touch $@

hunt: .venv/run-time $(if $(LAKE),,$(SAMPLE_LAKE)/.done) ## follow a reset: the sample, or WHO= AT= WINDOW= FROM= TO= LAKE=
	@$(BIN)/postreset hunt $(if $(WHO),'$(subst ','\'',$(WHO))') $(if $(AT),--at '$(AT)') $(if $(FROM),--from '$(FROM)') $(if $(TO),--to '$(TO)') \
		--window '$(WINDOW)' --out '$(OUT)' $(if $(RULES),--rules '$(RULES)') --lake '$(if $(LAKE),$(LAKE),$(SAMPLE_LAKE))'

nightly: .venv/run-time $(if $(LAKE),,$(SAMPLE_LAKE)/.done) ## load, ingest, hunt what is new, rank, notify: the sample's night, or LAKE= SINCE= OUT=
	@$(BIN)/postreset nightly --out '$(OUT)/nightly' --window '$(WINDOW)' $(if $(SINCE),--since '$(SINCE)') $(if $(RULES),--rules '$(RULES)') \
		$(if $(LAKE),--lake '$(LAKE)',--lake '$(SAMPLE_LAKE)' --config /dev/null --until 2026-03-05T00:00Z $(if $(SINCE),,--since 72h) --fail-on 100)

quality: .venv/quality $(if $(LAKE),,$(SAMPLE_LAKE)/.done) ## hold each source's expectations against a lake: LAKE=
	@$(BIN)/postreset quality --out '$(QUALITY_OUT)' --lake '$(if $(LAKE),$(LAKE),$(SAMPLE_LAKE))'

test: .venv/development ## the tests, a few minutes
	@$(BIN)/python -m pytest -n auto --dist loadfile

check: .venv/development ## style, types, imports, detections, SQL format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/ty check pipeline loaders
	@$(BIN)/lint-imports
	@$(BIN)/postreset detections check
	@$(BIN)/sqlfmt -d clickhouse --reset-cache --check -q sql detections

bench: .venv/development ## ingest beside gzip -dc and plain DuckDB, in one run
	@$(BIN)/python -m tests.bench

bench-detection: .venv/development ## attacks and ordinary resets of made-up organisations, told apart; writes docs/detection-quality.md
	@$(BIN)/python -m tests.detection_quality --write > /dev/null

format: .venv/development ## write Python and SQL in the house style, detections/README.md and docs/schema.md
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q . ; $(BIN)/sqlfmt -d clickhouse -q sql detections
	@$(BIN)/python -m pipeline.detection_index && $(BIN)/python -m pipeline.schema_index

lock: .venv/development ## pin the dependencies anew, with hashes and no registry address
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --upgrade pyproject.toml -o .ci/requirements.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --extra quality -c .ci/requirements.lock pyproject.toml -o .ci/requirements-quality.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --group dev -c .ci/requirements.lock pyproject.toml -o .ci/requirements-dev.lock
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11 --group sigma pyproject.toml -o .ci/requirements-sigma.lock

clean: ## remove .venv and out/
	@rm -rf .venv out
