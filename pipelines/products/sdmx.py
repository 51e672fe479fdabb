"""SDMX: the fact tables as SDMX-CSV 2.0, with the structure that describes them.

Codes and names come from the dimensions of the release, descriptions of components from its columns: nothing is repeated here.
Standard: SDMX 3.0, https://sdmx.org/standards-2/.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from pipelines.products.contract import Extra, File, Product
from pipelines.project import EgovError
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

AGENCY = "EGOV_WAREHOUSE"
VERSION = "1.0"
STRUCTURE_FILE = "structure.xml"
SDMX_ML, SDMX_CSV = "https://github.com/sdmx-twg/sdmx-ml", "https://github.com/sdmx-twg/sdmx-csv"
# Characters that XML 1.0 cannot hold, not even escaped: pysdmx would write them, and no reader could open the file.
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# What a dimension says where the fact has no code: all parts together, or nothing to tell apart.
TOTAL, NOT_APPLICABLE = "_T", "_Z"

# The id of each code list, and the query for its codes and names.
CODELISTS = {
    "CL_AREA": "select country_code, name_en from marts.dim_countries",
    "CL_INDICATOR": "select indicator_code, name_en from marts.dim_indicators",
    "CL_SERVICE": "select service_code, name_en from marts.dim_services",
    "CL_USAGE_MEASURE": "select measure_code, name_en from marts.dim_usage_measures",
    "CL_OBS_STATUS": "select obs_status_code, name from marts.dim_obs_statuses",
    "CL_LEVEL": "select level_code, name_en from marts.dim_levels",
    "CL_RATING_CLASS": "select rating_class_code, rating_class_code from marts.dim_rating_classes",
    "CL_SOURCE": "select source_code, title from marts.dim_sources",
    # an SDMX code holds no slash: the code of the fiscal year 2018-04-01/P1Y is 2018-04-01_P1Y
    "CL_PERIOD": "select replace(period_code, '/', '_'), period_code from marts.dim_periods",
    "CL_CHANNEL": f"select channel_code, name_en from marts.dim_channels union all select '{TOTAL}', 'All channels'",
    "CL_AGENCY": "select agency_code, name_en from marts.dim_agencies"
    f" union all select '{NOT_APPLICABLE}', 'The source names no agency'",
    "CL_REGION": f"select region_code, name_en from marts.dim_regions union all select '{TOTAL}', 'The whole country'",
    "CL_SEX": f"select * from (values ('F', 'Female'), ('M', 'Male'), ('{TOTAL}', 'Total'))",
    "CL_AGE": "select distinct age_code, age_code from marts.fct_indicator_breakdowns where age_code is not null"
    f" union all select '{TOTAL}', 'All ages of the indicator'",
    "CL_URBANISATION": f"select * from (values ('U', 'Urban'), ('R', 'Rural'), ('{TOTAL}', 'Total'))",
    "CL_UNIT": "select distinct unit_code, unit_code from marts.dim_indicators",
    "CL_VALUE_QUALIFIER": "select distinct value_qualifier, value_qualifier from marts.fct_service_usage"
    " where value_qualifier is not null",
}


@dataclass(frozen=True)
class Part:
    """A component of a data structure: its role (D dimension, M measure, A attribute), column, and code list or type.

    `otherwise` is the code of a row that has none in the column: every dimension has a code in SDMX.
    """

    id: str
    role: str
    column: str
    representation: str
    is_required: bool = True
    otherwise: str = ""

    @property
    def expression(self) -> str:
        """The SQL expression for the text of the component."""
        if self.representation == "Decimal":
            # a cast to double drops trailing zeros; it is exact for the fifteen digits of a DECIMAL(18, 10) below 100,000
            return f"cast({self.column}::double as varchar)"
        if self.representation == "CL_PERIOD":
            return f"replace({self.column}, '/', '_')"
        return f"coalesce({self.column}, '{self.otherwise}')" if self.otherwise else f"cast({self.column} as varchar)"


@dataclass(frozen=True)
class Flow:
    """A dataflow: the table that it is read from, its components in order, and the dimensions joined to the table by key."""

    id: str
    table: str
    parts: tuple[Part, ...]
    joined: tuple[tuple[str, str], ...] = ()


INDEX_VALUES = Flow(
    "INDEX_VALUES",
    "fct_index_values",
    (
        Part("REF_AREA", "D", "country_code", "CL_AREA"),
        Part("INDICATOR", "D", "indicator_code", "CL_INDICATOR"),
        Part("TIME_PERIOD", "D", "period_code", "ObservationalTimePeriod"),
        Part("OBS_VALUE", "M", "value", "Decimal", is_required=False),
        Part("OBS_STATUS", "A", "obs_status_code", "CL_OBS_STATUS"),
        Part("UNIT_MEASURE", "A", "unit_code", "CL_UNIT"),
        Part("PUBLISHED_RANK", "A", "published_rank", "Integer", is_required=False),
        Part("COUNTRIES_RANKED", "A", "countries_ranked", "Integer", is_required=False),
        Part("LEVEL", "A", "level_code", "CL_LEVEL", is_required=False),
        Part("RATING_CLASS", "A", "rating_class_code", "CL_RATING_CLASS", is_required=False),
        Part("SOURCE", "A", "source_code", "CL_SOURCE"),
        Part("SOURCE_CELL", "A", "source_cell_id", "String"),
    ),
    joined=(("dim_indicators", "indicator_code"),),
)
# The period is a code here, not a time period: the source of one figure does not name its month (XXXX-XX).
SERVICE_USAGE = Flow(
    "SERVICE_USAGE",
    "fct_service_usage",
    (
        Part("REF_AREA", "D", "country_code", "CL_AREA"),
        Part("SERVICE", "D", "service_code", "CL_SERVICE"),
        Part("USAGE_MEASURE", "D", "measure_code", "CL_USAGE_MEASURE"),
        Part("CHANNEL", "D", "channel_code", "CL_CHANNEL", otherwise=TOTAL),
        Part("AGENCY", "D", "agency_code", "CL_AGENCY", otherwise=NOT_APPLICABLE),
        Part("PERIOD", "D", "period_code", "CL_PERIOD"),
        Part("SOURCE", "D", "source_code", "CL_SOURCE"),
        Part("OBS_VALUE", "M", "usage_count", "Long", is_required=False),
        Part("OBS_STATUS", "A", "obs_status_code", "CL_OBS_STATUS"),
        Part("LIKELY_PERIOD", "A", "likely_period_code", "CL_PERIOD", is_required=False),
        Part("VALUE_QUALIFIER", "A", "value_qualifier", "CL_VALUE_QUALIFIER", is_required=False),
        Part("SOURCE_CELL", "A", "source_cell_id", "String"),
    ),
)
INDICATOR_BREAKDOWNS = Flow(
    "INDICATOR_BREAKDOWNS",
    "fct_indicator_breakdowns",
    (
        Part("REF_AREA", "D", "country_code", "CL_AREA"),
        Part("REGION", "D", "region_code", "CL_REGION", otherwise=TOTAL),
        Part("SEX", "D", "sex_code", "CL_SEX", otherwise=TOTAL),
        Part("AGE", "D", "age_code", "CL_AGE", otherwise=TOTAL),
        Part("URBANISATION", "D", "settlement_code", "CL_URBANISATION", otherwise=TOTAL),
        Part("INDICATOR", "D", "indicator_code", "CL_INDICATOR"),
        Part("SOURCE", "D", "source_code", "CL_SOURCE"),
        Part("TIME_PERIOD", "D", "period_code", "ObservationalTimePeriod"),
        Part("OBS_VALUE", "M", "value", "Decimal", is_required=False),
        Part("OBS_STATUS", "A", "obs_status_code", "CL_OBS_STATUS"),
        Part("UNIT_MEASURE", "A", "unit_code", "CL_UNIT"),
        Part("SOURCE_CELL", "A", "source_cell_id", "String"),
    ),
    joined=(("dim_indicators", "indicator_code"),),
)
FLOWS = (INDEX_VALUES, SERVICE_USAGE, INDICATOR_BREAKDOWNS)


def write(draft: Draft, catalog: Catalog) -> None:
    """Write sdmx/structure.xml (SDMX-ML 3.0) and, for each dataflow, sdmx/<table>.csv (SDMX-CSV 2.0).

    Raises EgovError if a file does not hold every row of its table.
    """
    # imported here: code that only reads releases does not need the extra
    from pysdmx.io.xml.sdmx30.writer.structure import write as write_structure
    from pysdmx.model import Organisation
    from pysdmx.model.message import Header

    folder = draft.folder / "sdmx"
    folder.mkdir()
    # the date depends on the data, not on the build: equal data gives equal bytes
    header = Header(
        id=f"{AGENCY}_STRUCTURE",
        prepared=datetime.combine(catalog.latest_access, time(), UTC),
        sender=Organisation(id=AGENCY),
    )
    write_structure(_structures(catalog), output_path=folder / STRUCTURE_FILE, header=header)
    for flow in FLOWS:
        path = folder / f"{flow.table}.csv"
        written = write_csv(catalog, flow, path)
        held = catalog.rows(f"select count(*) as rows from marts.{flow.table}")[0]["rows"]
        if written != held:
            raise EgovError(f"sdmx/{path.name} holds {written} rows, but marts.{flow.table} has {held}")


def write_csv(catalog: Catalog, flow: Flow, path: Path) -> int:
    """Write the rows of a dataflow as SDMX-CSV 2.0, ordered by its dimensions. Returns the number of rows.

    Each row names its dataflow and has the action I (information). A component without a value is an empty cell.
    Rules: SDMX_CSV.
    """
    columns = ", ".join(part.expression for part in flow.parts)
    joins = "".join(f" join marts.{table} using ({key})" for table, key in flow.joined)
    key = ", ".join(part.column for part in flow.parts if part.role == "D")
    rows = catalog.connection.execute(
        f"select 'dataflow', '{AGENCY}:{flow.id}({VERSION})', 'I', {columns} from marts.{flow.table}{joins} order by {key}"
    ).fetchall()
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["STRUCTURE", "STRUCTURE_ID", "ACTION", *(part.id for part in flow.parts)])
        writer.writerows(rows)
    return len(rows)


def xml_text(text: str) -> str:
    """A text that XML can hold: each character that it cannot hold is replaced by U+FFFD, the replacement character."""
    return NO_XML.sub("\ufffd", text)


def _structures(catalog: Catalog) -> list[Any]:
    """Code lists, concepts, data structures and dataflows, as objects of pysdmx."""
    from pysdmx.model import Code, Codelist, Component, Components, Concept, ConceptScheme, DataType, Role
    from pysdmx.model.dataflow import Dataflow, DataStructureDefinition

    codelists = {
        name: Codelist(
            id=name,
            name=name.removeprefix("CL_").replace("_", " ").capitalize(),
            agency=AGENCY,
            version=VERSION,
            items=[
                Code(id=code, name=xml_text(label))
                for code, label in catalog.connection.execute(f"{query} order by 1").fetchall()
            ],
        )
        for name, query in CODELISTS.items()
    }
    tables = {table.name: table for table in catalog.tables}
    concepts: dict[str, Concept] = {}
    structures: list[Any] = []
    for flow in FLOWS:
        sources = [*(table for table, _ in flow.joined), flow.table]
        meanings = {column.name: column.description for table in sources for column in tables[table].columns}
        components = []
        for part in flow.parts:
            codes = codelists.get(part.representation)
            concept = concepts.setdefault(
                part.id,
                Concept(
                    id=part.id,
                    name=part.id.replace("_", " ").capitalize(),
                    description=xml_text(meanings[part.column]),
                    urn=f"urn:sdmx:org.sdmx.infomodel.conceptscheme.Concept={AGENCY}:CONCEPTS({VERSION}).{part.id}",
                ),
            )
            components.append(
                Component(
                    id=part.id,
                    required=part.is_required,
                    role=Role(part.role),
                    concept=concept,
                    local_dtype=DataType.STRING if codes else DataType(part.representation),
                    local_codes=codes,
                    attachment_level="O" if part.role == "A" else None,
                )
            )
        structure = DataStructureDefinition(
            id=flow.id,
            name=flow.id.replace("_", " ").capitalize(),
            agency=AGENCY,
            version=VERSION,
            components=Components(components),
        )
        flow_name = xml_text(tables[flow.table].description)
        structures += [structure, Dataflow(id=flow.id, name=flow_name, agency=AGENCY, version=VERSION, structure=structure)]
    scheme = ConceptScheme(id="CONCEPTS", name="Concepts", agency=AGENCY, version=VERSION, items=list(concepts.values()))
    return [*codelists.values(), scheme, *structures]


PRODUCT = Product(
    "sdmx",
    (
        File(
            f"sdmx/{STRUCTURE_FILE}",
            "application/xml",
            title="Code lists and data structures of the SDMX files, as SDMX-ML 3.0",
            conforms_to=SDMX_ML,
        ),
        # SDMX's own media types are not registered with IANA: the files are CSV, and conforms_to says of which kind
        *(File(f"sdmx/{flow.table}.csv", "text/csv", conforms_to=SDMX_CSV, table=flow.table) for flow in FLOWS),
    ),
    write,
    Extra("sdmx", "pysdmx"),
    shows_feed=False,
    names_release=False,
)
