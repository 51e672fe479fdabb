"""World Development Indicators of the World Bank, in the wide layout: one column per year."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, long_edition, long_row, read_official

# The World Bank's code of an indicator -> our code.
INDICATORS = {"IT.NET.USER.ZS": "INTERNET_USERS"}


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One indicator in a file. Aggregates are kept without a country code. Raises Refused with all errors in the file.

    The edition is the last year that has any figure. Years before the first figure are left out. Later empty cells are kept
    as missing figures.
    """
    required = ["Country Name", "Country Code", "Indicator Name", "Indicator Code"]
    header, lines = read_official(path, required, above=("Data Source", "Last Updated Date"))
    findings = Findings()
    years = [name for name in header if re.fullmatch(r"\d{4}", name)]
    if odd := [name for name in header[4:] if name and name not in years]:
        findings.add(1, f"columns {odd}; expected years")
    filled = [year for year in years if any(line[year] for _, line in lines)]
    if not filled:
        findings.add(1, "no year has a figure")
        findings.raise_if_any(path)
    span = [year for year in years if filled[0] <= year <= filled[-1]]
    indicators = sorted({line["Indicator Code"] for _, line in lines})
    if len(indicators) != 1 or indicators[0] not in INDICATORS:
        findings.add(2, f"column 'Indicator Code': {indicators}; expected one of {sorted(INDICATORS)}")
        findings.raise_if_any(path)
    rows = []
    for number, line in lines:
        published = line["Country Code"]
        code = "" if published in lists.aggregates else findings.country(number, lists.codes.get(published), published)
        if line.get("", ""):
            findings.add(number, f"{line['']!r} is in a column without a header")
        for year in span:
            if line[year]:
                findings.number(number, year, line[year], upper=100)
            rows.append(
                long_row(
                    code,
                    published,
                    line["Country Name"],
                    INDICATORS[indicators[0]],
                    indicators[0],
                    year,
                    line[year],
                )
            )
    findings.raise_if_any(path)
    yield long_edition("wb_wdi", INDICATORS[indicators[0]], filled[-1], path, rows, stated_on=_last_updated(path))


def _last_updated(path: Path) -> str | None:
    """The day that the file, if it has lines above its header, states as that of its last update."""
    with open(path, encoding="utf-8-sig") as lines:
        stated = re.search(r'^"?Last Updated Date"?,"?(\d{4}-\d{2}-\d{2})"?', "".join(islice(lines, 10)), re.MULTILINE)
    return stated[1] if stated else None


IMPORTER = Importer("wb-wdi", "World Bank indicator in the wide layout, one column per year: Internet users.", read)
