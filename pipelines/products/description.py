"""Description: what machines read of a release: a Frictionless data package over its tables, and DCAT with schema.org."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from pipelines.products.contract import Release, Table
from pipelines.products.pages import embeddable
from pipelines.validate import file_hash

TITLE = "Published e-government figures, Kazakhstan first"
SUMMARY = (
    "Indices and use of public services as their publishers print them, cleaned, keyed and tested; each value leads back to "
    "the printed cell it came from."
)
KEYWORDS = ["e-government", "Kazakhstan", "EGDI", "GovTech Maturity Index", "public services", "Internet use"]
FIELD_TYPES = {"VARCHAR": "string", "INTEGER": "integer", "BIGINT": "integer", "DATE": "date", "BOOLEAN": "boolean"}
MEDIA_TYPES = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "xml": "application/xml"}

Json = dict[str, Any]


def write(release: Release) -> None:
    """datapackage.json and dcat.jsonld. Both carry the id and time of the release."""
    raw_package = json.loads(release.project.package_file.read_text(encoding="utf-8"))
    citation = yaml.safe_load((release.project.root / "CITATION.cff").read_text(encoding="utf-8"))
    hashes = {
        path.relative_to(release.folder).as_posix(): file_hash(path)
        for path in sorted(release.folder.rglob("*"))
        if path.suffix[1:] in MEDIA_TYPES
    }
    _write_json(release.folder / "datapackage.json", data_package(release, hashes, raw_package["licenses"], citation))
    _write_json(release.folder / "dcat.jsonld", dcat(release, hashes, raw_package["licenses"][0]["path"], citation))


def data_package(release: Release, hashes: dict[str, str], licences: list[Json], citation: Json) -> Json:
    """The tables as a Frictionless data package (https://datapackage.org): CSV with types and keys, Parquet beside it.

    `hashes` holds the hash of each file by its path in the release.
    """
    return {
        "profile": "data-package",
        "name": "egov-warehouse",
        "title": TITLE,
        "description": f"{SUMMARY} In CSV, text that a spreadsheet would run as a formula has an apostrophe before it.",
        "version": release.release_id,
        "created": release.built_at.isoformat(timespec="seconds"),
        "keywords": KEYWORDS,
        "licenses": licences,
        "contributors": [{"title": author["name"], "role": "author"} for author in citation["authors"]],
        "sources": [
            {key: value for key, value in source.items() if value is not None}
            for source in release.rows(
                """select title, url as path, source_code as name, publisher, citation, licence
                from marts.dim_sources order by source_code"""
            )
        ],
        "resources": [_csv_resource(release, hashes, table) for table in release.tables]
        + [_parquet_resource(release, hashes, table) for table in release.tables],
    }


def dcat(release: Release, hashes: dict[str, str], licence: str, citation: Json) -> Json:
    """The release as a dcat:Dataset (https://www.w3.org/TR/vocab-dcat-3/) that is a schema.org Dataset as well."""
    authors = [author["name"] for author in citation["authors"]]
    periods = release.rows("select min(start_date) as first, max(end_date) as last from marts.dim_periods")[0]
    indicators = release.rows("select indicator_code, name_en, definition from marts.dim_indicators order by 1")
    title = f"{citation['title']}: {TITLE}"
    return {
        "@context": {
            "@vocab": "https://schema.org/",
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
        },
        "@type": ["Dataset", "dcat:Dataset"],
        "@id": f"urn:egov-warehouse:{release.release_id}",
        "name": title,
        "dct:title": title,
        "description": SUMMARY,
        "dct:description": SUMMARY,
        "version": release.release_id,
        "identifier": release.release_id,
        "datePublished": release.built_at.isoformat(timespec="seconds"),
        "dateModified": release.latest_access.isoformat(),
        "inLanguage": ["en", "ru", "kk"],
        "license": licence,
        "creditText": f"{', '.join(authors)} ({release.built_at.year}). {citation['title']}, release {release.release_id}.",
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
        "citation": [row["citation"] for row in release.rows("select citation from marts.dim_sources order by source_code")],
        "distribution": [
            {
                "@type": ["DataDownload", "dcat:Distribution"],
                "name": path,
                "contentUrl": path,
                "encodingFormat": MEDIA_TYPES[Path(path).suffix[1:]],
                "contentSize": str((release.folder / path).stat().st_size),
                "sha256": digest.removeprefix("sha256:"),
            }
            for path, digest in hashes.items()
        ],
    }


def _csv_resource(release: Release, hashes: dict[str, str], table: Table) -> Json:
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
        "primaryKey": list(table.primary_key),
        # without nulls an empty cell is empty text: a printed cell with nothing in it
        "missingValues": [""] if has_null else [],
    }
    if table.foreign_keys:
        schema["foreignKeys"] = [
            {"fields": list(key.columns), "reference": {"resource": key.table, "fields": list(key.referenced)}}
            for key in table.foreign_keys
        ]
    return _resource(release, hashes, f"csv/{table.name}.csv", table.name, table) | {
        "profile": "tabular-data-resource",
        "dialect": {"delimiter": ",", "quoteChar": '"', "doubleQuote": True, "lineTerminator": "\r\n", "header": True},
        "schema": schema,
    }


def _parquet_resource(release: Release, hashes: dict[str, str], table: Table) -> Json:
    described = _resource(release, hashes, f"parquet/{table.name}.parquet", f"{table.name}-parquet", table)
    return described | {"type": "file"}


def _resource(release: Release, hashes: dict[str, str], path: str, name: str, table: Table) -> Json:
    file = release.folder / path
    return {
        "name": name,
        "path": path,
        "title": table.full_name,
        "description": table.description,
        "format": file.suffix[1:],
        "mediatype": MEDIA_TYPES[file.suffix[1:]],
        "encoding": "utf-8",
        "bytes": file.stat().st_size,
        "hash": hashes[path],
    }


def _write_json(path: Path, content: Json) -> None:
    """Write JSON that a catalogue can put into a page as it is."""
    path.write_text(embeddable(json.dumps(content, ensure_ascii=False, indent=2)) + "\n", encoding="utf-8")
