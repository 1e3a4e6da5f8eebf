# Two commands for a stranger: `make demo` and `make test`. Each does its own set-up.
# Needs Python 3.11 to 3.13, git and make; uses uv where it is installed, else pip. Same versions either way.

PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11 python,$(shell $(p) -c 'import sys; (3,11) <= sys.version_info[:2] < (3,14) and print("$(p)")' 2>/dev/null)))
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check check-tests lint types contracts audit docs-check eval bench soak lock clean

help:  ## what can be made
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(READY)  ## a .venv in this folder with the locked versions

$(READY): requirements-dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "nianbao needs Python 3.11, 3.12 or 3.13; none was found. Name one: make PYTHON=/path/to/python3.12 setup" >&2; exit 1; }
	@echo "Setting up .venv with the locked versions (a minute or two the first time) ..."
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" .venv && \
		uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements-dev.lock && \
		uv pip install --quiet --python $(BIN)/python --no-deps --editable . ; \
	else \
		$(PYTHON) -m venv .venv && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable . ; \
	fi
	@touch $(READY)

demo: $(READY)  ## crawl the loopback portal, load, and ask three questions
	@$(BIN)/nianbao demo

# A file's tests stay in one process: many of them look at one crawl.
test: $(READY)  ## the tests on all cores, without those that take minutes (`make check` has all)
	@$(BIN)/python -m pytest -m "not slow" -n auto --dist loadfile

check: lint types contracts audit docs-check check-tests  ## everything that must hold before a commit

# Slow tests mostly wait for servers, so they run beside the others. What is bound by CPU time runs alone, and without
# coverage, which traces our half of the work and not the libraries'.
BOUND_BY_CPU := tests/reading/test_any_bytes.py tests/sources/test_registry_speed.py
check-tests: $(READY)
	@mkdir -p build
	@$(BIN)/python -m pytest -m slow $(BOUND_BY_CPU:%=--ignore=%) --durations=10 > build/slow-tests.log 2>&1 & slow=$$!; \
	$(BIN)/python -m pytest -m "not slow" --cov --cov-report=term:skip-covered; others=$$?; \
	wait $$slow; slow=$$?; cat build/slow-tests.log; \
	test $$others -eq 0 -a $$slow -eq 0
	@$(BIN)/python -m pytest $(BOUND_BY_CPU)

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(READY)
	@$(BIN)/mypy

contracts: $(READY)
	@$(BIN)/lint-imports

audit: $(READY)
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml flows scrapers warehouse deployments
	@$(BIN)/python .ci/audit

docs-check: $(READY)
	@$(BIN)/python -m warehouse.catalog | diff - docs/dictionary.md || { echo "docs/dictionary.md is out of date: $(BIN)/python -m warehouse.catalog --write" >&2; exit 1; }

eval: $(READY)  ## how well pages and lists are read, beside other extractors
	@$(BIN)/python -m tests.eval

bench: $(READY)  ## speed and memory as ratios against peers in the same run
	@$(BIN)/python -m tests.bench

soak: $(READY)  ## ten minutes of faults and kills; then everything must be held exactly once
	@$(BIN)/python -m tests.soak

lock:  ## resolve the versions again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(LOCKFLAGS) --extra s3 pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(LOCKFLAGS) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:  ## remove the data of the demo and everything that was built
	rm -rf .venv data build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .import_linter_cache
