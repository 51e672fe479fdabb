"""Doing Business: scores by three methods that are no one series, and ranks as published in some years."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, Refused, Row, long_edition, long_row, read_official

SOURCE = "wb_doing_business"
SCORES = {
    "score_db17_20_method": "DB_SCORE_DB17_20",
    "score_db15_method": "DB_SCORE_DB15",
    "score_db10_14_method": "DB_SCORE_DB10_14",
}
RANKS = "DB_RANK"
RANK = r"[1-9]\d{0,2}(\.0)?"


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """The scores of all years and the ranks of the last, or, from a file named *-<year>.csv, the ranks of one year.

    Raises Refused with all errors in the file.
    """
    year = re.search(r"-(\d{4})\.csv$", path.name)
    if year:
        yield _ranks(path, lists, year[1])
    else:
        yield from _scores(path, lists)


def _scores(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """Economies are known by their names here: of an economy with two cities, the usual code is that of the first city."""
    _, lines = read_official(path, ["country_code", "economy", "db_year", "ease_rank", *SCORES])
    findings = Findings(by="economy and db_year")
    rows: dict[str, list[Row]] = {indicator: [] for indicator in (*SCORES.values(), RANKS)}
    for number, line in lines:
        name = line["economy"]
        code = findings.country(number, "" if name in lists.aggregates else lists.names.get(name), name, line["db_year"], name)
        if not re.fullmatch(r"\d{4}", line["db_year"]):
            findings.add(number, f"column 'db_year': {line['db_year']!r}; expected a year")
        for column, indicator in SCORES.items():
            if line[column]:
                findings.number(number, column, line[column], upper=100)
                rows[indicator].append(long_row(code, name, name, indicator, column, line["db_year"], line[column]))
        if line["ease_rank"]:
            _require_rank(findings, number, "ease_rank", line["ease_rank"])
            rows[RANKS].append(long_row(code, name, name, RANKS, "", line["db_year"], "", rank=line["ease_rank"]))
    if len(rows[RANKS]) < 2:
        findings.add(2, "column 'ease_rank': no ranks; expected those of the last year")
    findings.raise_if_any(path)
    for column, indicator in SCORES.items():
        if rows[indicator]:
            last = max(row["period"] for row in rows[indicator])
            yield long_edition(SOURCE, indicator, last, path, rows[indicator], title=column, beside={})
    yield _rank_edition(path, rows[RANKS], "ease_rank")


def _ranks(path: Path, lists: CodeLists, year: str) -> Edition:
    _, lines = read_official(path, ["country-code", "country-name", "ease-doing-business"])
    rows, findings = [], Findings()
    for number, line in lines:
        published = line["country-code"]
        if line["country-name"] in lists.aggregates:  # the scores have Dhaka, not Bangladesh, under BGD
            code = findings.country(number, "", published, published)
        else:
            code = findings.country(number, lists.codes.get(published), published)
        _require_rank(findings, number, "ease-doing-business", line["ease-doing-business"])
        rows.append(long_row(code, published, line["country-name"], RANKS, "", year, "", rank=line["ease-doing-business"]))
    if not rows:
        findings.add(2, "no rows; expected one per economy")
    findings.raise_if_any(path)
    return _rank_edition(path, rows, "ease-doing-business")


def _rank_edition(path: Path, rows: list[Row], title: str) -> Edition:
    years = sorted({row["period"] for row in rows})
    if len(years) != 1:
        raise Refused(path, [f"ranks of {', '.join(years)}; expected those of one year"])
    return long_edition(SOURCE, RANKS, years[0], path, rows, title=title, beside={"rank": title})


def _require_rank(findings: Findings, number: int, column: str, text: str) -> None:
    if not re.fullmatch(RANK, text):
        findings.add(number, f"column {column!r}: {text!r}; expected a rank")


IMPORTER = Importer(
    "wb-doing-business",
    "Doing Business: scores by three methods with the last ranks, or the ranks of one year (*-<year>.csv).",
    read,
)
