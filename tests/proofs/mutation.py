"""The mutation score of the data: `make mutation`, a proof that takes a while and is not part of the test suite.

Each mutation changes one digit of one figure in raw/, like a careless transcriber who also records the new hash. Then the
models are built and the tests run. The figure is guarded if something fails: the rule of its column, a dbt data test, or a
check against the figures that were typed in a second time. The proof tries every figure of the article and a random 100 of the
series, and lists the survivors.

Models and data tests run in one process, as the SQL that dbt compiled: the same statements as in a build, without dbt's own
overhead. A model is built only when a check needs it.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from rich.progress import track

from pipelines.intake.load import load
from pipelines.project import Project
from tests.helpers import copy_project, egov
from tests.published import test_published_figures, test_published_series, test_second_readings

T = TypeVar("T")
SERIES_SAMPLE = 100
SEED = 2026
NO_FIGURES = {
    "survey_year", "year", "note", "country_name", "published_code", "grp", "service_name_en", "service_name_fr", "department_en",
    "department_fr", "abbr_en", "legal_title", "applied_title", "start", "end_fin",
}  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """A change of one digit of one cell; `decimal` is the digit's decimal place, 0 before the point."""

    file: str
    row: int
    column: str
    before: str
    after: str
    decimal: int

    @property
    def source(self) -> str:
        return self.file.split("/")[0]

    @property
    def kind(self) -> str:
        table = self.file.split("/")[1].removesuffix(".csv")
        return f"{table if self.source == 'article' else ''} {self.column}".strip()

    def __str__(self) -> str:
        return f"raw/{self.file}, row {self.row}, column {self.column}: {self.before} -> {self.after}"


class Warehouse:
    """The compiled models and data tests of a built project, on raw tables in which one cell may be changed."""

    def __init__(self, project: Project) -> None:
        self._loaded = project.root / "loaded.duckdb"
        self._arrivals = project.work_file
        load(project, self._loaded)
        target = project.root / "target"
        nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
        stored = [
            node
            for node in nodes.values()
            if node["resource_type"] == "model" and node["config"]["materialized"] in ("table", "incremental")
        ]
        names = {node["unique_id"]: f"{node['database']}.{node['schema']}.{node['name']}" for node in stored}
        self._models = {
            names[node["unique_id"]]: f"create table {names[node['unique_id']]} as {node['compiled_code']}" for node in stored
        }
        # as dbt created them, with the constraints of their contracts: keys and references also guard the data, but take their time
        self._contracts = {
            names[node["unique_id"]]: (target / "run/egov" / node["original_file_path"])
            .read_text(encoding="utf-8")
            .replace("__dbt_tmp", "")
            for node in stored
        }
        tests = {node["name"] for node in nodes.values() if node["resource_type"] == "test"}
        compiled = sorted((target / "tests/compiled/egov").rglob("*.sql"))
        self._tests = {file.stem: file.read_text(encoding="utf-8") for file in compiled if file.stem in tests}
        assert len(self._models) > 40
        assert len(self._tests) > 20
        self._checks = list(published_checks())
        package = json.loads(project.package_file.read_text(encoding="utf-8"))
        self._fields = {
            (resource["path"], field["name"]): field
            for resource in package["resources"]
            for field in resource["schema"]["fields"]
        }

    def cells(self) -> list[tuple[str, int, str, str]]:
        """Every printed cell that holds a digit: file, row, column, text."""
        with duckdb.connect(str(self._loaded), read_only=True) as connection:
            rows = connection.execute(
                "select raw_file, raw_row, raw_column, cell_text from raw.cells where regexp_matches(cell_text, '[0-9]') order by all"
            ).fetchall()
        return [row for row in rows if self._fields[row[0], row[2]].get("printed") and row[2] not in NO_FIGURES]

    def caught_by(self, mutation: Mutation) -> str | None:
        """The name of the check that fails because of the mutation; None if every check passes."""
        pattern = self._fields[mutation.file, mutation.column].get("constraints", {}).get("pattern")
        if pattern and not re.search(pattern, mutation.after):
            return "rule of the column"
        return self.fails_on(mutation)

    def fails_on(self, mutation: Mutation | None) -> str | None:
        """The first check that fails; None if all pass, as they must without a mutation."""
        with self._mutated(mutation) as connection:
            for place, (name, check) in enumerate(self._checks):
                try:
                    self._with_models(connection, partial(check, connection))
                except (AssertionError, KeyError, ValueError, IndexError, TypeError):
                    # the next mutation is probably of the same kind: next time, try the check that caught this one first
                    self._checks.insert(0, self._checks.pop(place))
                    return name
                except duckdb.Error:
                    return "the build"
            for name, code in self._tests.items():
                query = f"select count(*) from ({code}) as failing"
                try:
                    if self._with_models(connection, lambda query=query: connection.execute(query).fetchone()) != (0,):  # type: ignore[misc]
                        return f"dbt test {name}"
                except duckdb.Error:
                    return "the build"
        with self._mutated(mutation) as connection:
            try:
                for model in self._contracts:
                    self._with_models(connection, partial(connection.execute, f"select 1 from {model}"), self._contracts)
            except duckdb.Error:
                return "the build"
        return None

    @contextlib.contextmanager
    def _mutated(self, mutation: Mutation | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The raw tables with the mutation, and no models yet. Every table is a view of the table on disk."""
        with duckdb.connect() as connection:
            for database in ("egov", "work"):
                connection.execute(f"attach ':memory:' as {database}")
            connection.execute(f"attach '{self._loaded}' as loaded (read_only)")
            connection.execute("use egov")
            for schema in {"egov.raw", *(name.rpartition(".")[0] for name in self._models)}:
                connection.execute(f"create schema {schema}")
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'loaded' and schema_name = 'raw'"
            ).fetchall():
                connection.execute(f'create view raw."{table}" as from loaded.raw."{table}"')
            connection.execute(f"attach '{self._arrivals}' as arrivals (read_only)")
            connection.execute("create schema work.feed")
            connection.execute("create view work.feed.new_files as from arrivals.feed.new_files")
            if mutation:
                changed = mutation.file.removesuffix(".csv").replace("/", "_")
                connection.execute(
                    f"""create or replace view raw."{changed}" as select * replace (
                        if(raw_row = {mutation.row}, {quoted(mutation.after)}, "{mutation.column}") as "{mutation.column}")
                    from loaded.raw."{changed}\""""
                )
                connection.execute(
                    f"""create or replace view raw.cells as select * replace (
                        if(raw_file = {quoted(mutation.file)} and raw_row = {mutation.row}
                            and raw_column = {quoted(mutation.column)}, {quoted(mutation.after)}, cell_text) as cell_text)
                    from loaded.raw.cells"""
                )
            yield connection

    def _with_models(
        self, connection: duckdb.DuckDBPyConnection, ask: Callable[[], T], models: dict[str, str] | None = None
    ) -> T:
        """Return the result of `ask`. If a model is missing, build it and ask again: most mutations need only a few models."""
        while True:
            try:
                return ask()
            except duckdb.CatalogException as error:
                missing = re.search(r'Table with name "?(?:\w+\.)*(\w+)"? does not exist', str(error))
                model = next((name for name in self._models if missing and name.endswith(f".{missing[1]}")), None)
                if model is None:
                    raise
            self._with_models(connection, partial(self._build, connection, (models or self._models)[model]), models)

    def _build(self, connection: duckdb.DuckDBPyConnection, code: str) -> None:
        connection.begin()
        try:
            connection.execute(code)
        except duckdb.Error:
            connection.rollback()
            raise
        connection.commit()


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def published_checks() -> Iterator[tuple[str, Any]]:
    """The tests against figures that were typed in a second time, each as a function that takes a connection."""
    for module in (test_published_figures, test_published_series, test_second_readings):
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for value in marks[0].args[1] if marks else [None]:
                yield name, (lambda release, test=test, value=value: test(release, value) if value else test(release))


def mutate(cell: tuple[str, int, str, str], chance: random.Random) -> Mutation:
    """Replace one random digit of the cell with a different digit."""
    file, row, column, text = cell
    place = chance.choice([index for index, character in enumerate(text) if character in "0123456789"])
    digit = chance.choice([other for other in "0123456789" if other != text[place]])
    point = text.find(".")
    decimal = place - point if re.fullmatch(r"\d+\.\d+", text) and place > point else 0
    return Mutation(file, row, column, text, text[:place] + digit + text[place + 1 :], decimal)


def has_to_be_caught(mutation: Mutation) -> bool:
    """Whether a mutation must be caught: any figure of the article and any count, and in the UN survey ranks and three decimals."""
    return mutation.source in ("article", "isora", "ca_service_inventory") or (
        mutation.column in ("egdi_rank", "egdi", "osi", "tii", "hci") and mutation.decimal <= 3
    )


def main() -> None:
    """Print the score by source and kind of figure, and the survivors. Exit code 1 if a mutation survives that must not."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        project = copy_project(Path(scratch))
        done = egov(project, "build")
        if done.returncode:
            sys.exit(done.stderr)
        warehouse = Warehouse(project)
        if broken := warehouse.fails_on(None):
            sys.exit(f"broken before any digit is changed: {broken}")
        cells = warehouse.cells()
        article = [cell for cell in cells if cell[0].startswith("article/")]
        series = chance.sample([cell for cell in cells if not cell[0].startswith(("article/", "codes/"))], SERIES_SAMPLE)
        mutations = [mutate(cell, chance) for cell in [*article, *series]]
        caught = {mutation: warehouse.caught_by(mutation) for mutation in track(mutations, "mutations")}
    score: dict[tuple[str, str], Counter[bool]] = {}
    for mutation, by in caught.items():
        score.setdefault((mutation.source, mutation.kind), Counter())[by is not None] += 1
    print(f"{'source':<18}{'figure':<40}{'tried':>6}{'caught':>8}")
    for (source, kind), counts in sorted(score.items()):
        print(f"{source:<18}{kind:<40}{counts.total():>6}{counts[True]:>8}")
    guards = Counter(by.split(" ")[0] if by else "nothing" for by in caught.values())
    print(f"\ncaught {sum(by is not None for by in caught.values())} of {len(caught)}; first by: {dict(guards)}")
    survivors = [mutation for mutation, by in caught.items() if by is None]
    for survivor in survivors:
        print(f"survived: {survivor}")
    if missed := [survivor for survivor in survivors if has_to_be_caught(survivor)]:
        sys.exit(f"{len(missed)} figures that must be guarded are not")


if __name__ == "__main__":
    main()
