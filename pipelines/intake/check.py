"""Check: are the files of raw/ complete, unchanged, and valid against the data package? Nothing is loaded until this passes.

Frictionless checks the files against the package: hash, encoding, header, types, patterns, keys, foreign keys. This module adds
checks that the standard lacks, for example for files that no resource lists. It reports each finding as one line that names the
file, row and column, says what was found and what was expected, and tells the user what to do.
"""

from __future__ import annotations

import csv
import unicodedata
from typing import Any

from pipelines.intake.package import Finding, editing, file_hash, read_package, require_valid, write_package
from pipelines.project import Project

# The largest file in raw/ is far smaller. A file above this limit is a mistake, and reading it would take a lot of memory.
MAX_FILE_BYTES = 64 * 1024 * 1024

# Unicode's embeddings, overrides and isolates: with one of them, 21 can be displayed as 12.
TURNS_TEXT = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")

WHAT_TO_DO = {
    "hash-count": "if the edit is intended, record it with `egov check --update-hashes`; if not, restore the file",
    "scheme-error": "restore the file, or remove its resource from raw/datapackage.json",
    "encoding-error": "save the file as UTF-8",
    "primary-key": "remove or correct one of the two rows",
    "foreign-key": "correct the value, or add it to the code list",
    "extra-label": "remove the column, or describe it in raw/datapackage.json",
    "missing-label": "restore the column, or remove it from raw/datapackage.json",
    "incorrect-label": "restore the header that raw/datapackage.json describes",
    "extra-cell": "quote the cell that holds a comma, or remove the cell",
    "missing-cell": "complete the row",
    "blank-row": "remove the empty line",
}
NO_HASH = "no SHA-256 is recorded"


def check(project: Project) -> list[Finding]:
    """All findings about the files of raw/, sorted by file, row and column; an empty list if raw/ is valid.

    Raises NotValid if raw/datapackage.json itself is not valid.
    """
    package = read_package(project)
    findings = _check_places(project, package)
    if all(finding.problem == NO_HASH for finding in findings):  # the cells of a file without a hash can still be checked
        findings += _check_files(project, package)
    return sorted(set(findings))


def update_hashes(project: Project) -> list[str]:
    """Record the current SHA-256 of every raw file in the package. Returns the paths whose hash changed.

    Raises EgovError and writes nothing if raw/ has any finding other than a changed hash, or (exit code 3) if another command
    keeps writing in raw/.
    """
    with editing(project):
        package = read_package(project)
        require_valid([finding for finding in check(project) if "SHA-256" not in finding.message])
        changed = []
        for resource in package["resources"]:
            digest = file_hash(project.raw / resource["path"])
            if resource.get("hash") != digest:
                resource["hash"] = digest
                changed.append(resource["path"])
        if changed:
            write_package(project, package)
    return changed


def _check_places(project: Project, package: dict[str, Any]) -> list[Finding]:
    """Files that are unsafe to read, such as links, files outside raw/ and oversized files, and files that nothing lists."""
    findings = []

    def found(file: str, problem: str, expected: str = "", advice: str = "") -> None:
        findings.append(Finding(file, 0, "", problem, expected, advice))

    root = project.raw.resolve()
    for number, resource in enumerate(package["resources"], start=1):
        path = resource["path"]
        target = project.raw / path
        if not target.resolve().is_relative_to(root) or target.is_symlink():
            found("datapackage.json", f"resource {number}: the path {path!r} leads out of raw/", "a plain file below raw/")
        elif target.exists() and not target.is_file():
            found(path, "is not a plain file", advice="restore the file")
        elif target.is_file() and target.stat().st_size > MAX_FILE_BYTES:
            found(path, f"the file has {target.stat().st_size} bytes", f"at most {MAX_FILE_BYTES}")
        if "hash" not in resource:
            found(path, NO_HASH, advice="record it with `egov check --update-hashes`")
    listed = {resource["path"] for resource in package["resources"]}
    for file in sorted(project.raw.rglob("*.csv")):
        path = file.relative_to(project.raw).as_posix()
        if path not in listed:
            found(path, "raw/datapackage.json does not list the file", advice="describe it there or remove it")
    return findings


def _check_files(project: Project, package: dict[str, Any]) -> list[Finding]:
    from frictionless import Package  # imported here so that other commands need not wait for it
    from frictionless.exception import FrictionlessException

    try:
        described = Package.from_descriptor(package, basepath=str(project.raw))
        report = described.validate()
    except FrictionlessException as error:
        reasons = [reason.message for reason in error.reasons] or [error.error.message]
        return [Finding("datapackage.json", 0, "", reason) for reason in reasons]
    paths = {resource.name: str(resource.path) for resource in described.resources}
    findings = [Finding("datapackage.json", 0, "", error.message) for error in report.errors]
    for task in report.tasks:
        file = paths[task.name]
        findings += [_finding(file, error) for error in task.errors]
        if not any(error.type in ("scheme-error", "encoding-error") for error in task.errors):
            findings += _check_cells(project, file)
    return findings


def _check_cells(project: Project, file: str) -> list[Finding]:
    """Cells that different readers would skip or read differently: an unclosed quotation mark, an invisible character.

    A cell that ends in a line break can match the pattern of its column and still not be the text that it appears to be.
    """
    findings = []
    with open(project.raw / file, encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            for row, cells in enumerate((cells for cells in reader if cells), start=1):
                for column, cell in zip(header, cells, strict=False):
                    if not cell.isprintable() and (odd := [c for c in cell if _is_hidden(c)]):
                        problem = f"found {odd[0]!r} in the cell"
                        findings.append(Finding(file, row, column, problem, "one line of text", "remove it"))
        except (csv.Error, UnicodeDecodeError) as error:
            problem = f"not readable as CSV: {error}"
            return [Finding(file, reader.line_num, "", problem, advice="quote the cell as RFC 4180 says")]
    return findings


def _is_hidden(character: str) -> bool:
    """Whether a character ends a line, controls a terminal, or changes the direction of the text."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(character) in TURNS_TEXT


def _finding(file: str, error: Any) -> Finding:
    """A Frictionless error as a finding. Frictionless counts the header as a row; a finding does not."""
    row = (getattr(error, "row_number", None) or 1) - 1
    column = getattr(error, "field_name", None) or ""
    cell = getattr(error, "cell", None)
    note = error.note or ""
    expected = ""
    if error.type == "hash-count":
        problem = "the content does not have the recorded SHA-256"
    elif error.type == "scheme-error":
        problem = "the file is missing or cannot be opened"
    elif error.type == "primary-key":
        problem = "the key appears twice" + note.replace("the same as in the row at position", ": also in line")
    elif error.type == "foreign-key":
        problem = f"unknown code: {note}"
    elif error.type == "constraint-error":
        problem, expected = f"found {'nothing' if cell in (None, '') else repr(cell)}", _expected(note)
    elif error.type == "type-error":
        problem, expected = f"found {cell!r}", note.split("type is ")[-1]
    elif note:
        problem = f"{error.title.lower()}: {note}"
    else:
        problem = error.message
    return Finding(file, row, column, problem, expected, WHAT_TO_DO.get(error.type, "correct the cell or its rule"))


def _expected(note: str) -> str:
    """The rule that a Frictionless constraint note quotes, in words."""
    rule, _, value = note.removeprefix('constraint "').partition('" is ')
    value = value.strip('"')
    words = {
        "pattern": f"text that matches {value}",
        "enum": f"one of {value}",
        "required": "a value",
        "unique": "a value not used in an earlier row",
    }
    return words.get(rule, f"{rule} {value}")
