# make run    practice orgs, worker and app, with data to work on (nothing needs to be installed first but Python 3.11+)
# make serve  worker and app for your own systems
# make test   every check and every test that takes seconds; make test-slow adds those that take minutes
# make check  format, lint, types and import contracts only
# make bench  the measured figures of the README
# make lock   compile requirements*.in into the pinned requirements*.txt

PYTHON ?= python3
BIN := .venv/bin
CODE := app.py pages reconcile tests

.PHONY: run serve install install-dev chromium check format test test-slow bench lock clean

run: install
	$(BIN)/python -m reconcile demo

serve: install
	$(BIN)/python -m reconcile serve

install: .venv/installed
install-dev: .venv/installed-dev

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Reconcile needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing the pinned requirements into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

# The browser tests drive the distribution's own Chromium.
chromium:
	@command -v chromium >/dev/null || { \
	  echo "Installing Chromium for the browser tests ..."; \
	  if [ "$$(id -u)" = 0 ]; then SUDO=; else SUDO=sudo; fi; \
	  $$SUDO apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$SUDO apt-get install -y -qq chromium >/dev/null; }

check: install-dev
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports

format: install-dev
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

test: install-dev chromium check
	$(BIN)/pytest -n 2 --dist loadscope

test-slow: install-dev chromium
	$(BIN)/pytest -m slow --timeout 3600

# Peers (Splink, datacompy) live in environments of their own: tests/bench says how to add them.
BENCH := data/bench
bench: install-dev chromium
	$(BIN)/python -m tests.bench.bench_pull
	$(BIN)/python -m tests.bench.review_browser
	$(BIN)/python -m tests.bench.companies 100000 $(BENCH)/companies
	$(BIN)/python -m tests.bench.bench_matching $(BENCH)/companies
	$(BIN)/python -m tests.bench.bench_compare 1000000 $(BENCH)/compare --rounds 3 --ours-only

lock: install-dev
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 requirements-dev.in -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --no-header --python-version 3.11 requirements-spark.in -o requirements-spark.txt

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis node_modules
