"""Kazakhstan's Bureau of National Statistics: indicators of the country and by region, sex, age, settlement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import (
    NUMBER,
    CodeLists,
    Edition,
    Findings,
    Refused,
    breakdown_edition,
    breakdown_row,
    long_edition,
    long_row,
    read_official,
)

SOURCE = "kz_bns_sdg"
DIMENSIONS = {"REF_AREA": "region", "SEX": "sex", "AGE": "age", "URBANISATION": "settlement"}
# The columns that, beside the dimensions, name the indicator: a file has one of them, or none.
SERIES = ("SERIES", "COMPOSITE_BREAKDOWN")
# The number of the indicator in the file's name -> our code; what a series adds to its name follows the code.
INDICATORS = {
    "4-4-1": "ICT_SKILL",
    "4-4-1-1": "KZ_DIGITAL_LITERACY",
    "5-b-1": "MOBILE_PHONE_OWNERS",
    "9-c-1": "MOBILE_COVERAGE",
    "16-6-2": "PUBLIC_SERVICE_SATISFACTION",
    "17-6-2": "FIXED_SUBSCRIPTIONS",
    "17-8-1": "INTERNET_USERS_6_74",
}
UNITS = ("PT", "TH_UNITS")


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One or two editions: the figures of the whole country, and those of its parts. An empty dimension means the total.

    A share above 100 is kept as printed. If the file prints two national figures for the same year, both are kept.

    Raises Refused with all errors in the file.
    """
    name = re.fullmatch(r"indicator_([\w-]+)\.csv", path.name)
    if not name or name[1] not in INDICATORS:
        raise Refused(path, [f"its name; expected indicator_<number>.csv with the number of {', '.join(INDICATORS)}"])
    header, lines = read_official(path, ["Year", "Value"])
    if odd := [column for column in header if column not in ("Year", "Value", "UNIT_MEASURE", *SERIES, *DIMENSIONS)]:
        raise Refused(path, [f"line 1: the column {odd[0]!r} is not known; expected Year, Value, a series, dimensions"])
    findings = Findings()
    national, parts = [], []
    seen: dict[tuple[str, ...], list[int]] = {}
    for number, line in lines:
        theirs = next((line[column] for column in SERIES if line.get(column)), "")
        ending = theirs.rpartition("_")[2].removeprefix("ICT")
        indicator = f"{INDICATORS[name[1]]}_{ending}" if ending else INDICATORS[name[1]]
        if indicator not in lists.indicators:
            findings.add(number, f"{theirs!r} is no series of {INDICATORS[name[1]]} in raw/codes/indicators.csv")
        if not re.fullmatch(r"\d{4}", line["Year"]):
            findings.add(number, f"column 'Year': {line['Year']!r}; expected a year")
        unit = line.get("UNIT_MEASURE", "PT")
        if unit not in UNITS:
            findings.add(number, f"column 'UNIT_MEASURE': {unit!r}; expected one of {', '.join(UNITS)}")
        if not NUMBER.fullmatch(line["Value"]) or float(line["Value"]) < 0:
            findings.add(number, f"column 'Value': {line['Value']!r}; expected a number that is not negative")
        by = {ours: line.get(column, "") for column, ours in DIMENSIONS.items()}
        places = seen.setdefault((indicator, line["Year"], *by.values()), [])
        places.append(number)
        if not any(by.values()):
            if len(places) > 2:
                findings.add(
                    number, f"the same series and year as lines {places[0]} and {places[1]}; expected two figures at most"
                )
            national.append(
                long_row(
                    "KAZ", "KAZ", "Kazakhstan", indicator, theirs, line["Year"], line["Value"], print_number=str(len(places))
                )
            )
            continue
        if len(places) > 1:
            findings.add(number, f"the same series, year and part as line {places[0]}; expected one figure")
        if by["region"] and by["region"] not in lists.regions:
            findings.add(number, f"column 'REF_AREA': {by['region']!r} is no region in raw/codes/regions.csv")
        if by["sex"] not in ("", "F", "M") or by["settlement"] not in ("", "U", "R"):
            findings.add(number, f"{by['sex']!r}, {by['settlement']!r}; expected F or M, U or R, or nothing")
        by["region"] = lists.regions.get(by["region"], "")
        parts.append(breakdown_row("KAZ", indicator, theirs, line["Year"], line["Value"], **by, locator=f"line {number}"))
    if not lines:
        findings.add(2, "no rows; expected one per year and part of the population")
    findings.raise_if_any(path)
    last, series = max(line["Year"] for _, line in lines), INDICATORS[name[1]]
    if national:
        twice = any(row["print_number"] != "1" for row in national)
        yield long_edition(SOURCE, series, last, path, national, beside={"print_number": ""} if twice else {})
    if parts:
        yield breakdown_edition(SOURCE, series, last, path, parts)


IMPORTER = Importer(
    "kz-bns-sdg", "Kazakhstan's Bureau of National Statistics: the indicator_*.csv files of its SDG data.", read
)
