# make setup       the environment in .venv
# make warehouse   set everything up and publish a release
# make test        set everything up and run every test but those in a browser
# make test-bi     look at the report and, in a real Superset across a rebuild, at the dashboards, in Chromium
# make lint        style and types of Python and SQL
# make docs        renew the outputs shown in README.md and the generated pages of docs/, from the current release
# make bench       time and memory of a build against the floor
# make bench-postgres  time of `egov publish postgres` against plain COPY
# make mutation    the share of figures whose every changed digit is noticed
# make faults      kills, readers through rebuilds, failing writes and mutated files, tried and counted (KILLS=, REBUILDS=, WRITES=, MUTANTS=)
# make attack      what somebody would do on purpose, tried and counted (EDITS=, WRITERS=, SIGNALS=, CALLS=, SERVERS=)
# make lock        renew requirements.txt from pyproject.toml (needs uv)

PYTHON ?= python3
BIN := .venv/bin
# modules, not scripts: the first line of a script cannot name a folder with blanks or quotes in it
RUN := $(BIN)/python -m

.PHONY: setup warehouse test test-bi lint docs bench bench-postgres mutation faults attack lock clean

setup: .venv/ready

warehouse: .venv/ready
	$(RUN) pipelines build

test: .venv/ready
	$(RUN) pytest -n 2 --dist worksteal

test-bi: .venv/ready .venv-superset/ready
	$(RUN) pytest -m browser

lint: .venv/ready
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) sqlfluff lint --disable-progress-bar models tests/dbt

docs: warehouse
	$(BIN)/python tests/test_docs.py

bench: .venv/ready
	$(BIN)/python tests/bench.py

bench-postgres: .venv/ready
	$(BIN)/python tests/bench_postgres.py

faults: .venv/ready
	$(BIN)/python tests/faults.py raw --count $(or $(MUTANTS),5000)
	$(BIN)/python tests/faults.py writes --count $(or $(WRITES),12)
	$(BIN)/python tests/faults.py readers --rebuilds $(or $(REBUILDS),50)
	$(BIN)/python tests/faults.py kills --count $(or $(KILLS),200)

attack: .venv/ready
	$(BIN)/python tests/attacks.py connection
	$(BIN)/python tests/attacks.py environment
	$(BIN)/python tests/attacks.py folders
	$(BIN)/python tests/attacks.py writers --count $(or $(WRITERS),200)
	$(BIN)/python tests/attacks.py package --count $(or $(EDITS),10000)
	$(BIN)/python tests/attacks.py signals --count $(or $(SIGNALS),60)
	$(BIN)/python tests/attacks.py calls --most $(or $(CALLS),1000)
	$(BIN)/python tests/attacks.py postgres --count $(or $(SERVERS),99)
	$(RUN) pytest -m "browser or not browser" tests/test_hostile.py

mutation: .venv/ready
	$(BIN)/python tests/mutation.py

# The lock names versions and hashes, no index: pip takes them from wherever this machine is told to look.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.x")'
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Superset has an environment of its own: it needs older versions of what the warehouse uses.
.venv-superset/ready: bi/superset/requirements.in bi/superset/constraints.txt
	@echo "setting up .venv-superset"
	@$(PYTHON) -m venv .venv-superset
	@.venv-superset/bin/python -m pip install --quiet --disable-pip-version-check -r bi/superset/requirements.in -c bi/superset/constraints.txt
	@touch $@

lock:
	uv export --quiet --upgrade --all-extras --no-emit-project --no-annotate --no-header --format requirements-txt --output-file requirements.txt
	rm -f uv.lock

clean:
	rm -rf .venv .venv-superset target warehouse/build
