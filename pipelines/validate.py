"""Validate: is raw/ whole, unchanged and as its package says? Nothing is loaded before this passes.

The package comes first: datapackage.schema.json says what it may hold, and nothing reads a package that holds anything else.
Then Frictionless checks the files against it (hash, encoding, header, types, patterns, keys, foreign keys); this module gathers
every finding, adds what the standard cannot say (files that no resource lists, sources that the package does not describe)
and puts each into one line that names file, row and column, what was found, what was expected and what to do.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.project import EgovError, Project, replace_file
from pipelines.releases import hash_of, only_writer

# The largest file in raw/ is far below this; a larger one is a slip, and would cost memory before it is found out.
MAX_FILE_BYTES = 64 * 1024 * 1024

# The package has a hundredth of this.
MAX_PACKAGE_BYTES = 16 * 1024 * 1024
# How many seconds a command that writes in raw/ waits for another one, or for a build.
WAIT = 60.0

# Unicode's embeddings, overrides and isolates: with one of them 21 can be shown as 12.
TURNS_TEXT = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")

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
    """raw/datapackage.json as a dict, whole and as datapackage.schema.json says: whatever reads it can rely on that.

    Raises EgovError (exit code 2) that lists what is wrong with it.
    """
    path = project.package_file
    try:
        if path.stat().st_size > MAX_PACKAGE_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes, expected at most {MAX_PACKAGE_BYTES}")
        package = json.loads(
            path.read_bytes().decode(), object_pairs_hook=_without_twins, parse_float=_refuse, parse_constant=_refuse
        )
        json.dumps(package, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except FileNotFoundError:
        raise EgovError("raw/datapackage.json: the file is missing; restore it, it describes every raw file", 2) from None
    except (ValueError, RecursionError) as error:  # undecodable text too
        raise EgovError(f"raw/datapackage.json: not readable as UTF-8 JSON ({error}); restore the file", 2) from None
    require_valid(sorted(set(_schema_findings(package)) or set(_package_findings(package))))
    checked: dict[str, Any] = package
    return checked


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. One that says a property twice means one thing to one reader and another to the next."""
    counted = Counter(name for name, _ in pairs)
    if twice := [name for name, times in counted.items() if times > 1]:
        raise ValueError(f"the property {twice[0]!r} stands twice in one object")
    return dict(pairs)


def _refuse(number: str) -> None:
    raise ValueError(f"{number} is no whole number; the package holds no other")


@cache
def _schema() -> Any:
    """The validator of the package. Its patterns have to match the whole text: `$` alone would pass a line end behind it."""
    # here, not above: no other command has to wait for the import
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

    def pattern(_: Any, expected: str, instance: object, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not re.fullmatch(expected, instance):
            yield ValidationError(f"expected text that matches {expected}")

    formats = FormatChecker(["date"])

    def compiles(instance: object) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a pattern that Python is about to read otherwise is none to rely on
            return not isinstance(instance, str) or bool(re.compile(instance))

    formats.checks("regex", raises=(re.error, ValueError, OverflowError, RecursionError, Warning))(compiles)
    checks = validators.extend(Draft202012Validator, {"pattern": pattern})
    schema = json.loads(Path(__file__).with_name("datapackage.schema.json").read_text(encoding="utf-8"))
    return checks(schema, format_checker=formats)


def _schema_findings(package: object) -> Iterator[Finding]:
    """What the package holds that datapackage.schema.json does not allow, each with the way to it."""
    for error in _schema().iter_errors(package):
        way = list(error.absolute_path)
        match error.validator:
            case "required" | "dependentRequired":
                what = f"{error.message.split(' ')[0]} is missing; add it"
            case "additionalProperties":
                unknown = sorted(set(error.instance) - set(error.schema["properties"]))
                what = f"{', '.join(map(repr, unknown))} is unknown; expected only {', '.join(error.schema['properties'])}"
            case "type":
                what = f"found {_short(error.instance)}, expected {error.validator_value}"
            case "const":
                what = f"found {_short(error.instance)}, expected {error.validator_value!r}"
            case "enum":
                what = f"found {_short(error.instance)}, expected one of {error.validator_value}"
            case "pattern":
                what = f"found {_short(error.instance)}, {error.message}"
            case "format":
                expected = {"date": "a day as YYYY-MM-DD", "regex": "a regular expression"}[error.validator_value]
                what = f"found {_short(error.instance)}, expected {expected}"
            case _:
                what = f"found {_short(error.instance)}, against the rule {error.validator} {_short(error.validator_value)}"
        yield Finding("datapackage.json", 0, "", f"{_way(package, way)}{what}")


def _way(package: Any, way: list[str | int]) -> str:
    """The way to a value, as `resource 4 ("article/table_1.csv"), schema, field 2, name: `, counted from 1."""
    words: list[str] = []
    at = package
    for step in way:
        at = at[step]
        if isinstance(step, int):
            known = [at[name] for name in ("path", "name") if isinstance(at, dict) and isinstance(at.get(name), str)]
            last = words.pop() if words else "item"
            words.append(f"{last.removesuffix('s')} {step + 1}" + (f" ({_short(known[0])})" if known else ""))
        else:
            words.append(step)
    return f"{', '.join(words)}: " if words else ""


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:100]}..."


def _package_findings(package: dict[str, Any]) -> Iterator[Finding]:
    """What a package of the right form says that cannot be: names used twice, and references to what is not there."""

    def found(message: str) -> Finding:
        return Finding("datapackage.json", 0, "", message)

    for what, names in (
        ("source", [source["name"] for source in package["sources"]]),
        ("path", [resource["path"] for resource in package["resources"]]),
        (
            "series, edition and revision",
            [(r["series"], r["edition"], r["revision"]) for r in package["resources"] if "series" in r],
        ),
    ):
        yield from (found(f"the {what} {name!r} stands twice") for name, times in Counter(names).items() if times > 1)
    described = sorted(source["name"] for source in package["sources"])
    columns = {resource["name"]: {field["name"] for field in resource["schema"]["fields"]} for resource in package["resources"]}
    for resource in package["resources"]:
        path, schema = resource["path"], resource["schema"]
        name = path.removesuffix(".csv").replace("/", "_")
        if resource["name"] != name:
            yield Finding(path, 0, "", f"its resource is named {resource['name']!r}; expected {name!r}")
        if name.startswith("datapackage_"):
            yield Finding(path, 0, "", "its folder has the name of the tables that describe the package; rename it")
        if (source := resource["sources"][0]["name"]) not in described:
            yield Finding(
                path, 0, "", f"its source is {source!r}; expected one that raw/datapackage.json describes: {described}"
            )
        held = Counter(field["name"] for field in schema["fields"])
        for column, times in held.items():
            if times > 1 or column == "raw_row":
                yield Finding(path, 0, column, "the column stands twice, raw_row is numbered here; rename one of the two")
        named = [("primaryKey", schema.get("primaryKey", []), set(held))]
        for key in schema.get("foreignKeys", []):
            target = key["reference"]["resource"] or resource["name"]
            if target not in columns or len(key["fields"]) != len(key["reference"]["fields"]):
                yield Finding(path, 0, "", f"its foreign key leads to {key['reference']}; expected columns of another resource")
                continue
            named += [("foreignKeys", key["fields"], set(held)), (target, key["reference"]["fields"], columns[target])]
        for where, wanted, there in named:
            yield from (
                Finding(path, 0, "", f"{where}: the column {column!r} is not there; expected one of {sorted(there)}")
                for column in wanted
                if column not in there
            )


def check(project: Project) -> list[Finding]:
    """All findings about the files of raw/, sorted by file, row and column; an empty list when raw/ is valid.

    Raises EgovError when raw/datapackage.json itself is not as it has to be.
    """
    package = read_package(project)
    findings = _check_places(project, package)
    if all(NO_HASH in finding.message for finding in findings):  # a file without a hash has cells that can be checked
        findings += _check_files(project, package)
    return sorted(set(findings))


def require_valid(findings: list[Finding]) -> None:
    """Raises EgovError (exit code 2) that lists every finding, if there is one."""
    if findings:
        count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
        lines = "\n".join(f"  {finding}" for finding in findings)
        raise EgovError(f"raw/ is not valid, {count}:\n{lines}", 2)


def update_hashes(project: Project) -> list[str]:
    """Record the present SHA-256 of every raw file in the package. Returns the paths whose hash changed.

    Raises EgovError, and writes nothing, when raw/ has any other finding than a changed hash; exit code 3 when another
    command goes on writing in raw/.
    """
    with only_writer(project, WAIT):
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
    return f"sha256:{hash_of(path)}"


def _check_places(project: Project, package: dict[str, Any]) -> list[Finding]:
    """What must hold before the files can be read at all: plain files of a fair size below raw/, and none that nobody lists."""
    findings = []

    def found(file: str, message: str) -> None:
        findings.append(Finding(file, 0, "", message))

    root = project.raw.resolve()
    for number, resource in enumerate(package["resources"], start=1):
        path = resource["path"]
        target = project.raw / path
        if not target.resolve().is_relative_to(root) or target.is_symlink():
            found(
                "datapackage.json",
                f"resource {number}: the path {path!r} leads out of raw/; expected a plain file below raw/",
            )
        elif target.exists() and not target.is_file():
            found(path, "is no plain file; restore the file")
        elif target.is_file() and target.stat().st_size > MAX_FILE_BYTES:
            found(path, f"the file has {target.stat().st_size} bytes; expected at most {MAX_FILE_BYTES}")
        if "hash" not in resource:
            found(path, f"{NO_HASH}; record it with `egov check --update-hashes`")
    listed = {resource["path"] for resource in package["resources"]}
    for file in sorted(project.raw.rglob("*.csv")):
        path = file.relative_to(project.raw).as_posix()
        if path not in listed:
            found(path, "raw/datapackage.json does not list the file; describe it there or remove it")
    return findings


def _check_files(project: Project, package: dict[str, Any]) -> list[Finding]:
    from frictionless import Package  # here, not above: no other command has to wait for the import
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
    """What lenient readers pass over or read in different ways: a quotation mark that is never closed, an invisible character.

    A cell that ends in a line end would match the pattern of its column, and not be the text that it looks like.
    """
    findings = []
    with open(project.raw / file, encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            for row, cells in enumerate((cells for cells in reader if cells), start=1):
                for column, cell in zip(header, cells, strict=False):
                    if not cell.isprintable() and (odd := [c for c in cell if _is_hidden(c)]):
                        message = f"found {odd[0]!r} in the cell; expected one line of text: remove it"
                        findings.append(Finding(file, row, column, message))
        except (csv.Error, UnicodeDecodeError) as error:
            return [Finding(file, reader.line_num, "", f"not readable as CSV: {error}; quote the cell as RFC 4180 says")]
    return findings


def _is_hidden(character: str) -> bool:
    """Whether a character ends a line, steers a terminal, or turns the direction in which text is shown."""
    return unicodedata.category(character) in ("Cc", "Zl", "Zp") or unicodedata.bidirectional(character) in TURNS_TEXT


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
