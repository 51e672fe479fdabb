"""Validate: is raw/ whole, unchanged and as its package says? Nothing is loaded before this passes.

Frictionless does the checking (hash, encoding, header, types, patterns, keys, foreign keys); this module gathers every
finding, adds what the standard cannot say (files that no resource lists, sources that the package does not describe)
and puts each into one line that names file, row and column, what was found, what was expected and what to do.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.project import EgovError, Project, replace_file

# The largest file in raw/ is far below this; a larger one is a slip, and would cost memory before it is found out.
MAX_FILE_BYTES = 64 * 1024 * 1024

# What the package says of each source, and what a source can be to its figures: the one to use is the publisher's own
# before a copy of it, and a copy before a quotation.
SOURCE_PROPERTIES = ("name", "title", "publisher", "citation", "standing", "accessed", "licence", "licenses")
STANDINGS = ("publisher", "copy", "quotation")

WHAT_TO_DO = {
    "hash-count": "if the edit is meant, record it with `egov check --update-hashes`; if not, restore the file",
    "scheme-error": "restore the file, or take its resource out of raw/datapackage.json",
    "encoding-error": "save the file as UTF-8",
    "primary-key": "remove or correct one of the two rows",
    "foreign-key": "correct the value, or add it to the code list",
    "extra-label": "remove the column, or describe it in raw/datapackage.json",
    "missing-label": "restore the column, or take it out of raw/datapackage.json",
    "incorrect-label": "restore the header that raw/datapackage.json describes",
    "extra-cell": "quote the cell that holds a comma, or remove the cell",
    "missing-cell": "complete the row",
    "blank-row": "remove the empty line",
}


NO_HASH = "no SHA-256 is recorded"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in raw/. `row` counts the rows below the header from 1, 0 where it is not about a row."""

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"raw/{self.file}"
        if self.row:
            place += f", row {self.row} (line {self.row + 1})"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.message}"


def read_package(project: Project) -> dict[str, Any]:
    """raw/datapackage.json as a dict. Raises EgovError (exit code 2) when it is missing or is not a JSON object."""
    path = project.package_file
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise EgovError("raw/datapackage.json: the file is missing; restore it, it describes every raw file", 2) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise EgovError(f"raw/datapackage.json: not readable as UTF-8 JSON ({error}); restore the file", 2) from None
    if not isinstance(package, dict) or not isinstance(package.get("resources"), list):
        raise EgovError("raw/datapackage.json: expected an object with a list of resources; restore the file", 2)
    return package


def check(project: Project) -> list[Finding]:
    """All findings about raw/, sorted by file, row and column; an empty list when raw/ is valid.

    Raises EgovError when raw/datapackage.json cannot be read at all.
    """
    package = read_package(project)
    findings = _check_package(project, package)
    if all(NO_HASH in finding.message for finding in findings):  # a file without a hash has cells that can be checked
        findings += _check_files(project)
    return sorted(set(findings))


def require_valid(findings: list[Finding]) -> None:
    """Raises EgovError (exit code 2) that lists every finding, if there is one."""
    if findings:
        count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise EgovError(f"raw/ is not valid, {count}:\n{lines}", 2)


def update_hashes(project: Project) -> list[str]:
    """Record the present SHA-256 of every raw file in the package. Returns the paths whose hash changed.

    Raises EgovError, and writes nothing, when raw/ has any other finding than a changed hash.
    """
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


def write_package(project: Project, package: dict[str, Any]) -> None:
    """Replace raw/datapackage.json by `package` in one step, in the layout in which it is kept."""
    replace_file(project.package_file, (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode())


def file_hash(path: Path) -> str:
    """The SHA-256 of a file in the form of the Frictionless `hash` property."""
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def _check_package(project: Project, package: dict[str, Any]) -> list[Finding]:
    """What must hold before the files can be read at all: safe paths, known sources, no file that nobody lists."""
    findings = []

    def found(file: str, message: str) -> None:
        findings.append(Finding(file, 0, "", message))

    described = set()
    for source in package.get("sources", []):
        if not isinstance(source, dict) or not all(source.get(name) for name in SOURCE_PROPERTIES):
            found("datapackage.json", f"a source lacks one of {', '.join(SOURCE_PROPERTIES)}; complete it: {source}")
            continue
        if source["standing"] not in STANDINGS:
            found("datapackage.json", f"source {source['name']}: standing {source['standing']!r}; expected one of {STANDINGS}")
        described.add(source["name"])
    listed = set()
    root = project.raw.resolve()
    for number, resource in enumerate(package["resources"], start=1):
        path = resource.get("path") if isinstance(resource, dict) else None
        if not isinstance(path, str) or not path:
            found("datapackage.json", f"resource {number} has no path; expected the path of a CSV file below raw/")
            continue
        listed.add(path)
        target = project.raw / path
        if not target.resolve().is_relative_to(root) or ".." in Path(path).parts or target.is_symlink():
            found(
                "datapackage.json",
                f"resource {number}: the path {path!r} leads out of raw/; expected a plain file below raw/",
            )
            continue
        name = path.removesuffix(".csv").replace("/", "_")
        if resource.get("name") != name:
            found(path, f"its resource is named {resource.get('name')!r}; expected {name!r}")
        named = [source.get("name") for source in resource.get("sources", []) if isinstance(source, dict)]
        if len(named) != 1 or named[0] not in described:
            found(path, f"its source is {named}; expected one that raw/datapackage.json describes: {sorted(described)}")
        schema = resource.get("schema")
        if not isinstance(schema, dict) or not schema.get("fields") or not resource.get("title"):
            found(path, "its resource has no title or no schema; describe its columns in raw/datapackage.json")
        if not str(resource.get("hash", "")).startswith("sha256:"):
            found(path, f"{NO_HASH}; record it with `egov check --update-hashes`")
        if target.is_file() and target.stat().st_size > MAX_FILE_BYTES:
            found(path, f"the file has {target.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}")
    for file in sorted(project.raw.rglob("*.csv")):
        path = file.relative_to(project.raw).as_posix()
        if path not in listed:
            found(path, "raw/datapackage.json does not list the file; describe it there or remove it")
    return findings


def _check_files(project: Project) -> list[Finding]:
    from frictionless import Package  # here, not above: no other command has to wait for the import
    from frictionless.exception import FrictionlessException

    try:
        package = Package(str(project.package_file))
        report = package.validate()
    except FrictionlessException as error:
        reasons = [reason.message for reason in error.reasons] or [error.error.message]
        return [Finding("datapackage.json", 0, "", reason) for reason in reasons]
    paths = {resource.name: str(resource.path) for resource in package.resources}
    findings = [Finding("datapackage.json", 0, "", error.message) for error in report.errors]
    for task in report.tasks:
        file = paths[task.name]
        findings += [_finding(file, error) for error in task.errors]
        if not any(error.type in ("scheme-error", "encoding-error") for error in task.errors):
            findings += _check_quotes(project, file)
    return findings


def _check_quotes(project: Project, file: str) -> list[Finding]:
    """A quotation mark that is never closed swallows the rows below it, and lenient readers differ on what is there."""
    with open(project.raw / file, encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            for _ in reader:
                pass
        except (csv.Error, UnicodeDecodeError) as error:
            return [Finding(file, reader.line_num, "", f"not readable as CSV: {error}; quote the cell as RFC 4180 says")]
    return []


def _finding(file: str, error: Any) -> Finding:
    """A Frictionless error in our words. Its row numbers count the header, ours do not."""
    row = (getattr(error, "row_number", None) or 1) - 1
    column = getattr(error, "field_name", None) or ""
    cell = getattr(error, "cell", None)
    note = error.note or ""
    if error.type == "hash-count":
        message = "the content does not have the recorded SHA-256"
    elif error.type == "scheme-error":
        message = "the file is missing or cannot be opened"
    elif error.type == "primary-key":
        message = "the key stands twice" + note.replace("the same as in the row at position", ": also in line")
    elif error.type == "foreign-key":
        message = f"unknown code: {note}"
    elif error.type == "constraint-error":
        message = f"found {'nothing' if cell in (None, '') else repr(cell)}, expected {_expected(note)}"
    elif error.type == "type-error":
        message = f"found {cell!r}, expected {note.split('type is ')[-1]}"
    elif note:
        message = f"{error.title.lower()}: {note}"
    else:
        message = error.message
    return Finding(file, row, column, f"{message}; {WHAT_TO_DO.get(error.type, 'correct the cell or its rule')}")


def _expected(note: str) -> str:
    """The rule that a Frictionless constraint note quotes, in words."""
    rule, _, value = note.removeprefix('constraint "').partition('" is ')
    value = value.strip('"')
    words = {
        "pattern": f"text that matches {value}",
        "enum": f"one of {value}",
        "required": "a value",
        "unique": "a value not used above",
    }
    return words.get(rule, f"{rule} {value}")
