"""World Bank GovTech Maturity Index: GTMI and its four parts, all editions in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import NUMBER, CodeLists, Column, Edition, Findings, Row, code_column, read_official

PARTS = ["gtmi", "cgsi", "psdi", "dcei", "gtei"]


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """All editions in one file, which has one row per year and economy. Raises Refused with all errors in the file.

    Rows whose country code is a number are left out: they are counts that the worksheet prints below its table.
    """
    wanted = ["year", "country_code", "country_name", "grp", *PARTS]
    _, lines = read_official(path, wanted)
    by_year: dict[str, list[Row]] = {}
    findings = Findings(by="country_code and year")
    for number, line in lines:
        if NUMBER.fullmatch(line["country_code"]):
            continue
        code = findings.country(number, lists.codes.get(line["country_code"]), line["country_code"], line["year"])
        if not re.fullmatch(r"\d{4}", line["year"]):
            findings.add(number, f"column 'year': {line['year']!r}; expected a year")
        if line["grp"] not in ("A", "B", "C", "D"):
            findings.add(number, f"column 'grp': {line['grp']!r}; expected A, B, C or D")
        for name in PARTS:
            findings.number(number, name, line[name], upper=1)
        row = {name: line[name] for name in wanted if name != "country_code"}
        by_year.setdefault(line["year"], []).append({**row, "published_code": line["country_code"], "country_code": code})
    if not by_year:
        findings.add(2, "no rows; expected one per year and economy")
    findings.raise_if_any(path)
    index = {"required": True, "pattern": r"^\d(\.\d+)?$"}
    for year, rows in sorted(by_year.items()):
        yield Edition(
            series="wb_gtmi_gtmi",
            layout="gtmi",
            edition=year,
            source="wb_gtmi",
            title=f"GTMI and its four parts, {year}",
            locator=f"{path.name}, {{country_name}}, {{period}}, column {{title}}",
            columns=[
                code_column(),
                Column("year", "Edition", constraints={"required": True, "pattern": r"^\d{4}$"}),
                Column(
                    "published_code",
                    "Code that the World Bank uses for the economy",
                    "country_code",
                    constraints={"required": True},
                ),
                Column("country_name", "Economy as the World Bank names it", constraints={"required": True}),
                Column(
                    "grp",
                    "Group by GTMI, A is the highest",
                    constraints={"required": True, "enum": ["A", "B", "C", "D"]},
                ),
                *(Column(name, name.upper(), constraints=index) for name in PARTS),
            ],
            key=["country_code"],
            rows=rows,
        )


IMPORTER = Importer("wb-gtmi", "World Bank GovTech Maturity Index: all editions in a file.", read)
