"""World Bank Digital Adoption Index, 2014 and 2016: the index and its three parts. Economies have names only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, Row, long_edition, long_row, read_official

INDICATORS = {
    "Digital Adoption Index": "DAI",
    "DAI Business Sub-index": "DAI_BUSINESS",
    "DAI People Sub-index": "DAI_PEOPLE",
    "DAI Government Sub-index": "DAI_GOVERNMENT",
}


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition for the index and one for each part: one row per economy and year. Raises Refused with all errors."""
    _, lines = read_official(path, ["country", "Year", *INDICATORS])
    findings = Findings(by="country and Year")
    rows: dict[str, list[Row]] = {theirs: [] for theirs in INDICATORS}
    for number, line in lines:
        name = line["country"]
        code = findings.country(number, lists.names.get(name), name, line["Year"])
        if line["Year"] not in ("2014", "2016"):
            findings.add(number, f"column 'Year': {line['Year']!r}; expected 2014 or 2016")
        for theirs, indicator in INDICATORS.items():
            if line[theirs]:
                findings.number(number, theirs, line[theirs], upper=1)
            rows[theirs].append(long_row(code, name, name, indicator, theirs, line["Year"], line[theirs]))
    if len({line["country"] for _, line in lines}) * 2 != len(lines) or not lines:
        findings.add(len(lines) + 1, f"{len(lines)} rows; expected two years of every country: the file may be cut short")
    findings.raise_if_any(path)
    for theirs, found in rows.items():
        yield long_edition("wb_dai", INDICATORS[theirs], "2016", path, found, title=theirs, beside={})


IMPORTER = Importer("wb-dai", "World Bank Digital Adoption Index of 2014 and 2016, with its three parts.", read)
