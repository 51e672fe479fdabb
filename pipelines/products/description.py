"""Description: machine-readable descriptions of a release: a Frictionless data package, and a DCAT catalogue.

The products of the release declare which files it holds, and what they are.

dcat.jsonld follows DCAT-AP 3.0 (https://semiceu.github.io/DCAT-AP/releases/3.0.0/). Each public table is a dcat:Dataset: a
portal lists and finds datasets, and the tables differ in what they hold, whom they are from and under which terms. The files
that hold one table, in whatever format, are its distributions. What holds the whole release, such as the database, is a
distribution of one more dataset, which has the citation and is a schema.org Dataset too.

A release has no address of its own: it is served from wherever somebody puts its folder. So every address in dcat.jsonld that
leads to a part of the release is relative, and there is no @base: JSON-LD resolves it against the address from which the
document was read. Identifiers (dct:identifier) stay the same wherever that is. No contact point is stated: none is known.

No licence is wider than those of the sources: see terms.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from pipelines.intake.package import file_hash
from pipelines.products import terms
from pipelines.products.contract import File, Product
from pipelines.products.pages import embeddable, is_web_address
from pipelines.products.terms import Licence, Terms
from pipelines.releases.catalog import Catalog, Table
from pipelines.releases.draft import Draft

TITLE = {
    "en": "Published e-government figures, Kazakhstan first",
    "ru": "Опубликованные показатели электронного правительства, прежде всего Казахстана",
    "kk": "Электрондық үкімет туралы жарияланған көрсеткіштер, ең алдымен Қазақстан бойынша",
}
SUMMARY = {
    "en": "Indices and usage figures of public services as their publishers print them, cleaned, keyed and tested; each value "
    "leads back to the printed cell it came from.",
    "ru": "Индексы и показатели использования государственных услуг в том виде, в каком их печатают издатели: очищенные, с "
    "ключами, проверенные; каждое значение ведёт к напечатанной ячейке, из которой оно взято.",
    "kk": "Индекстер мен мемлекеттік көрсетілетін қызметтерді пайдалану көрсеткіштері жариялаушылары басып шығарған күйінде: "
    "тазартылған, кілттері бар және тексерілген; әр мән бойынша оның басылған ұяшығы көрсетілген.",
}
KEYWORDS = {
    "en": ["e-government", "Kazakhstan", "EGDI", "GovTech Maturity Index", "public services", "Internet use"],
    "ru": ["электронное правительство", "Казахстан", "государственные услуги"],
    "kk": ["электрондық үкімет", "Қазақстан", "мемлекеттік көрсетілетін қызметтер"],
}
FIELD_TYPES = {
    "VARCHAR": "string", "INTEGER": "integer", "BIGINT": "integer", "DATE": "date", "BOOLEAN": "boolean",
    "TIMESTAMP WITH TIME ZONE": "datetime",
}  # fmt: skip

# The source of our own code lists and descriptions.
OWN = "egov_warehouse"
DATA_PACKAGE = File(
    "datapackage.json",
    "application/json",
    title="The tables as a Frictionless data package",
    conforms_to="https://specs.frictionlessdata.io/data-package/",
)
DCAT_AP = "https://semiceu.github.io/DCAT-AP/releases/3.0.0/"
# https://www.w3.org/TR/vocab-dcat-3/#Property:distribution_media_type asks for the types that IANA registers
MEDIA_TYPES = "https://www.iana.org/assignments/media-types/"
# the vocabularies of the EU that DCAT-AP prescribes
AUTHORITY = "http://publications.europa.eu/resource/authority/"
FILE_TYPES = {
    "application/json": "JSON", "application/vnd.apache.parquet": "PARQUET", "application/xml": "XML", "text/csv": "CSV",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX", "text/html": "HTML",
}  # fmt: skip
LANGUAGES = {"en": "ENG", "ru": "RUS", "kk": "KAZ", "fr": "FRA"}
WORLD = {"en": "World", "ru": "Мир", "kk": "Әлем"}
KAZAKHSTAN = {"en": "Kazakhstan", "ru": "Казахстан", "kk": "Қазақстан"}
NAMESPACES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Json = dict[str, Any]


def product(described: Sequence[Product]) -> Product:
    """The product that describes a release with the products `described`."""
    return Product(
        "description",
        (DATA_PACKAGE, File("dcat.jsonld", "application/ld+json")),
        partial(write, files=[file for each in described for file in each.files]),
    )


def write(draft: Draft, catalog: Catalog, files: Sequence[File]) -> None:
    """Write datapackage.json and dcat.jsonld, which describe these files of the draft. Both hold the release id and time."""
    citation = yaml.safe_load((draft.project.root / "CITATION.cff").read_text(encoding="utf-8"))
    hashes = {path: file_hash(draft.folder / path) for file in files if file.is_data for path in file.paths(catalog.tables)}
    held = terms.of_tables(catalog)
    _write_json(draft.folder / DATA_PACKAGE.path, data_package(draft, catalog, files, hashes, held, citation))
    hashes[DATA_PACKAGE.path] = file_hash(draft.folder / DATA_PACKAGE.path)
    _write_json(draft.folder / "dcat.jsonld", dcat(draft, catalog, [*files, DATA_PACKAGE], hashes, held, citation))


def data_package(
    draft: Draft,
    catalog: Catalog,
    files: Sequence[File],
    hashes: Mapping[str, str],
    held: Mapping[str, Terms],
    citation: Json,
) -> Json:
    """The tables as a Frictionless data package (https://datapackage.org): CSV with types and keys, other formats as files.

    `hashes` maps the path of each data file in the release to its hash, `held` each table to its terms. The package itself
    states no licence: it would be one for all tables.
    """
    return {
        "profile": "data-package",
        "name": "egov-warehouse",
        "title": TITLE["en"],
        "description": f"{SUMMARY['en']} In CSV, an apostrophe precedes text that a spreadsheet would run as a formula. Each "
        "resource names its sources and licences; no licence covers all of them.",
        "version": draft.release_id,
        "created": draft.built_at.isoformat(timespec="seconds"),
        "keywords": KEYWORDS["en"],
        "contributors": [{"title": author["name"], "role": "author"} for author in citation["authors"]],
        "sources": [
            _source(source) | {"publisher": source.publisher, "citation": source.citation, "licence": source.licence}
            for source in terms.sources(catalog).values()
        ],
        "resources": [
            _resource(draft, hashes, held[table.full_name], file, table, path)
            for file in files
            if file.is_per_table
            for table in catalog.tables
            for path in file.paths_of(table)
        ],
    }


def dcat(
    draft: Draft,
    catalog: Catalog,
    files: Sequence[File],
    hashes: Mapping[str, str],
    held: Mapping[str, Terms],
    citation: Json,
) -> Json:
    """The release as a dcat:Catalog in JSON-LD. The arguments are those of `data_package`."""
    whole = terms.together(held.values())
    datasets = [
        *(_table_dataset(draft, catalog, files, hashes, held[table.full_name], table) for table in catalog.tables),
        _release_dataset(draft, catalog, files, hashes, whole, citation),
    ]
    own = terms.sources(catalog).get(OWN)
    return {
        "@context": NAMESPACES,
        "@graph": [
            {
                "@id": "#catalog",
                "@type": "dcat:Catalog",
                "dct:title": _texts(TITLE),
                "dct:description": _texts(SUMMARY),
                "dct:publisher": {"@id": "#publisher"},
                "dct:issued": _typed("dateTime", draft.built_at.isoformat(timespec="seconds")),
                "dct:modified": _typed("dateTime", draft.built_at.isoformat(timespec="seconds")),
                "dct:language": _languages(TITLE),
                "dct:conformsTo": _node(DCAT_AP, "dct:Standard"),
                "dcat:themeTaxonomy": _node(f"{AUTHORITY}data-theme", "skos:ConceptScheme")
                | {"dct:title": _texts({"en": "Data themes of the EU"})},
                # the terms of the description itself, which is our own; those of the files are stated for each file
                **({"dct:license": _licence(own.licences[0])} if own and own.licences else {}),
                "dcat:dataset": [{"@id": dataset["@id"]} for dataset in datasets],
            },
            {
                "@id": "#publisher",
                "@type": "foaf:Agent",
                "foaf:name": ", ".join(author["name"] for author in citation["authors"]),
            },
            *datasets,
            *(_origin(source) for source in whole.sources),
        ],
    }


def _table_dataset(
    draft: Draft, catalog: Catalog, files: Sequence[File], hashes: Mapping[str, str], held: Terms, table: Table
) -> Json:
    """The dataset of a table: its distributions are the files that hold it. A part of it is a distribution of its own."""
    paths = [
        (file, path)
        for file in files
        if file.is_per_table or file.table == table.name
        for path in (file.paths_of(table) if file.is_per_table else [file.path])
    ]
    words = table.name.split("_", 1)[-1].replace("_", " ").capitalize()
    return {
        **_dataset(draft, table.full_name, held),
        "dct:title": _texts({"en": f"{words} ({table.full_name})"}),
        "dct:description": _texts({"en": table.description}),
        "dcat:keyword": _texts(KEYWORDS),
        "dct:language": _languages({"en", *(column.name[-2:] for column in table.columns if column.name[-3:-2] == "_")}),
        **_coverage(catalog, table),
        "dcat:distribution": [_distribution(draft, hashes, held, f"#{table.full_name}", file, path) for file, path in paths],
    }


def _release_dataset(
    draft: Draft, catalog: Catalog, files: Sequence[File], hashes: Mapping[str, str], held: Terms, citation: Json
) -> Json:
    """The dataset of the whole release: what no one table holds. It has the citation, for catalogues that read schema.org."""
    periods = catalog.rows("select min(start_date) as first, max(end_date) as last from marts.dim_periods")[0]
    indicators = catalog.rows(
        "select indicator_code, name_en, name_ru, name_kk, definition from marts.dim_indicators order by 1"
    )
    authors = ", ".join(author["name"] for author in citation["authors"])
    single = [file for file in files if not file.is_per_table and not file.table]
    # the row of meta.build_info is written after the products: release.json has the hash of the database
    database = File(draft.database.name, "application/octet-stream", title="The database, for DuckDB 1.4 and later")
    return {
        **_dataset(draft, "release", held),
        "@type": ["dcat:Dataset", "schema:Dataset"],
        "dct:title": _texts(TITLE),
        "dct:description": _texts(SUMMARY),
        "dcat:keyword": _texts(
            {language: [*words, *(row[f"name_{language}"] for row in indicators)] for language, words in KEYWORDS.items()}
        ),
        "dct:language": _languages(TITLE),
        "dct:temporal": _period(periods),
        "dct:spatial": [_place(KAZAKHSTAN), _place(WORLD)],
        "foaf:page": [
            _node(file.path, "foaf:Document") | {"dct:title": file.title or file.path} for file in single if not file.is_data
        ],
        "dcat:distribution": [
            _distribution(draft, hashes, held, "#release", file, file.path)
            for file in [database, *(file for file in single if file.is_data)]
        ],
        "schema:name": f"{citation['title']}: {TITLE['en']}",
        "schema:description": SUMMARY["en"],
        "schema:version": draft.release_id,
        "schema:creator": {"@type": "schema:Organization", "schema:name": authors},
        "schema:creditText": f"{authors} ({draft.built_at.year}). {citation['title']}, release {draft.release_id}.",
        "schema:citation": [source.citation for source in terms.sources(catalog).values()],
        "schema:isAccessibleForFree": True,
        "schema:temporalCoverage": f"{periods['first']}/{periods['last']}",
        "schema:variableMeasured": [
            {
                "@type": "schema:PropertyValue",
                "schema:propertyID": row["indicator_code"],
                "schema:name": row["name_en"],
                "schema:description": row["definition"],
            }
            for row in indicators
        ],
    }


def _dataset(draft: Draft, name: str, held: Terms) -> Json:
    """What every dataset of a release says. Its parts share one statement of rights, unless one licence covers it."""
    return {
        "@id": f"#{name}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"egov-warehouse:{name}",
        "dcat:version": draft.release_id,
        "dct:publisher": {"@id": "#publisher"},
        "dct:issued": _typed("dateTime", draft.built_at.isoformat(timespec="seconds")),
        "dct:modified": _typed("dateTime", draft.built_at.isoformat(timespec="seconds")),
        "dcat:theme": _node(f"{AUTHORITY}data-theme/GOVE", "skos:Concept")
        | {"skos:prefLabel": _texts({"en": "Government and public sector"})},
        "prov:wasDerivedFrom": [{"@id": f"#source-{source.code}"} for source in held.sources],
        **({} if held.licence else {"dct:rights": _rights(f"#{name}", held)}),
    }


def _distribution(draft: Draft, hashes: Mapping[str, str], held: Terms, dataset: str, file: File, path: str) -> Json:
    """A file of the release. If `hashes` does not know it, its size and its checksum are left out."""
    known: Json = {}
    if path in hashes:
        algorithm = _node(f"{NAMESPACES['spdx']}checksumAlgorithm_sha256", "spdx:ChecksumAlgorithm")
        value = _typed("hexBinary", hashes[path].removeprefix("sha256:"))
        known = {
            "dcat:byteSize": _typed("nonNegativeInteger", str((draft.folder / path).stat().st_size)),
            "spdx:checksum": {"@type": "spdx:Checksum", "spdx:algorithm": algorithm, "spdx:checksumValue": value},
        }
    file_type = FILE_TYPES.get(file.media_type)
    return {
        "@id": f"#{path}",
        "@type": "dcat:Distribution",
        "dct:title": file.title or path,
        # DCAT-AP asks for both, and for the same address in both if a file can be had in no other way
        "dcat:accessURL": _node(path, "rdfs:Resource"),
        "dcat:downloadURL": _node(path, "rdfs:Resource"),
        "dcat:mediaType": _node(f"{MEDIA_TYPES}{file.media_type}", "dct:MediaType"),
        **({"dct:format": _node(f"{AUTHORITY}file-type/{file_type}", "dct:MediaTypeOrExtent")} if file_type else {}),
        **known,
        **({"dct:conformsTo": _node(file.conforms_to, "dct:Standard")} if file.conforms_to else {}),
        **({"dct:license": _licence(held.licence)} if held.licence else {"dct:rights": {"@id": f"{dataset}-rights"}}),
    }


def _rights(dataset: str, held: Terms) -> Json:
    return {"@id": f"{dataset}-rights", "@type": "dct:RightsStatement", "rdfs:label": _texts({"en": held.statement})}


def _licence(licence: Licence) -> Json:
    return _node(licence.address, "dct:LicenseDocument") | {"dct:title": _texts({"en": licence.title})}


def _origin(source: terms.Source) -> Json:
    """A source as where datasets come from. It is no dcat:Dataset: a portal would list it as one that can be had here."""
    publisher = {"@type": "foaf:Agent", "foaf:name": source.publisher}
    return {
        "@id": f"#source-{source.code}",
        "@type": "prov:Entity",
        "dct:identifier": source.code,
        "dct:title": source.title,
        **({"dct:publisher": publisher} if source.publisher != terms.NOT_STATED else {}),
        "dct:bibliographicCitation": source.citation,
        **({"foaf:page": _node(source.url, "foaf:Document")} if source.url and is_web_address(source.url) else {}),
        **({"dct:license": [_licence(licence) for licence in source.licences]} if source.licences else {}),
        "dct:rights": _rights(f"#source-{source.code}", Terms((source,))),
    }


def _coverage(catalog: Catalog, table: Table) -> Json:
    """The time and the place of a table that has columns for them."""
    columns = {column.name for column in table.columns}
    found: Json = {}
    if "period_code" in columns:
        (days,) = catalog.rows(
            f"""select min(periods.start_date) as first, max(periods.end_date) as last
            from {table.full_name} join marts.dim_periods as periods using (period_code)"""
        )
        if days["first"]:
            found["dct:temporal"] = _period(days)
    if "country_code" in columns:
        countries = catalog.rows(f"select distinct country_code from {table.full_name} where country_code is not null limit 2")
        if countries:
            found["dct:spatial"] = _place(KAZAKHSTAN if countries == [{"country_code": "KAZ"}] else WORLD)
    return found


def _period(days: Json) -> Json:
    first, last = (_typed("date", days[end].isoformat()) for end in ("first", "last"))
    return {"@type": "dct:PeriodOfTime", "dcat:startDate": first, "dcat:endDate": last}


def _place(names: Mapping[str, str]) -> Json:
    # the EU's list has countries but no place for the world: that is the Earth of GeoNames
    address = f"{AUTHORITY}country/KAZ" if names is KAZAKHSTAN else "https://sws.geonames.org/6295630/"
    return _node(address, "dct:Location") | {"skos:prefLabel": _texts(names)}


def _languages(codes: Iterable[str]) -> list[Json]:
    known = [LANGUAGES[code] for code in LANGUAGES if code in {*codes}]
    return [_node(f"{AUTHORITY}language/{code}", "dct:LinguisticSystem") for code in known]


def _texts(said: Mapping[str, str | list[str]]) -> list[Json]:
    """The literals of a text, or of several, in each language."""
    return [
        {"@language": language, "@value": text}
        for language, texts in said.items()
        for text in ([texts] if isinstance(texts, str) else texts)
    ]


def _typed(kind: str, value: str) -> Json:
    return {"@type": f"xsd:{kind}", "@value": value}


def _node(address: str, kind: str) -> Json:
    """A resource and what it is: DCAT-AP requires each description to say it."""
    return {"@id": address, "@type": kind}


def _source(source: terms.Source) -> Json:
    """A source as the data package standard describes it."""
    return {"name": source.code, "title": source.title, **({"path": source.url} if source.url else {})}


def _licences(held: Terms) -> list[Json]:
    """The licences of a resource as the data package standard describes them. Other terms get a name of their own."""
    said = {}
    for source in held.sources:
        for licence in source.licences:
            said[licence.code] = {"name": licence.code, "title": licence.title, "path": licence.address}
        if not source.licences:
            name = f"LicenseRef-{source.code.replace('_', '-')}"
            said[name] = {"name": name, "title": source.statement}
    return list(said.values())


def _resource(draft: Draft, hashes: Mapping[str, str], held: Terms, file: File, table: Table, path: str) -> Json:
    """A table, or a part of one: CSV is a resource with the types and keys of its columns, any other format is a plain file."""
    there = draft.folder / path
    is_csv = file.media_type == "text/csv"
    part = f"-{there.stem}" if table.parts else ""
    described = {
        "name": table.name if is_csv else f"{table.name}{part}-{there.suffix[1:]}",
        "path": path,
        "title": table.full_name,
        "description": table.description,
        "format": there.suffix[1:],
        "mediatype": file.media_type,
        "encoding": "utf-8",
        "bytes": there.stat().st_size,
        "hash": hashes[path],
        "licenses": _licences(held),
        "sources": [_source(source) for source in held.sources],
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
