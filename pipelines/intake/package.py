"""Package: raw/datapackage.json, the Frictionless data package that describes every raw file, and the hashes in it.

datapackage.schema.json says what the package may hold. No code reads a package that holds anything else.
"""

from __future__ import annotations

import contextlib
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pipelines.project import EgovError, Exit, Project, replace_file
from pipelines.releases import store
from pipelines.releases.inputs import hash_of

# The actual package is about a hundredth of this size.
MAX_PACKAGE_BYTES = 16 * 1024 * 1024
# How many seconds a command that writes in raw/ waits for another such command or for a build.
WAIT = 60.0


@dataclass(frozen=True, order=True)
class Finding:
    """One error in raw/. `row` counts the rows below the header from 1; it is 0 if the error is not about a row.

    `expected` and `advice` may be empty: a finding says what is wrong, if it can what would be right, and what to do.
    """

    file: str
    row: int
    column: str
    problem: str
    expected: str = ""
    advice: str = ""

    @property
    def message(self) -> str:
        """The finding without its place."""
        return self.problem + (self.expected and f", expected {self.expected}") + (self.advice and f"; {self.advice}")

    def as_json(self) -> dict[str, Any]:
        """What `egov check --json` says: what is not known, or does not apply, is null."""
        return {
            "file": f"raw/{self.file}",
            "row": self.row or None,
            "line": self.row + 1 if self.row else None,
            "column": self.column or None,
            "problem": self.problem,
            "expected": self.expected or None,
            "advice": self.advice or None,
        }

    def __str__(self) -> str:
        place = f"raw/{self.file}"
        if self.row:
            place += f", row {self.row} (line {self.row + 1})"
        if self.column:
            place += f", column {self.column}"
        return f"{place}: {self.message}"


class NotValid(EgovError):
    """raw/ breaks its rules: `findings` says where."""

    def __init__(self, findings: list[Finding]) -> None:
        count = f"{len(findings)} finding{'s' if len(findings) > 1 else ''}"
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(f"raw/ is not valid, {count}:\n{lines}", Exit.REFUSED)
        self.findings = findings


def read_package(project: Project) -> dict[str, Any]:
    """raw/datapackage.json as a dict that is valid against datapackage.schema.json.

    Raises NotValid (exit code 2) that lists all errors in it.
    """
    path = project.package_file
    try:
        if path.stat().st_size > MAX_PACKAGE_BYTES:
            raise ValueError(f"{path.stat().st_size} bytes, expected at most {MAX_PACKAGE_BYTES}")
        package = json.loads(
            path.read_bytes().decode(), object_pairs_hook=without_twins, parse_float=_refuse, parse_constant=_refuse
        )
        content = json.dumps(package, ensure_ascii=False).encode()  # fails for half a surrogate pair, which is not valid text
    except FileNotFoundError:
        advice = "restore it: it describes every raw file"
        raise NotValid([Finding("datapackage.json", 0, "", "the file is missing", advice=advice)]) from None
    except (ValueError, RecursionError) as error:  # undecodable text too
        problem = f"not readable as UTF-8 JSON ({error})"
        raise NotValid([Finding("datapackage.json", 0, "", problem, advice="restore the file")]) from None
    require_valid(_findings(content))
    checked: dict[str, Any] = package
    return checked


@lru_cache(maxsize=1)
def _findings(content: bytes) -> list[Finding]:
    """All errors in a package, given as JSON, sorted. A build reads the package more than once, but checks it only once."""
    package = json.loads(content)
    return sorted(set(_schema_findings(package)) or set(_package_findings(package)))


def without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict. Raises ValueError if it has a property twice: two readers could read different values."""
    counted = Counter(name for name, _ in pairs)
    if twice := [name for name, times in counted.items() if times > 1]:
        raise ValueError(f"the property {twice[0]!r} appears twice in one object")
    return dict(pairs)


def _refuse(number: str) -> None:
    raise ValueError(f"{number} is not a whole number; the package holds only whole numbers")


@cache
def _schema() -> Any:
    """The validator of the package. A pattern must match the whole text: `$` alone also matches before a final line break."""
    # imported here so that other commands need not wait for it
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators

    def pattern(_: Any, expected: str, instance: object, __: Any) -> Iterator[ValidationError]:
        if isinstance(instance, str) and not re.fullmatch(expected, instance):
            yield ValidationError(f"text that matches {expected}")

    formats = FormatChecker(["date"])

    def compiles(instance: object) -> bool:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a warning means that a later Python may read the pattern differently
            return not isinstance(instance, str) or bool(re.compile(instance))

    formats.checks("regex", raises=(re.error, ValueError, OverflowError, RecursionError, Warning))(compiles)
    checks = validators.extend(Draft202012Validator, {"pattern": pattern})
    schema = json.loads(Path(__file__).with_name("datapackage.schema.json").read_text(encoding="utf-8"))
    return checks(schema, format_checker=formats)


def _schema_findings(package: object) -> Iterator[Finding]:
    """Every part of the package that datapackage.schema.json does not allow, with the path to it."""
    for error in _schema().iter_errors(package):
        way = list(error.absolute_path)
        problem, expected, advice = f"found {_short(error.instance)}", "", ""
        match error.validator:
            case "required" | "dependentRequired":
                problem, advice = f"{error.message.split(' ')[0]} is missing", "add it"
            case "additionalProperties":
                unknown = sorted(set(error.instance) - set(error.schema["properties"]))
                problem = f"{', '.join(map(repr, unknown))} is unknown"
                expected = f"only {', '.join(error.schema['properties'])}"
            case "type":
                expected = str(error.validator_value)
            case "const":
                expected = repr(error.validator_value)
            case "enum":
                expected = f"one of {error.validator_value}"
            case "pattern":
                expected = error.message
            case "format":
                expected = {"date": "a day as YYYY-MM-DD", "regex": "a regular expression"}[error.validator_value]
            case _:
                problem = f"{_short(error.instance)} breaks the rule {error.validator} {_short(error.validator_value)}"
        yield Finding("datapackage.json", 0, "", f"{_way(package, way)}{problem}", expected, advice)


def _way(package: Any, way: list[str | int]) -> str:
    """The path to a value, for example `resource 4 ("article/table_1.csv"), schema, field 2, name: `, counted from 1."""
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
    """Errors in a package that is valid against the schema: duplicate names, and references to things that do not exist."""

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
        yield from (found(f"the {what} {name!r} appears twice") for name, times in Counter(names).items() if times > 1)
    described = sorted(source["name"] for source in package["sources"])
    columns = {resource["name"]: {field["name"] for field in resource["schema"]["fields"]} for resource in package["resources"]}
    for resource in package["resources"]:
        path, schema = resource["path"], resource["schema"]
        name = path.removesuffix(".csv").replace("/", "_")
        if resource["name"] != name:
            yield Finding(path, 0, "", f"its resource is named {resource['name']!r}", repr(name))
        if name.startswith("datapackage_"):
            problem = "names that start with datapackage_ are reserved for the tables that describe the package"
            yield Finding(path, 0, "", problem, advice="rename the folder")
        if (source := resource["sources"][0]["name"]) not in described:
            yield Finding(path, 0, "", f"its source is {source!r}", f"one that raw/datapackage.json describes: {described}")
        held = Counter(field["name"] for field in schema["fields"])
        for column, times in held.items():
            if times > 1 or column == "raw_row":
                problem = "the column appears twice (every table already gets a raw_row)"
                yield Finding(path, 0, column, problem, advice="rename it")
        named = [("primaryKey", schema.get("primaryKey", []), set(held))]
        for key in schema.get("foreignKeys", []):
            target = key["reference"]["resource"] or resource["name"]
            if target not in columns or len(key["fields"]) != len(key["reference"]["fields"]):
                yield Finding(path, 0, "", f"its foreign key leads to {key['reference']}", "columns of another resource")
                continue
            named += [("foreignKeys", key["fields"], set(held)), (target, key["reference"]["fields"], columns[target])]
        for where, wanted, there in named:
            yield from (
                Finding(path, 0, "", f"{where}: the column {column!r} is not there", f"one of {sorted(there)}")
                for column in wanted
                if column not in there
            )


def require_valid(findings: list[Finding]) -> None:
    """If there are any findings, raise NotValid (exit code 2) that lists all of them."""
    if findings:
        raise NotValid(findings)


def write_package(project: Project, package: dict[str, Any]) -> None:
    """Replace raw/datapackage.json with `package` in one step, in its usual formatting."""
    replace_file(project.package_file, (json.dumps(package, ensure_ascii=False, indent=2) + "\n").encode())


@contextlib.contextmanager
def editing(project: Project) -> Iterator[None]:
    """Hold the lock of the warehouse while a command writes in raw/. Raises EgovError (exit code 3) if the lock stays taken."""
    with store.only_writer(project, WAIT):
        yield


def file_hash(path: Path) -> str:
    """The SHA-256 of a file in the form of the Frictionless property `hash`."""
    return f"sha256:{hash_of(path)}"
