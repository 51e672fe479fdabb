"""UNU-EGOV: a second copy of five editions of the UN survey, kept by the UN University.

It leaves a missing figure empty and prints 0.0 for a zero; the download of the UN's data centre prints 0 for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, Refused, read_official
from pipelines.importers.un_egov_survey import egdi_edition

COLUMNS = {
    "country-name": "country_name",
    "e-gov-rank": "egdi_rank",
    "e-gov-index": "egdi",
    "e-pat-index": "epi",
    "osi": "osi",
    "hci": "hci",
    "tii": "tii",
}


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """An edition of the survey. Its year stands in the name of the file alone. Raises Refused with all errors in the file."""
    year = re.search(r"(?<!\d)(20\d{2})(?!\d)", path.stem)
    if year is None:
        raise Refused(path, ["its name does not say which edition it is, and the file does not either; expected egdi-YYYY.csv"])
    _, lines = read_official(path, ["country-code", *COLUMNS])
    rows, findings = [], Findings()
    for number, line in lines:
        row = {ours: line[theirs] for theirs, ours in COLUMNS.items()} | {"survey_year": year[1]}
        row["country_code"] = findings.country(number, lists.codes.get(line["country-code"]), line["country-code"])
        for theirs, ours in COLUMNS.items():
            if ours in ("egdi", "epi", "osi", "hci", "tii") and row[ours]:
                findings.number(number, theirs, row[ours], upper=2)
        if not re.fullmatch(r"(\d{1,3}(\.0)?)?", row["egdi_rank"]):
            findings.add(number, f"column 'e-gov-rank': {row['egdi_rank']!r} is not a rank; expected a whole number or nothing")
        rows.append(row)
    if not rows:
        findings.add(2, "no rows; expected one per state")
    findings.raise_if_any(path)
    titles = {ours: theirs for theirs, ours in COLUMNS.items()}
    index = {"pattern": r"^\d(\.\d+)?([eE]-?\d+)?$"}
    yield egdi_edition("unu_egov", year[1], path, rows, titles, index=index, rank={"pattern": r"^\d{1,3}(\.0)?$"})


IMPORTER = Importer("unu-egov", "UNU-EGOV's copy of one edition of the UN survey: it tells a zero from a missing figure.", read)
