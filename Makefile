# make setup       create the environment in .venv
# make warehouse   set everything up and publish a release
# make test        set everything up and run all tests except the browser tests
# make test-bi     run the browser tests in Chromium: the report, and the dashboards in a real Superset across a rebuild;
#                  open the workbook in LibreOffice; and the recipes for tools that need an environment of their own
# make test-spark  build the models on Spark, locally and on a cluster of this machine, and compare every table with DuckDB
# make lint        check the style and types of Python and SQL
# make docs        update the outputs shown in README.md and the generated pages of docs/ from the current release
# make bench       time and memory of a build, compared with the floor and with another checkout (AGAINST=)
# make bench-scale time and memory of the usage feed at 1, 10 and 100 million rows (MILLIONS=, ROUNDS=)
# make bench-postgres  compare the time of `egov publish postgres` with plain COPY
# make mutation    measure the share of figures for which the tests notice every changed digit
# make faults      kill builds, read during rebuilds, fail writes and mutate files, and count the results (KILLS=, REBUILDS=, WRITES=, MUTANTS=),
#                  with a usage feed of FEED= rows
# make attack      try deliberate attacks and count the results (EDITS=, WRITERS=, SIGNALS=, CALLS=, SERVERS=)
# make lock        update requirements.txt and requirements-spark.txt from pyproject.toml (needs uv)

PYTHON ?= python3
BIN := .venv/bin
# modules, not scripts: the shebang line of a script cannot hold a path with spaces or quotes
RUN := $(BIN)/python -m

.PHONY: setup warehouse test test-bi test-spark lint docs bench bench-scale bench-postgres mutation faults attack lock clean

setup: .venv/ready

warehouse: .venv/ready
	$(RUN) pipelines build

test: .venv/ready
	$(RUN) pytest -n 2 --dist worksteal

test-bi: .venv/ready .venv-superset/ready .venv-tools/ready
	$(RUN) pytest -m browser

test-spark: .venv/spark-ready
	$(RUN) pytest -m spark

lint: .venv/ready
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) sqlfluff lint --disable-progress-bar models tests/dbt

docs: warehouse
	$(RUN) tests.test_docs

bench: .venv/ready
	$(RUN) tests.proofs.bench $(AGAINST)

bench-scale: .venv/spark-ready
	$(RUN) tests.proofs.bench_scale build $(foreach size,$(or $(MILLIONS),1 10 100),--millions $(size)) --rounds $(or $(ROUNDS),3)
	$(RUN) tests.proofs.bench_scale month --millions $(lastword $(or $(MILLIONS),100)) --rounds $(or $(ROUNDS),3)
	$(RUN) tests.proofs.bench_scale memory --millions $(lastword $(or $(MILLIONS),100)) --rounds 1
	for size in $(sort 10 $(lastword $(or $(MILLIONS),100))); do $(RUN) tests.proofs.bench_scale queries --millions $$size || exit; done
	$(RUN) tests.proofs.bench_scale postgres --rounds $(or $(ROUNDS),3)
	for size in 1 10; do $(RUN) tests.proofs.bench_scale spark --millions $$size || exit; done

bench-postgres: .venv/ready
	$(RUN) tests.proofs.bench_postgres

faults: .venv/ready
	$(RUN) tests.proofs.faults raw --count $(or $(MUTANTS),5000)
	$(RUN) tests.proofs.faults writes --count $(or $(WRITES),12) --feed $(or $(FEED),0)
	$(RUN) tests.proofs.faults readers --rebuilds $(or $(REBUILDS),50) --feed $(or $(FEED),0)
	$(RUN) tests.proofs.faults kills --count $(or $(KILLS),200) --feed $(or $(FEED),0)

attack: .venv/ready
	$(RUN) tests.proofs.attacks connection
	$(RUN) tests.proofs.attacks environment
	$(RUN) tests.proofs.attacks folders
	$(RUN) tests.proofs.attacks writers --count $(or $(WRITERS),200)
	$(RUN) tests.proofs.attacks package --count $(or $(EDITS),10000)
	$(RUN) tests.proofs.attacks signals --count $(or $(SIGNALS),60)
	$(RUN) tests.proofs.attacks calls --most $(or $(CALLS),1000)
	$(RUN) tests.proofs.attacks postgres --count $(or $(SERVERS),99)
	$(RUN) pytest -m "browser or not browser" tests/products/test_hostile.py

mutation: .venv/ready
	$(RUN) tests.proofs.mutation

# The lock lists versions and hashes but no index: pip uses whatever index this machine is configured for.
.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.x")'
	@echo "setting up .venv"
	@$(PYTHON) -m venv .venv
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The extra for Spark is as large as everything else together: only `make test-spark` installs it.
.venv/spark-ready: .venv/ready requirements-spark.txt
	@echo "adding Spark to .venv"
	@$(RUN) pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-spark.txt
	@touch $@

# Superset has a separate environment because it needs older versions of some libraries that the warehouse uses.
.venv-superset/ready: bi/superset/requirements.in bi/superset/constraints.txt
	@echo "setting up .venv-superset"
	@$(PYTHON) -m venv .venv-superset
	@.venv-superset/bin/python -m pip install --quiet --disable-pip-version-check -r bi/superset/requirements.in -c bi/superset/constraints.txt
	@touch $@

# The tools of docs/recipes.md that need other versions of some libraries: the MCP server pins an older DuckDB.
.venv-tools/ready: tests/tools.txt
	@echo "setting up .venv-tools"
	@$(PYTHON) -m venv .venv-tools
	@.venv-tools/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/tools.txt
	@touch $@

# requirements-spark.txt holds the lines that the extra for Spark adds to requirements.txt.
lock: EXPORT := uv export --quiet --all-extras --no-emit-project --no-annotate --no-header --format requirements-txt
lock:
	$(EXPORT) --upgrade --no-extra spark --output-file requirements.txt
	$(EXPORT) | grep -vxFf requirements.txt > requirements-spark.txt
	rm -f uv.lock

clean:
	rm -rf .venv .venv-superset .venv-tools target warehouse/build
