"""UN E-Government Survey: EGDI, its parts and the EPI, in the layout of the UN's data centre download."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.importers import Importer
from pipelines.importers.layout import NUMBER, CodeLists, Column, Edition, Findings, Row, code_column, read_official

Rule = dict[str, Any]

COLUMNS = {
    "Survey Year": "survey_year",
    "Country Name": "country_name",
    "E-Government Rank": "egdi_rank",
    "E-Government Index": "egdi",
    "E-Participation Index": "epi",
    "Online Service Index": "osi",
    "Human Capital Index": "hci",
    "Telecommunication Infrastructure Index": "tii",
}


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """An edition of the survey. One file holds one edition. Raises Refused with all errors in the file."""
    _, lines = read_official(path, list(COLUMNS))
    rows, findings = [], Findings()
    for number, line in lines:
        row = {ours: line[theirs] for theirs, ours in COLUMNS.items()}
        row["country_code"] = findings.country(number, lists.names.get(row["country_name"]), row["country_name"])
        for theirs, ours in COLUMNS.items():
            if ours in ("egdi", "epi", "osi", "hci", "tii"):
                findings.number(number, theirs, row[ours], upper=2)
        if row["egdi_rank"] and not row["egdi_rank"].isdigit():
            findings.add(number, f"column 'E-Government Rank': {row['egdi_rank']!r} is not a rank; expected a whole number")
        if not row["egdi_rank"] and NUMBER.fullmatch(row["egdi"]) and float(row["egdi"]) > 0:
            findings.add(number, "column 'E-Government Rank': empty, although the row has an EGDI; expected a rank")
        rows.append(row)
    years = sorted({row["survey_year"] for row in rows})
    if len(years) != 1 or not re.fullmatch(r"\d{4}", years[0]):
        findings.add(2, f"column 'Survey Year': {', '.join(years) or 'no rows'}; expected one year in the whole file")
    findings.raise_if_any(path)
    titles = {ours: theirs for theirs, ours in COLUMNS.items()}
    index = {"required": True, "pattern": r"^\d(\.\d+)?$"}
    yield egdi_edition("un_egov_survey", years[0], path, rows, titles, index=index, rank={"pattern": r"^\d{1,3}$"})


def egdi_edition(
    source: str, year: str, path: Path, rows: list[Row], titles: dict[str, str], *, index: Rule, rank: Rule
) -> Edition:
    """An edition in the layout `egdi`: one row per state with its EGDI, rank, parts and EPI.

    `titles` holds the headers that the file prints, by our column; `index` and `rank` are the rules for the cells.
    """
    zeros = sum(
        _is_zero(row[part])
        for row in rows
        if _is_zero(row["egdi"]) and row["egdi_rank"]
        for part in ("epi", "osi", "hci", "tii")
    )
    note = (
        f"{zeros} zero{'s' if zeros != 1 else ''} beside an EGDI of 0 can mean zero or missing. Evidence in raw/ decides; "
        "a zero without evidence gets the status U, with no value"
    )
    return Edition(
        series=f"{source}_egdi",
        layout="egdi",
        edition=year,
        source=source,
        title=f"EGDI, its parts and the EPI, edition {year}",
        locator=f"{path.name}, row {{row}}, column {{title}}",
        columns=[
            code_column(),
            Column(
                "survey_year",
                "Edition",
                titles.get("survey_year", ""),
                printed="survey_year" in titles,
                constraints={"required": True, "pattern": r"^\d{4}$"},
            ),
            Column("country_name", "Country as the source names it", titles["country_name"], constraints={"required": True}),
            Column("egdi_rank", "EGDI rank; empty for a state that was none yet", titles["egdi_rank"], constraints=rank),
            Column("egdi", "EGDI; 0 means not assessed", titles["egdi"], constraints=index),
            Column("epi", "EPI", titles["epi"], constraints=index),
            Column("osi", "OSI", titles["osi"], constraints=index),
            Column("hci", "HCI", titles["hci"], constraints=index),
            Column("tii", "TII", titles["tii"], constraints=index),
        ],
        key=["country_code"],
        rows=rows,
        notes=(note,) if zeros else (),
    )


def _is_zero(text: str) -> bool:
    return bool(NUMBER.fullmatch(text)) and float(text) == 0


IMPORTER = Importer(
    "un-egov-survey", "UN E-Government Survey: one edition, in the layout of the UN's data centre download.", read
)
