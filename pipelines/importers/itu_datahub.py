"""ITU DataHub: individuals using the Internet, with the notes of the ITU."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, long_edition, long_row, read_official


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition: one row per country and year, with the notes of the ITU. Raises Refused with all errors in the file."""
    _, lines = read_official(path, ["entityIso", "dataYear", "dataValue", "dataNote", "dataSource"])
    rows, findings = [], Findings(by="entityIso and dataYear")
    for number, line in lines:
        code = findings.country(number, lists.codes.get(line["entityIso"]), line["entityIso"], line["dataYear"])
        findings.number(number, "dataValue", line["dataValue"], upper=100)
        if not re.fullmatch(r"\d{4}", line["dataYear"]):
            findings.add(number, f"column 'dataYear': {line['dataYear']!r}; expected a year")
        note = "; ".join(text for text in (line["dataNote"], line["dataSource"]) if text)
        rows.append(
            long_row(
                code,
                line["entityIso"],
                line["entityIso"],
                "INTERNET_USERS",
                "",
                line["dataYear"],
                line["dataValue"],
                note,
            )
        )
    if not rows:
        findings.add(2, "no rows; expected one per country and year")
    findings.raise_if_any(path)
    yield long_edition("itu_datahub", "INTERNET_USERS", max(row["period"] for row in rows), path, rows)


IMPORTER = Importer(
    "itu-datahub", "ITU DataHub: individuals using the Internet, one row per country and year, with the notes of the ITU.", read
)
