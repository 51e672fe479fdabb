"""ISORA, Form G: tax returns received and contacts with the tax office, by channel, with the printed totals.

The workbook asks the same questions of every jurisdiction, one row each, and has a sheet of notes, row for row as the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, Refused, read_bytes, usage_edition, usage_row

FIGURES, NOTES = "ISORA Form G", "Tooltip"
RETURNS = "Number of returns received by tax type and channel"
TOTALS = "Total number of returns received by tax type"
CONTACTS = "No. of incoming service contacts by channel"
TAXES = {
    "Corporate income tax": "corporate_income_tax_return",
    "Personal income tax": "personal_income_tax_return",
    "Value added tax": "value_added_tax_return",
}
RETURN_CHANNELS = {
    "Paper returns": "paper",
    "Electronic returns-Fully pre-filled, deemed acceptance": "efile_deemed",
    "Electronic returns-Fully pre-filled, confirmation required": "efile_confirmed",
    "Electronic returns-Partially pre-filled with income and/or expense information": "efile_partly_prefilled",
    "Electronic returns-Not prefilled": "efile_not_prefilled",
    "Other": "other",
}
CONTACT_CHANNELS = {
    "Online via taxpayer account": "online_account",
    "Digital assistance (e.g. chat, digital assistant)": "digital_assistant",
    "Telephone call": "telephone",
    "E-mail": "email",
    "Mail / post": "mail",
    "In-person": "in_person",
}
# The printed question -> service, measure and channel. A total has no channel.
QUESTIONS = {
    **{
        f"{RETURNS}-{tax}-{channel}": (service, "returns", code)
        for tax, service in TAXES.items()
        for channel, code in RETURN_CHANNELS.items()
    },
    **{f"{TOTALS}-{tax}": (service, "returns", "") for tax, service in TAXES.items()},
    **{f"{CONTACTS}-{channel}": ("tax_office_contact", "contacts", code) for channel, code in CONTACT_CHANNELS.items()},
}
# What stands for a figure: D, not known; empty, no answer; N/A, there is nothing to count. None of them is zero.
NO_FIGURE = ("", "D", "N/A")


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition: a row for every question on returns and contacts, jurisdiction and fiscal year.

    The survey numbers a fiscal year by the year in which it ends and does not print its first day, so its period is a reporting
    year. Raises Refused with all errors in the workbook.
    """
    figures, notes = _sheets(path)
    years = [_text(cell) for cell in figures[1][2:]] if len(figures) > 1 else []
    if not years or any(len(year) != 4 or not year.isdigit() for year in years):
        raise Refused(path, [f"sheet {FIGURES!r}, row 2: {years}; expected the years of the survey from column 3 on"])
    findings, rows = Findings(by="question", place=f"sheet {FIGURES!r}, row"), []
    order: dict[str, list[str]] = {}
    first_row: dict[str, int] = {}
    unknown: set[str] = set()
    last, in_step = "", True
    for number, cells in enumerate(figures[2:], start=3):
        question, name = str(cells[0]), str(cells[1])
        beside = notes[number - 2] if number - 2 < len(notes) else []
        # one row more or less puts all that follow out of step, and a question or name has many rows: each is said once
        if in_step and beside[:2] != cells[:2]:
            in_step = False
            findings.add(
                number, f"{question!r}, {name!r}: sheet {NOTES!r} has another row here; expected the same order in both"
            )
        begins = question != last
        if begins and question in order:
            findings.add(number, f"column 1: {question!r} again, after another question; expected all its rows together")
        order.setdefault(question, []).append(name)
        first_row.setdefault(question, number)
        last = question
        if question not in QUESTIONS:
            if begins and question.startswith((RETURNS, TOTALS, CONTACTS)):
                findings.add(number, f"column 1: {question!r} names a channel or tax that is not known here")
            continue
        code = "" if name in lists.aggregates | unknown else findings.country(number, lists.names.get(name), name, question)
        if name not in lists.names:
            unknown.add(name)
        for column, (year, cell) in enumerate(zip(years, cells[2:], strict=True), start=3):
            value = _text(cell)
            if value not in NO_FIGURE and not (value.isascii() and value.isdigit()):
                findings.add(number, f"column {year}: {value!r}; expected a whole number, D, N/A or nothing")
            service, measure, channel = QUESTIONS[question]
            note = str(beside[column - 1]) if column - 1 < len(beside) else ""  # a sheet ends at its last column in use
            where = f"row {number}, column {year}"
            rows.append(
                usage_row(code, service, measure, f"{year}-A1", value, where, name=name, channel=channel, note=note.strip())
            )
    if missing := [question for question in QUESTIONS if question not in order]:
        findings.add(2, f"no rows of {missing[0]!r} and {len(missing) - 1} more questions; expected all of {len(QUESTIONS)}")
    # what most questions list is right, also if the first one is odd
    listed = max(order.values(), key=list(order.values()).count, default=[])
    for question, names in order.items():
        if names != listed:
            odd = sorted(set(names) ^ set(listed)) or ["the same ones in another order"]
            findings.add(
                first_row[question],
                f"{question!r} has {len(names)} jurisdictions; expected {len(listed)} as in the others: {odd[0]}",
            )
    findings.raise_if_any(path)
    yield usage_edition("isora", f"{years[0]}-{years[-1]}", path, rows)


def _sheets(path: Path) -> tuple[list[list[Any]], list[list[Any]]]:
    """The rows of the sheet of figures and of that of notes, which has no title above its header."""
    content = read_bytes(path)
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(content))
        names = {wanted: name for wanted in (FIGURES, NOTES) for name in workbook.sheet_names if name.startswith(wanted)}
        if missing := [wanted for wanted in (FIGURES, NOTES) if wanted not in names]:
            raise Refused(path, [f"no sheet {missing[0]!r}; the workbook has {', '.join(workbook.sheet_names)}"])
        figures, notes = (workbook.get_sheet_by_name(names[wanted]).to_python() for wanted in (FIGURES, NOTES))
    except CalamineError as error:
        raise Refused(path, [f"not readable as a workbook: {error}; expected the file as downloaded"]) from None
    return figures, notes


def _text(cell: Any) -> str:
    """A cell as the workbook shows it: a whole number has no decimals."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


IMPORTER = Importer("isora", "ISORA, Form G: tax returns and contacts with the tax office, by channel (a workbook).", read)
