"""The examples in the documents work as shown. `make docs` renews the shown output and writes the generated pages."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from pipelines.products.codebook import markdown_pages
from pipelines.project import Project
from pipelines.releases import connect
from pipelines.releases.catalog import Catalog
from pipelines.releases.inputs import hash_of
from tests.helpers import ROOT, egov, need
from tests.proofs import attacks

BLOCK = re.compile(r"```sql\n(?P<query>.*?)```\n```text\n(?P<shown>.*?)```", re.S)
README = (ROOT / "README.md").read_text(encoding="utf-8")
PITFALLS = (ROOT / "docs" / "pitfalls.md").read_text(encoding="utf-8")
RECIPES = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
RANKS = "select period_code, rank from reports.rpt_rank_history where country_code = 'KAZ' order by 1"


@pytest.mark.parametrize(
    "block", [*BLOCK.finditer(README), *BLOCK.finditer(PITFALLS)], ids=lambda block: block["query"].split("\n")[0][:60]
)
def test_query_has_the_shown_output(built: Project, block: re.Match[str]) -> None:
    said = egov(built, "sql", "--format", "table", block["query"])
    assert said.stdout.strip() == block["shown"].strip()


@pytest.mark.parametrize("pitfall", PITFALLS.split("\n## ")[1:], ids=lambda pitfall: pitfall.split("\n")[0])
def test_a_wrong_query_goes_wrong(pitfall: str) -> None:
    """The answers themselves are tested above: a wrong query has another answer than the right one, and each pair is whole."""
    wrong, right = pitfall.partition("\nRight:")[::2]
    assert len(BLOCK.findall(right)) == 1
    assert len(BLOCK.findall(wrong)) == wrong.count("\nWrong:") <= 1
    if wrong.count("\nWrong:"):
        assert [shown for _, shown in BLOCK.findall(wrong)] != [shown for _, shown in BLOCK.findall(right)]


def test_the_readme_connects(built: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(built.root)
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(code, names)
    assert len(names["claims"]) > 30  # type: ignore[arg-type]


@pytest.mark.parametrize("number", range(3), ids=["duckdb and pandas", "polars", "SQLAlchemy"])
def test_a_python_recipe_runs(built: Project, release: duckdb.DuckDBPyConnection, number: int) -> None:
    recipes = re.findall(r"```python\n(.*?)```", RECIPES, re.S)
    assert len(recipes) == 6
    # a separate process, as a reader would use: within one process, two connections must have the same settings
    shown = "rows = answer.values.tolist() if hasattr(answer, 'values') else list(getattr(answer, 'rows', lambda: answer)())"
    said = subprocess.run(
        [sys.executable, "-c", f"{recipes[number]}\n{shown}\nprint([tuple(row) for row in rows])"],
        cwd=built.root,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0, said.stderr
    assert sorted(ast.literal_eval(said.stdout)) == release.execute(RANKS).fetchall()


@pytest.mark.parametrize(
    ("heading", "query"),
    [
        (
            "Python: Parquet in pandas, with decimals",
            "select period_code, avg(value)::double from marts.fct_index_values where indicator_code = 'EGDI' group by 1",
        ),
        ("Python: CSV in pandas, with Namibia", "select country_code, country_iso2, m49_code from marts.dim_countries"),
    ],
)
def test_a_recipe_for_files_runs(built: Project, release: duckdb.DuckDBPyConnection, heading: str, query: str) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", RECIPES.partition(f"## {heading}\n")[2].partition("\n## ")[0], re.S)
    shown = "answer.reset_index().replace({float('nan'): None}).itertuples(index=False, name=None)"
    said = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(list({shown}))"], cwd=built.root, capture_output=True, text=True, check=True
    )
    rows = release.execute(f"{query} order by 1").fetchall()
    for found, expected in zip(ast.literal_eval(said.stdout), rows, strict=True):
        assert found == pytest.approx(expected), heading


def test_the_command_line_recipe_runs(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    (command,) = re.findall(r"```sh\n(.*?)```", RECIPES, re.S)
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    said = subprocess.run(command, shell=True, cwd=built.root, env=path, capture_output=True, text=True, check=True)
    rows = [(row["period_code"], int(row["rank"])) for row in csv.DictReader(io.StringIO(said.stdout))]
    assert sorted(rows) == release.execute(RANKS).fetchall()
    outside = command.rsplit("-c", 1)[0] + "-c \"from read_csv('dbt_project.yml')\""
    refused = subprocess.run(outside, shell=True, cwd=built.root, env=path, capture_output=True, text=True)
    assert "LocalFileSystem has been disabled" in refused.stderr


def test_the_recipe_of_this_command_line_runs(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    variables = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "EGOV_PROJECT_DIR": str(built.root)}
    commands = re.findall(r"^    (egov sql .*)$", RECIPES, re.M)
    for command in commands:
        subprocess.run(command, shell=True, cwd=tmp_path, env={**os.environ, **variables}, check=True)
    rows = csv.DictReader(io.StringIO((tmp_path / "ranks.csv").read_text(encoding="utf-8")))
    assert sorted((row["period_code"], int(row["rank"])) for row in rows) == release.execute(RANKS).fetchall()
    channels = json.loads((tmp_path / "channels.json").read_text(encoding="utf-8"))
    held = release.execute("select channel_code from marts.dim_channels").fetchall()
    assert [(channel["channel_code"],) for channel in channels] == held


TOOLS = ROOT / ".venv-tools" / "bin"
FORBIDDEN = [
    "from read_csv('/etc/passwd')",
    "copy (select 1) to '{file}.wal'",
    "set threads = 1",
    "create table other (i integer)",
]


def run_tool(built: Project, folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a tool of a recipe in a folder in which the warehouse is at the place that the recipe names."""
    need((TOOLS / "python").exists(), "the tools of the recipes in .venv-tools (`make test-bi` sets them up)")
    if not (folder / "warehouse").exists():
        (folder / "warehouse").symlink_to(built.root / "warehouse")
    path = {**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(folder)}
    return subprocess.run([*command], cwd=folder, env=path, capture_output=True, text=True, timeout=120)


@pytest.mark.browser
def test_the_harlequin_recipe_runs(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (settings,) = re.findall(r"```sql\n(set.*?)```", RECIPES, re.S)
    (tmp_path / "locked.sql").write_text(settings)
    (command,) = re.findall(r"```bash\n(.*?)```", RECIPES, re.S)
    said = run_tool(built, tmp_path, "bash", "-c", command)
    assert said.returncode == 0, said.stderr
    rows = [(row["period_code"], int(row["rank"])) for row in csv.DictReader(io.StringIO(said.stdout))]
    assert sorted(rows) == release.execute(RANKS).fetchall()
    for query in FORBIDDEN:
        tried = f"{command.rsplit('-c', 1)[0]} -c {shlex.quote(query.format(file=built.published_file))}"
        refused = run_tool(built, tmp_path, "bash", "-c", tried)
        assert refused.returncode == 1, query
        assert re.search("disabled by configuration|has been locked|read-only mode", refused.stderr), (query, refused.stderr)


NOTEBOOK = """
import json, sys
import notebook
_, cells = notebook.app.run()
print(json.dumps(cells["answer"].rows()))
for query in json.loads(sys.argv[1]):
    try:
        cells["release"].execute(query)
        print("got through")
    except Exception as refused:
        print(str(refused).splitlines()[0])
"""


@pytest.mark.browser
def test_the_marimo_recipe_runs(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (recipe,) = [code for code in re.findall(r"```python\n(.*?)```", RECIPES, re.S) if "marimo.App" in code]
    (tmp_path / "notebook.py").write_text(recipe)
    checked = run_tool(built, tmp_path, TOOLS / "python", "notebook.py")
    assert checked.returncode == 0, checked.stderr
    queries = json.dumps([query.format(file=built.published_file) for query in FORBIDDEN])
    said = run_tool(built, tmp_path, TOOLS / "python", "-c", NOTEBOOK, queries)
    assert said.returncode == 0, said.stderr
    rows, *refusals = said.stdout.splitlines()
    assert sorted(map(tuple, json.loads(rows))) == release.execute(RANKS).fetchall()
    assert len(refusals) == len(FORBIDDEN)
    for refusal in refusals:
        assert re.search("disabled by configuration|has been locked|read-only mode", refusal), refusal


CLIENT = """
import asyncio, json, sys
from fastmcp import Client
async def ask():
    async with Client(json.loads(sys.argv[1])) as server:
        for query in json.loads(sys.argv[2]):
            answer = await server.call_tool("execute_query", {"sql": query}, raise_on_error=False)
            print(json.dumps([answer.is_error, answer.content[0].text]))
asyncio.run(ask())
"""


@pytest.mark.browser
def test_the_mcp_recipe_runs(built: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    (recipe,) = re.findall(r"```json\n(.*?)```", RECIPES, re.S)
    place = recipe.replace("/path/to/warehouse/current/egov.duckdb", str(built.published_file))
    queries = [RANKS, *(query.format(file=built.published_file) for query in FORBIDDEN)]
    said = run_tool(built, tmp_path, TOOLS / "python", "-c", CLIENT, place, json.dumps(queries))
    assert said.returncode == 0, said.stderr
    (failed, answer), *refusals = map(json.loads, said.stdout.splitlines())
    assert not failed, answer
    assert [tuple(row) for row in json.loads(answer)["rows"]] == release.execute(RANKS).fetchall()
    assert len(refusals) == len(FORBIDDEN)
    for failed, refusal in refusals:
        assert failed
        assert re.search("disabled by configuration|has been locked|read-only mode", refusal), refusal


TRIES = """
import json, sys
for query in json.loads(sys.argv[1]):
    try:
        {run}
    except Exception as refused:
        if "locked" in str(refused) or "disabled" in str(refused) or "read-only" in str(refused) or "not exist" in str(refused):
            continue
        if "Unique file handle conflict" in str(refused):
            continue
        sys.exit(f"{{query}}: {{refused}}")
    sys.exit(f"this got through: {{query}}")
print("all refused")
"""


@pytest.mark.parametrize(
    ("recipe", "run"),
    [
        (re.findall(r"```python\n(.*?)```", README, re.S)[0], "connection.execute(query).fetchall()"),
        (re.findall(r"```python\n(.*?)```", RECIPES, re.S)[0], "connection.execute(query).fetchall()"),
        (
            re.findall(r"```python\n(.*?)```", RECIPES, re.S)[2],
            "connection.rollback() or connection.execute(text(query)).fetchall()",
        ),
    ],
    ids=["README", "duckdb and pandas", "SQLAlchemy"],
)
def test_a_python_recipe_is_closed(built: Project, recipe: str, run: str) -> None:
    opens, _ = re.split(r"^    (?:claims|answer) = ", recipe, maxsplit=1, flags=re.M)
    code = opens + textwrap.indent(TRIES.format(run=run), "    ")
    before = {path: hash_of(path) for path in built.current.rglob("*") if path.is_file()}
    queries = json.dumps(attacks.forbidden(built.published_file))
    said = subprocess.run([sys.executable, "-c", code, queries], cwd=built.root, capture_output=True, text=True)
    assert said.stdout == "all refused\n", said.stderr
    assert {path: hash_of(path) for path in built.current.rglob("*") if path.is_file()} == before


def test_the_command_line_recipe_is_closed(built: Project) -> None:
    (command,) = re.findall(r"```sh\n(.*?)```", RECIPES, re.S)
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    before = {path: hash_of(path) for path in built.current.rglob("*") if path.is_file()}
    for query in attacks.forbidden(built.published_file):
        tried = f"{command.rsplit('-c', 1)[0]} -c {shlex.quote(query)}"
        refused = subprocess.run(tried, shell=True, cwd=built.root, env=path, capture_output=True, text=True)
        assert refused.returncode != 0, query
        assert "Error" in refused.stderr, (query, refused.stderr)
    assert {path: hash_of(path) for path in built.current.rglob("*") if path.is_file()} == before


def test_the_generated_pages_are_those_of_the_release(release: duckdb.DuckDBPyConnection) -> None:
    for name, text in markdown_pages(Catalog(release)).items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text, f"docs/{name} is out of date: run make docs"


if __name__ == "__main__":
    current = Project(ROOT)

    def renewed(block: re.Match[str]) -> str:
        output = egov(current, "sql", "--format", "table", block["query"]).stdout.strip()
        return f"```sql\n{block['query']}```\n```text\n{output}\n```"

    (ROOT / "README.md").write_text(BLOCK.sub(renewed, README), encoding="utf-8")
    (ROOT / "docs" / "pitfalls.md").write_text(BLOCK.sub(renewed, PITFALLS), encoding="utf-8")
    with connect.connect(current.published_file) as published:
        for page, content in markdown_pages(Catalog(published)).items():
            (ROOT / "docs" / page).write_text(content, encoding="utf-8")
