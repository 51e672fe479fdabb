"""Official files in the layouts of their publishers, made out of raw/ again, and editions that are still to come."""

from __future__ import annotations

import csv
from decimal import Decimal

from pipelines.importers import un_egov_survey
from pipelines.project import Project
from tests.helpers import ACCESSED, ROOT, egov

# The latest edition that raw/ holds.
LATEST = max(path.stem[-4:] for path in (ROOT / "raw/un_egov_survey").glob("egdi_????.csv"))
UN_HEADER = list(un_egov_survey.COLUMNS)


def raw_rows(path: str) -> list[dict[str, str]]:
    with open(ROOT / "raw" / path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def official_un(edition: str = "2024", year: str | None = None) -> str:
    """An edition of the UN survey in the layout of the download: names are quoted, and some have trailing blanks."""
    lines = [",".join(UN_HEADER)]
    for row in raw_rows(f"un_egov_survey/egdi_{edition}.csv"):
        name = row["country_name"] + (" " if row["country_name"] == "Kazakhstan" else "")
        figures = [row[ours] for ours in list(un_egov_survey.COLUMNS.values())[2:]]
        lines.append(",".join([year or row["survey_year"], f'"{name}"', *figures]))
    return "\n".join(lines) + "\n"


def official_gtmi() -> str:
    parts = ["gtmi", "cgsi", "psdi", "dcei", "gtei"]
    lines = ["year,country_code,country_name,grp," + ",".join(parts)]
    for year in ("2020", "2022", "2025"):
        for row in raw_rows(f"wb_gtmi/gtmi_{year}.csv"):
            name = f'"{row["country_name"]}"' if "," in row["country_name"] else row["country_name"]
            lines.append(",".join([year, row["published_code"], name, row["grp"], *(row[part] for part in parts)]))
    lines += ["2025,0.75,A,80,0.4060913705583756,,,,", "2025,0.65715225784495757,,,648.5,,,,6.0"]
    return "\n".join(lines) + "\n"


def made_up_edition() -> str:
    """A made-up edition of 2096: Kazakhstan is first of 193, and all others keep the order of the latest edition behind it."""
    rows = sorted(
        raw_rows(f"un_egov_survey/egdi_{LATEST}.csv"), key=lambda row: (row["country_code"] != "KAZ", int(row["egdi_rank"]))
    )
    lines = [",".join(UN_HEADER)]
    for rank, row in enumerate(rows, start=1):
        value = "0.99000" if rank == 1 else row["egdi"]
        parts = ["0.99000"] * 3 if rank == 1 else [row["osi"], row["hci"], row["tii"]]
        shown = (
            rank
            if rank == 1
            else 1
            + sum(
                Decimal(other["egdi"]) > Decimal(row["egdi"]) or other["country_code"] == "KAZ"
                for other in rows
                if other is not row
            )
        )
        lines.append(f'2096,"{row["country_name"]}",{shown},{value},{row["epi"]},{parts[0]},{parts[1]},{parts[2]}')
    return "\n".join(lines) + "\n"


def import_next_editions(project: Project) -> None:
    """Import made-up future editions of the UN survey and of GTMI, based on the latest ones."""
    header, *lines = official_gtmi().splitlines()
    gtmi = [header, *(f"2097,{line.removeprefix('2025,')}" for line in lines if line.startswith("2025,"))]
    for command, text in (("un-egov-survey", made_up_edition()), ("wb-gtmi", "\n".join(gtmi) + "\n")):
        file = project.root / f"{command}.csv"
        file.write_text(text, encoding="utf-8")
        said = egov(project, "import", command, *ACCESSED, str(file))
        assert said.returncode == 0, said.stderr
