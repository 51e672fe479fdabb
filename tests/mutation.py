"""The mutation score of the data: `make mutation`, a proof that runs for a while and is no part of the tests.

One digit of one figure in raw/ is changed, as a careless transcriber would who also records the new hash; the models are
built and the tests are run. The figure is guarded when something fails: the rule of its column, a data test of dbt, or a
figure keyed a second time. Tried are every figure of the article and a random 500 of the series; survivors are listed.

The models and data tests are run as the SQL that dbt compiled, in one process: the same statements as in a build, without
dbt's own time around them.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import test_published_figures
import test_published_series
from conftest import copy_project, egov
from rich.progress import track

from pipelines.load import load
from pipelines.project import Project

SERIES_SAMPLE = 500
SEED = 2026
NO_FIGURES = {"survey_year", "year", "note", "country_name", "published_code", "grp"}


@dataclass(frozen=True)
class Mutation:
    """One digit of one cell changed; `decimal` is its decimal place, 0 before the point."""

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
    """The models and data tests of a built project, run over raw tables that may be changed."""

    def __init__(self, project: Project) -> None:
        self._loaded = project.root / "loaded.duckdb"
        load(project, self._loaded)
        results = json.loads((project.root / "target/run_results.json").read_text(encoding="utf-8"))["results"]
        nodes = json.loads((project.root / "target/manifest.json").read_text(encoding="utf-8"))["nodes"]
        # a model as dbt made it, with the constraints of its contract: keys and references are rules of the data too
        made = {
            key: (project.root / "target/run/egov" / node["original_file_path"])
            .read_text(encoding="utf-8")
            .replace("__dbt_tmp", "")
            for key, node in nodes.items()
            if node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
        }
        self._steps: list[tuple[dict[str, Any], str]] = [
            (nodes[result["unique_id"]], made.get(result["unique_id"], result["compiled_code"]))
            for result in results
            if result["unique_id"] in nodes and nodes[result["unique_id"]]["resource_type"] in ("model", "test")
        ]
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
        """What fails once the mutation is made; None when nothing does."""
        pattern = self._fields[mutation.file, mutation.column].get("constraints", {}).get("pattern")
        if pattern and not re.search(pattern, mutation.after):
            return "rule of the column"
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self._loaded}' as loaded (read_only)")
            connection.execute("attach ':memory:' as egov")
            connection.execute("copy from database loaded to egov")
            connection.execute("use egov")
            for schema in ("intermediate", "marts", "claims", "reports"):
                connection.execute(f"create schema {schema}")
            table = mutation.file.removesuffix(".csv").replace("/", "_")
            connection.execute(
                f'update raw."{table}" set "{mutation.column}" = ? where raw_row = ?', [mutation.after, mutation.row]
            )
            connection.execute(
                "update raw.cells set cell_text = ? where raw_file = ? and raw_row = ? and raw_column = ?",
                [mutation.after, mutation.file, mutation.row, mutation.column],
            )
            try:
                for node, code in self._steps:
                    if node["resource_type"] == "model":
                        connection.execute(code)
                    elif connection.execute(f"select count(*) from ({code}) as failing").fetchone() != (0,):
                        return f"dbt test {node['name']}"
            except duckdb.Error:
                return "the build"
            for name, check in published_checks():
                try:
                    check(connection)
                except (AssertionError, KeyError, ValueError, IndexError, TypeError):
                    return name
        return None


def published_checks() -> Iterator[tuple[str, Any]]:
    """The tests of figures keyed a second time, each as a function of a connection."""
    for module in (test_published_figures, test_published_series):
        for name, test in vars(module).items():
            if not name.startswith("test_"):
                continue
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for value in marks[0].args[1] if marks else [None]:
                yield name, (lambda release, test=test, value=value: test(release, value) if value else test(release))


def mutate(cell: tuple[str, int, str, str], chance: random.Random) -> Mutation:
    """One digit of the cell, another than it is."""
    file, row, column, text = cell
    place = chance.choice([index for index, character in enumerate(text) if character in "0123456789"])
    digit = chance.choice([other for other in "0123456789" if other != text[place]])
    point = text.find(".")
    decimal = place - point if re.fullmatch(r"\d+\.\d+", text) and place > point else 0
    return Mutation(file, row, column, text, text[:place] + digit + text[place + 1 :], decimal)


def has_to_be_caught(mutation: Mutation) -> bool:
    """The goal: every figure of the article; of the UN survey every rank and the first three decimals of EGDI and parts."""
    return mutation.source == "article" or (
        mutation.column in ("egdi_rank", "egdi", "osi", "tii", "hci") and mutation.decimal <= 3
    )


def main() -> None:
    """Print the score by source and kind of figure, and the survivors. Exit code 1 when the goal is missed."""
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as scratch:
        project = copy_project(Path(scratch))
        done = egov(project, "build")
        if done.returncode:
            sys.exit(done.stderr)
        warehouse = Warehouse(project)
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
        sys.exit(f"{len(missed)} figures that have to be guarded are not")


if __name__ == "__main__":
    main()
