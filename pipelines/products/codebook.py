"""Codebook: the meaning of every public table, column and code, as CSV, as an HTML page, and as pages of docs/."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from pipelines.products import terms
from pipelines.products.contract import File, Product
from pipelines.products.pages import templates
from pipelines.releases.catalog import Catalog, Column, Table
from pipelines.releases.draft import Draft

COLUMNS = (
    "table_schema", "table_name", "column_name", "position", "data_type", "unit", "is_nullable", "is_primary_key", "references",
    "description",
)  # fmt: skip
# The title of each code list, and the query for its codes, names and meanings.
CODES = {
    "Indicators": "select indicator_code, name_en, definition from marts.dim_indicators",
    "Services": "select service_code, name_en, category from marts.dim_services",
    "Usage measures": "select measure_code, name_en, definition from marts.dim_usage_measures",
    "Observation statuses": "select obs_status_code, name, description from marts.dim_obs_statuses",
    "Levels": """
        select level_code, name_en, concat_ws(', ', 'at least ' || round(minimum_value, 2), 'below ' || round(below_value, 2))
        from marts.dim_levels""",
    "Rating classes": """
        select rating_class_code, level_code, concat('quartile ', quartile, ' of its level') from marts.dim_rating_classes""",
    "Country groups": "select group_code, name_en, definition from marts.dim_country_groups",
    "Sources": "select source_code, title, concat(publisher, '. Licence: ', licence) from marts.dim_sources",
    "Countries": "select country_code, name_en, concat_ws(', ', region_name, subregion_name) from marts.dim_countries",
}


@dataclass(frozen=True)
class CodeList:
    """A code list. Each row has a code, a name and a meaning."""

    title: str
    rows: list[tuple[str, str, str]]


def write(draft: Draft, catalog: Catalog) -> None:
    """Write codebook.csv, which has one row per column of a table, and codebook.html."""
    with open(draft.folder / "codebook.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for table in catalog.tables:
            for position, column in enumerate(table.columns, 1):
                writer.writerow(
                    [
                        table.schema,
                        table.name,
                        column.name,
                        position,
                        column.data_type,
                        column.unit or "",
                        str(column.is_nullable).lower(),
                        str(column.name in table.primary_key).lower(),
                        reference(table, column) or "",
                        column.description,
                    ]
                )
    page = templates(Path(__file__).parent).get_template("codebook.html")
    text = page.render(tables=catalog.tables, codes=code_lists(catalog), reference=reference, terms=terms.of_tables(catalog))
    (draft.folder / "codebook.html").write_text(text, encoding="utf-8")


def code_lists(catalog: Catalog) -> list[CodeList]:
    """Every code list of the release, ordered by code."""
    return [CodeList(title, catalog.connection.execute(f"{query} order by 1").fetchall()) for title, query in CODES.items()]


def reference(table: Table, column: Column) -> str | None:
    """The column that a foreign key refers to, as table.column, or None if the column is in no foreign key."""
    for key in table.foreign_keys:
        if column.name in key.columns:
            return f"{key.table}.{key.referenced[key.columns.index(column.name)]}"
    return None


def markdown_pages(catalog: Catalog) -> dict[str, str]:
    """The generated pages of docs/: file name -> text."""
    dictionary = ["# Dictionary", "", _GENERATED, ""]
    for table in catalog.tables:
        dictionary += [f"## {table.full_name}", "", table.description, "", "| column | type | unit | key | meaning |"]
        dictionary += ["|---|---|---|---|---|"]
        for column in table.columns:
            key = " ".join(
                filter(None, ["primary" if column.name in table.primary_key else "", _arrow(reference(table, column))])
            )
            dictionary.append(f"| {column.name} | {column.data_type} | {column.unit or ''} | {key} | {column.description} |")
        dictionary.append("")

    entities = ["# Entities", "", _GENERATED, "", "```mermaid", "erDiagram"]
    star = [table for table in catalog.tables if table.schema == "marts"]
    for table in star:
        entities.append(f"    {table.name} {{")
        entities += [f"        {_mermaid_type(column)} {column.name}{_mermaid_key(table, column)}" for column in table.columns]
        entities.append("    }")
    for table in star:
        for foreign in table.foreign_keys:
            entities.append(f'    {foreign.table} ||--o{{ {table.name} : "{", ".join(foreign.columns)}"')
    entities += ["```", ""]

    codes = ["# Codes", "", _GENERATED, ""]
    for codelist in code_lists(catalog):
        codes += [f"## {codelist.title}", "", "| code | name | meaning |", "|---|---|---|"]
        codes += [f"| `{code}` | {name} | {meaning or ''} |" for code, name, meaning in codelist.rows]
        codes.append("")
    return {
        "licences.md": _licences(catalog),
        "dictionary.md": "\n".join(dictionary).rstrip() + "\n",
        "entities.md": "\n".join(entities).rstrip() + "\n",
        "codes.md": "\n".join(codes).rstrip() + "\n",
    }


_LICENCES = """# Licences

{generated}

Code: Apache-2.0. Our own code lists and descriptions: CC BY 4.0. Every figure stands under the terms of its publisher, and
nothing here widens them: words that state a doubt, a holder of rights or nothing are passed on as words, and are no licence.

`meta.table_sources` says whose figures, names or texts stand in each table. A source is listed if the SQL of the table reads
it, directly or through other tables, or if a column of the table names it. So a table may list a source of which it holds
little, but leaves none out. `feed` is the log of a portal, if the warehouse holds one. `datapackage.json` repeats this for each
file, and `dcat.jsonld` gives a file a licence only if one licence covers all of it; any other file has a statement of rights.

## Sources

| source | title | publisher | licence, as stated | known licences |
|---|---|---|---|---|
{sources}

## Tables

| table | one licence for all of it | sources |
|---|---|---|
{tables}
"""


def _licences(catalog: Catalog) -> str:
    """The page of licences: what each source states, and which sources stand in each table."""
    sources = [
        f"| `{source.code}` | {source.title} | {source.publisher} | {source.licence} "
        f"| {', '.join(f'[{each.code}]({each.address})' for each in source.licences) or 'none'} |"
        for source in terms.sources(catalog).values()
    ]
    tables = [
        f"| `{name}` | {held.licence.code if held.licence else 'no'} | {', '.join(f'`{each.code}`' for each in held.sources)} |"
        for name, held in terms.of_tables(catalog).items()
    ]
    return _LICENCES.format(generated=_GENERATED, sources="\n".join(sources), tables="\n".join(tables))


_GENERATED = "Generated from the release by `make docs`; a test keeps it in step."


def _arrow(target: str | None) -> str:
    return f"→ {target}" if target else ""


def _mermaid_type(column: Column) -> str:
    return column.data_type.split("(")[0].lower()


def _mermaid_key(table: Table, column: Column) -> str:
    keys = ["PK"] if column.name in table.primary_key else []
    keys += ["FK"] if reference(table, column) else []
    return f" {', '.join(keys)}" if keys else ""


PRODUCT = Product(
    "codebook",
    (
        File("codebook.csv", "text/csv", title="The meaning of every column, as CSV"),
        File("codebook.html", "text/html", is_data=False, title="The meaning of every table, column and code"),
    ),
    write,
    shows_feed=False,
    names_release=False,
)
