"""Write: put imported editions and their data package entries into raw/, all of them or none."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pipelines import signals
from pipelines.importers.layout import CodeLists, Column, Edition, Refused
from pipelines.intake.check import check
from pipelines.intake.package import editing, file_hash, read_package, require_valid, write_package
from pipelines.project import EgovError, Exit, Project, replace_file, said_by


def import_files(
    project: Project,
    files: list[Path],
    read: Callable[[Path, CodeLists], Iterator[Edition]],
    *,
    accessed: str | None,
    revision: bool,
) -> list[str]:
    """Read all files, then write all their editions into raw/, or none. Returns one line for each edition, and its notes.

    `accessed` is the day, YYYY-MM-DD, on which the copies were taken; without it, each file has to state its own. If raw/
    already holds an edition with the same figures, nothing is written for it. If the figures differ, the edition is refused,
    or, with `revision`, written beside the earlier one. Raises Refused for a bad file or a missing day, and EgovError if the
    day is wrong, if raw/ itself is not valid, or (exit code 3) if another command keeps writing in raw/.
    """
    if accessed is not None:
        _require_day(accessed)
    with editing(project):
        require_valid(check(project))
        package = read_package(project)
        lists = CodeLists.read(project)
        written: dict[Path, str] = {}
        said, refused = [], []
        for file in files:
            if not file.name.isprintable() or set(file.name) & set("{}"):
                raise Refused(
                    file, ["its name holds a brace or an invisible character, and every locator would repeat it: rename it"]
                )
            for edition in read(file, lists):
                held = _held(package, edition)
                text = _csv_text(edition)
                if held and _text_of(project.raw / held["path"], written) == text:
                    said.append(f"{edition.series} {edition.edition}: already held with the same figures")
                    continue
                if held and not revision:
                    refused.append(
                        f"{file.name}: {edition.series} {edition.edition} is already held with other figures "
                        f"(raw/{held['path']}); import it with --revision to keep both"
                    )
                    continue
                number = held["revision"] + 1 if held else 1
                day = day_of_copy(file, accessed, edition.stated_on)
                resource = _resource(package, edition, number, day, file, text)
                package["resources"].append(resource)
                note_newest_copy(package, edition.source, day)
                written[project.raw / resource["path"]] = text
                said.append(f"{edition.series} {edition.edition}: {len(edition.rows)} rows in raw/{resource['path']}")
                said += [f"  {note}" for note in edition.notes]
        if refused:
            raise EgovError("nothing is written:\n" + "\n".join(f"  {line}" for line in refused), Exit.REFUSED)
        write_all(project, package, written)
        return said


def day_of_copy(file: Path, accessed: str | None, stated_on: str | None = None) -> str:
    """The day on which a copy was taken: as the user says, or else as the file says. It never defaults to today.

    Raises Refused if neither says it, and EgovError if what the user says is no day, or is still to come.
    """
    if accessed is not None:
        _require_day(accessed)
    day = accessed or stated_on
    if day is None:
        raise Refused(file, ["the file does not state when the copy was taken; add --accessed YYYY-MM-DD, the day of the copy"])
    return day


def _require_day(text: str) -> None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        day = None
    if day is None:
        raise EgovError(f"--accessed {text}: expected the day on which the copy was taken, YYYY-MM-DD", Exit.REFUSED)
    if day > date.today():
        raise EgovError(f"--accessed {text}: this day is still to come; expected the day of the copy", Exit.REFUSED)


def _text_of(path: Path, written: dict[Path, str]) -> str:
    """The text of a raw file, or of one that is about to be written."""
    return written[path] if path in written else path.read_text(encoding="utf-8")


def write_all(project: Project, package: dict[str, Any], written: dict[Path, str]) -> None:
    """Write the files, then the package that lists them. If that fails, or if raw/ is then not valid, put everything back.

    Raises EgovError with the reason.
    """
    before = {path: path.read_bytes() if path.exists() else None for path in (*written, project.package_file)}
    try:
        for path, text in written.items():
            path.parent.mkdir(exist_ok=True)
            replace_file(path, text.encode())
        write_package(project, package)
        require_valid(check(project))
    except BaseException as error:  # also for Ctrl-C
        left = ", ".join(str(path) for path in _put_back(before))
        outcome = f"{left} could not be restored: restore from version control" if left else "nothing is imported"
        if stopped := signals.received():
            raise EgovError(f"{stopped}; {outcome}", Exit.SIGNALLED + stopped.number) from None
        if isinstance(error, OSError):
            raise EgovError(f"{said_by(error)}; {outcome}") from None
        if isinstance(error, EgovError):
            raise EgovError(f"the file would make raw/ invalid, {outcome}:\n{error}", Exit.REFUSED) from None
        raise


def _put_back(before: dict[Path, bytes | None]) -> list[Path]:
    """Restore files: a path -> its content, or None if there was no file. Returns the paths that could not be restored."""
    left = []
    for path, content in before.items():
        try:
            if content is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != content:
                replace_file(path, content)
        except OSError:
            left.append(path)
    return left


def _held(package: dict[str, Any], edition: Edition) -> dict[str, Any] | None:
    """The newest revision of an edition in the package, or None."""
    editions = [
        resource
        for resource in package["resources"]
        if resource.get("series") == edition.series and resource["edition"] == edition.edition
    ]
    return max(editions, key=lambda resource: int(resource["revision"]), default=None)


def note_newest_copy(package: dict[str, Any], source_code: str, day: str) -> None:
    """A source states the day of its newest copy."""
    source = next(source for source in package["sources"] if source["name"] == source_code)
    source["accessed"] = max(day, source.get("accessed", day))


def _csv_text(edition: Edition) -> str:
    names = [column.name for column in edition.columns]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([row.get(name, "") for name in names] for row in edition.rows)
    return buffer.getvalue()


def _resource(package: dict[str, Any], edition: Edition, revision: int, accessed: str, file: Path, text: str) -> dict[str, Any]:
    """The entry of an edition in the data package: what it is, where it comes from, and what its columns hold."""
    source = next((source for source in package["sources"] if source["name"] == edition.source), None)
    if source is None:
        raise EgovError(f"raw/datapackage.json describes no source {edition.source!r}; add it to `sources`", Exit.REFUSED)
    stem = edition.series.removeprefix(f"{edition.source}_")
    suffix = f"_r{revision}" if revision > 1 else ""
    path = f"{edition.source}/{stem}_{edition.edition.replace('-', '_')}{suffix}.csv"
    lists = {
        "country_code": "codes_countries",
        "indicator_code": "codes_indicators",
        "measure_code": "codes_usage_measures",
        "channel_code": "codes_channels",
        "region_code": "codes_regions",
    }
    keys = [
        {"fields": [column.name], "reference": {"resource": lists[column.name], "fields": [column.name]}}
        for column in edition.columns
        if column.name in lists
    ]
    return {
        "name": path.removesuffix(".csv").replace("/", "_"),
        "type": "table",
        "title": edition.title,
        "path": path,
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "hash": "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest(),
        "sources": [{"name": edition.source, "title": source["title"]}],
        "licenses": source["licenses"],
        "series": edition.series,
        "house_layout": edition.layout,
        "edition": edition.edition,
        "revision": revision,
        "accessed": accessed,
        "imported": {"file": file.name, "hash": file_hash(file)},
        "locator": edition.locator,
        "schema": {
            "fields": [_field(column) for column in edition.columns],
            "primaryKey": edition.key,
            "foreignKeys": keys,
        },
    }


def _field(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = {"name": column.name, "type": "string"}
    if column.title:
        described["title"] = column.title
    described["description"] = column.description
    if column.printed:
        described["printed"] = True
    if column.constraints:
        described["constraints"] = column.constraints
    return described
