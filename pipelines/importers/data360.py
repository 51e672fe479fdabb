"""World Bank Data360, in its SDMX-style layout: one column per year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, Row, long_edition, long_row, read_official


def read(path: Path, lists: CodeLists, mapping: dict[str, str]) -> Iterator[Edition]:
    """All indicators in a file. `mapping`: an INDICATOR of the file -> our indicator. Raises Refused with all errors found."""
    header, lines = read_official(path, ["REF_AREA", "REF_AREA_LABEL", "INDICATOR", "OBS_STATUS"])
    years = [name for name in header if re.fullmatch(r"\d{4}", name)]
    findings = Findings(by="REF_AREA and INDICATOR")
    if not years:
        findings.add(1, "no column is a year")
    if not lines:
        findings.add(2, "no rows; expected one per economy and indicator")
    if unknown := sorted({line["INDICATOR"] for _, line in lines} - mapping.keys()):
        findings.add(2, f"column 'INDICATOR': {', '.join(unknown)} is not mapped; map it, as in --map {unknown[0]}=GTMI")
        findings.raise_if_any(path)
    if strange := sorted(set(mapping.values()) - lists.indicators):
        findings.add(1, f"--map: {', '.join(strange)} is not one of our indicators; expected one of {sorted(lists.indicators)}")
        findings.raise_if_any(path)
    rows: dict[str, list[Row]] = {}
    for number, line in lines:
        published = line["REF_AREA"]
        indicator = mapping[line["INDICATOR"]]
        code = (
            "" if published in lists.aggregates else findings.country(number, lists.codes.get(published), published, indicator)
        )
        if line["OBS_STATUS"] != "A":
            findings.add(number, f"column 'OBS_STATUS': {line['OBS_STATUS']!r}; expected A")
        for year in years:
            findings.number(number, year, line[year], upper=100)
            rows.setdefault(indicator, []).append(
                long_row(code, published, line["REF_AREA_LABEL"], indicator, line["INDICATOR"], year, line[year])
            )
    findings.raise_if_any(path)
    for indicator, its_rows in sorted(rows.items()):
        yield long_edition("wb_data360", indicator, years[-1], path, its_rows)


IMPORTER = Importer(
    "data360", "World Bank Data360, SDMX-style columns: the indicators that --map names.", read, maps_indicators=True
)
