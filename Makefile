# Needs Python 3.11 and make. Everything else comes from uv.lock into .venv.
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv/.ready
BIN := .venv/bin
SITES ?= 40
HOURS ?= 48
SERVE ?= --serve
WAREHOUSE ?= duckdb
SBOM ?= build/sbom.cdx.json
# Tests make thousands of small databases, whose every commit waits for the disk: in memory they take a quarter less.
TMPDIR ?= $(shell (grep MemAvailable /proc/meminfo; findmnt -bno AVAIL,OPTIONS /dev/shm) 2>/dev/null | \
    awk '/^Mem/ {memory = $$2 > 6e6; next} {room = $$1 > 2e9 && !/noexec/} END {if (memory && room) print "/dev/shm"}')

.PHONY: help env demo test lint format generate audit sbom bench soak clean

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

env: $(VENV)  ## create .venv from uv.lock

$(VENV): uv.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	test -x .uv/bin/uv || ($(PYTHON) -m venv .uv && .uv/bin/python -m pip install --quiet uv==$(UV_VERSION))
	.uv/bin/uv sync --frozen --quiet --compile-bytecode --python $(PYTHON)
	touch $(VENV)

demo: $(VENV)  ## simulated org, backfill, KPIs, answers, Dagster UI on port 3000 (SERVE=--no-serve ends after the answers, WAREHOUSE=snowflake-local fills a stand-in for Snowflake)
	$(BIN)/mistwan demo --sites $(SITES) --hours $(HOURS) --warehouse $(WAREHOUSE) $(SERVE)

test: lint  ## lint, types, import contracts, all tests
	$(if $(TMPDIR),TMPDIR=$(TMPDIR)) $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)  ## format check, ruff, mypy, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)  ## format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

generate: $(VENV)  ## DDL and data dictionary from the catalog, the picture of the graph for its test
	$(BIN)/python -m mistwan_dagster.warehouse.render .
	$(BIN)/python -m mistwan_dagster_tests.orchestration.test_graph

audit: $(VENV)  ## known vulnerabilities of the locked packages, as OSV tells them; says so when it cannot be asked
	$(BIN)/python .ci/audit.py

sbom: $(VENV)  ## build/sbom.cdx.json: every package that is shipped, CycloneDX
	mkdir -p $(dir $(SBOM))
	.uv/bin/uv export --frozen --no-dev --quiet --format cyclonedx1.5 --preview-features sbom-export --output-file $(SBOM) > /dev/null

bench: $(VENV)  ## benchmarks as ratios, see benchmarks/README.md
	$(BIN)/python -m benchmarks

soak: $(VENV)  ## seven disturbed days beside undisturbed ones, 300 sites, hours of real time (SOAK_SITES, SOAK_HOURS; docs/reliability.md)
	POLARS_MAX_THREADS=1 $(BIN)/python -m benchmarks soak

clean:  ## remove environment and demo data
	rm -rf .venv .uv .mistwan build *.egg-info
