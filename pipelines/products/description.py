"""Description: machine-readable descriptions of a release: a Frictionless data package, and DCAT with schema.org.

The products of the release declare which files it holds, and their media types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from pipelines.intake.package import file_hash
from pipelines.products.contract import File, Product
from pipelines.products.pages import embeddable
from pipelines.releases.catalog import Catalog, Table
from pipelines.releases.draft import Draft

TITLE = "Published e-government figures, Kazakhstan first"
SUMMARY = (
    "Indices and usage figures of public services as their publishers print them, cleaned, keyed and tested; each value leads "
    "back to the printed cell it came from."
)
KEYWORDS = ["e-government", "Kazakhstan", "EGDI", "GovTech Maturity Index", "public services", "Internet use"]
FIELD_TYPES = {
    "VARCHAR": "string", "INTEGER": "integer", "BIGINT": "integer", "DATE": "date", "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}  # fmt: skip

Json = dict[str, Any]


def product(described: Sequence[Product]) -> Product:
    """The product that describes a release with the products `described`."""
    files = [file for each in described for file in each.files if file.is_data]
    return Product(
        "description",
        (File("datapackage.json", "application/json"), File("dcat.jsonld", "application/ld+json")),
        partial(write, files=files),
    )


def write(draft: Draft, catalog: Catalog, files: Sequence[File]) -> None:
    """Write datapackage.json and dcat.jsonld, which describe these files of the draft. Both hold the release id and time."""
    raw_package = json.loads(draft.project.package_file.read_text(encoding="utf-8"))
    citation = yaml.safe_load((draft.project.root / "CITATION.cff").read_text(encoding="utf-8"))
    hashes = {path: file_hash(draft.folder / path) for file in files for path in file.paths(catalog.tables)}
    package = data_package(draft, catalog, files, hashes, raw_package["licenses"], citation)
    _write_json(draft.folder / "datapackage.json", package)
    dataset = dcat(draft, catalog, files, hashes, raw_package["licenses"][0]["path"], citation)
    _write_json(draft.folder / "dcat.jsonld", dataset)


def data_package(
    draft: Draft, catalog: Catalog, files: Sequence[File], hashes: dict[str, str], licences: list[Json], citation: Json
) -> Json:
    """The tables as a Frictionless data package (https://datapackage.org): CSV with types and keys, other formats as files.

    `hashes` maps the path of each file in the release to its hash.
    """
    return {
        "profile": "data-package",
        "name": "egov-warehouse",
        "title": TITLE,
        "description": f"{SUMMARY} In CSV, an apostrophe precedes text that a spreadsheet would run as a formula.",
        "version": draft.release_id,
        "created": draft.built_at.isoformat(timespec="seconds"),
        "keywords": KEYWORDS,
        "licenses": licences,
        "contributors": [{"title": author["name"], "role": "author"} for author in citation["authors"]],
        "sources": [
            {key: value for key, value in source.items() if value is not None}
            for source in catalog.rows(
                """select title, url as path, source_code as name, publisher, citation, licence
                from marts.dim_sources order by source_code"""
            )
        ],
        "resources": [
            _resource(draft, hashes, file, table, path)
            for file in files
            if file.is_per_table
            for table in catalog.tables
            for path in file.paths_of(table)
        ],
    }


def dcat(draft: Draft, catalog: Catalog, files: Sequence[File], hashes: dict[str, str], licence: str, citation: Json) -> Json:
    """The release as a dcat:Dataset (https://www.w3.org/TR/vocab-dcat-3/) that is also a schema.org Dataset."""
    media_types = {path: file.media_type for file in files for path in file.paths(catalog.tables)}
    authors = [author["name"] for author in citation["authors"]]
    periods = catalog.rows("select min(start_date) as first, max(end_date) as last from marts.dim_periods")[0]
    indicators = catalog.rows("select indicator_code, name_en, definition from marts.dim_indicators order by 1")
    sources = catalog.rows("select title, url, publisher, licence, citation from marts.dim_sources order by source_code")
    title = f"{citation['title']}: {TITLE}"
    return {
        "@context": {
            "@vocab": "https://schema.org/",
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
        },
        "@type": ["Dataset", "dcat:Dataset"],
        "@id": f"urn:egov-warehouse:{draft.release_id}",
        "name": title,
        "dct:title": title,
        "description": SUMMARY,
        "dct:description": SUMMARY,
        "version": draft.release_id,
        "identifier": draft.release_id,
        "datePublished": draft.built_at.isoformat(timespec="seconds"),
        "dateModified": catalog.latest_access.isoformat(),
        "inLanguage": ["en", "ru", "kk"],
        "license": licence,
        "creditText": f"{', '.join(authors)} ({draft.built_at.year}). {citation['title']}, release {draft.release_id}.",
        "creator": [{"@type": "Organization", "name": name} for name in authors],
        "keywords": KEYWORDS,
        "dcat:keyword": KEYWORDS,
        "isAccessibleForFree": True,
        "temporalCoverage": f"{periods['first']}/{periods['last']}",
        "spatialCoverage": [{"@type": "Place", "name": name} for name in ("Kazakhstan", "World")],
        "variableMeasured": [
            {
                "@type": "PropertyValue",
                "propertyID": row["indicator_code"],
                "name": row["name_en"],
                "description": row["definition"],
            }
            for row in indicators
        ],
        "isBasedOn": [
            {
                "@type": "Dataset",
                "name": row["title"],
                "url": row["url"],
                "publisher": {"@type": "Organization", "name": row["publisher"]},
                # the terms in words: a source whose terms are not stated says so
                "usageInfo": row["licence"],
            }
            for row in sources
        ],
        "citation": [row["citation"] for row in sources],
        "distribution": [
            {
                "@type": ["DataDownload", "dcat:Distribution"],
                "name": path,
                "contentUrl": path,
                "encodingFormat": media_types[path],
                "contentSize": str((draft.folder / path).stat().st_size),
                "sha256": hashes[path].removeprefix("sha256:"),
            }
            for path in sorted(media_types, key=lambda path: path.split("/"))
        ],
    }


def _resource(draft: Draft, hashes: dict[str, str], file: File, table: Table, path: str) -> Json:
    """A table, or a part of one: CSV is a resource with the types and keys of its columns, any other format is a plain file."""
    held = draft.folder / path
    is_csv = file.media_type == "text/csv"
    part = f"-{held.stem}" if table.parts else ""
    described = {
        "name": table.name if is_csv else f"{table.name}{part}-{held.suffix[1:]}",
        "path": path,
        "title": table.full_name,
        "description": table.description,
        "format": held.suffix[1:],
        "mediatype": file.media_type,
        "encoding": "utf-8",
        "bytes": held.stat().st_size,
        "hash": hashes[path],
    }
    return described | (_tabular(table) if is_csv else {"type": "file"})


def _tabular(table: Table) -> Json:
    """The properties of a resource for a table in the CSV format of tables.write_csv."""
    has_null = any(column.is_nullable for column in table.columns)
    schema: Json = {
        "fields": [
            {
                "name": column.name,
                "type": FIELD_TYPES.get(column.data_type, "number"),
                "description": column.description,
                **({"unit": column.unit} if column.unit else {}),
                **({} if column.is_nullable else {"constraints": {"required": True}}),
            }
            for column in table.columns
        ],
        **({"primaryKey": list(table.primary_key)} if table.primary_key else {}),
        # in a table without nulls, an empty cell is empty text: the source printed an empty cell
        "missingValues": [""] if has_null else [],
    }
    if table.foreign_keys:
        schema["foreignKeys"] = [
            {"fields": list(key.columns), "reference": {"resource": key.table, "fields": list(key.referenced)}}
            for key in table.foreign_keys
        ]
    return {
        "profile": "tabular-data-resource",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n", "header": True},
        "schema": schema,
    }


def _write_json(path: Path, content: Json) -> None:
    """Write JSON that a catalogue can embed in a page unchanged."""
    path.write_text(embeddable(json.dumps(content, ensure_ascii=False, indent=2)) + "\n", encoding="utf-8")
