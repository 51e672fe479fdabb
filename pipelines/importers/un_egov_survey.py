"""UN E-Government Survey: EGDI, its parts and the EPI, in the layout of the UN's data centre download."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import NUMBER, CodeLists, Column, Edition, Findings, code_column, read_official

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
    index = {"required": True, "pattern": r"^\d(\.\d+)?$"}
    yield Edition(
        series="un_egov_survey_egdi",
        layout="egdi",
        edition=years[0],
        source="un_egov_survey",
        title=f"EGDI, its parts and the EPI, edition {years[0]}",
        locator=f"{path.name}, row {{row}}, column {{title}}",
        columns=[
            code_column(),
            Column("survey_year", "Edition", "Survey Year", constraints={"required": True, "pattern": r"^\d{4}$"}),
            Column("country_name", "Country as the UN names it", "Country Name", constraints={"required": True}),
            Column(
                "egdi_rank",
                "EGDI rank; empty for a state that was none yet",
                "E-Government Rank",
                constraints={"pattern": r"^\d{1,3}$"},
            ),
            Column("egdi", "EGDI; 0 means not assessed", "E-Government Index", constraints=index),
            Column("epi", "EPI", "E-Participation Index", constraints=index),
            Column("osi", "OSI", "Online Service Index", constraints=index),
            Column("hci", "HCI", "Human Capital Index", constraints=index),
            Column("tii", "TII", "Telecommunication Infrastructure Index", constraints=index),
        ],
        key=["country_code"],
        rows=rows,
    )


IMPORTER = Importer(
    "un-egov-survey", "UN E-Government Survey: one edition, in the layout of the UN's data centre download.", read
)
