"""Worldwide Governance Indicators: estimates with their standard errors, percentile ranks and number of sources."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import (
    NUMBER,
    NUMBER_OR_NA,
    CodeLists,
    Edition,
    Findings,
    Row,
    long_edition,
    long_row,
    read_official,
)

INDICATORS = {
    "VoiceandAccountability": "WGI_VA",
    "PoliticalStability": "WGI_PV",
    "GovernmentEffectiveness": "WGI_GE",
    "RegulatoryQuality": "WGI_RQ",
    "RuleofLaw": "WGI_RL",
    "ControlofCorruption": "WGI_CC",
}
BESIDE = {"percentile_rank": "pct_rank", "standard_error": "std_err", "number_of_sources": "num_src"}
BOUNDS = {"estimate": (-5, 5), "pct_rank": (0, 100), "std_err": (0, 5), "num_src": (1, 100)}
NA = "NA"


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition for each of the six indicators: one row per economy and year. NA, no figure, is kept as printed.

    Raises Refused with all errors in the file.
    """
    _, lines = read_official(path, ["country", "code", "year", "indicator", *BOUNDS])
    findings = Findings(by="code, year and indicator")
    rows: dict[str, list[Row]] = {indicator: [] for indicator in INDICATORS.values()}
    for number, line in lines:
        indicator = INDICATORS.get(line["indicator"])
        if indicator is None:
            findings.add(number, f"column 'indicator': {line['indicator']!r}; expected one of {', '.join(INDICATORS)}")
            continue
        code = findings.country(number, lists.codes.get(line["code"]), line["code"], line["year"], indicator)
        if not (len(line["year"]) == 4 and line["year"].isdigit()):
            findings.add(number, f"column 'year': {line['year']!r}; expected a year")
        for column, (lower, upper) in BOUNDS.items():
            text = line[column]
            if text != NA and (not NUMBER.fullmatch(text) or not lower <= float(text) <= upper):
                findings.add(number, f"column {column!r}: {text!r}; expected a number from {lower} to {upper}, or {NA}")
        if len({line[column] == NA for column in BOUNDS}) > 1:
            findings.add(number, f"{NA} in some columns; expected a figure in every column or in none")
        beside = {ours: line[theirs] for ours, theirs in BESIDE.items()}
        rows[indicator].append(
            long_row(
                code, line["code"], line["country"], indicator, line["indicator"], line["year"], line["estimate"], **beside
            )
        )
    sizes = {indicator: len(found) for indicator, found in rows.items()}
    if len(set(sizes.values())) > 1 or not lines:
        findings.add(len(lines) + 1, f"rows per indicator: {sizes}; expected equally many: the file may be cut short")
    findings.raise_if_any(path)
    last = max(line["year"] for _, line in lines)
    for indicator, found in rows.items():
        yield long_edition("wb_wgi", indicator, last, path, found, value=NUMBER_OR_NA, title="estimate", beside=BESIDE)


IMPORTER = Importer("wb-wgi", "Worldwide Governance Indicators: one row per economy, year and indicator.", read)
