"""Register: which files the feed holds, with what their manifests state of them.

feed/register.json is replaced in one step, so it decides which files count: a file that it does not list is left over from a
command that did not end.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from pipelines.project import EgovError, Exit, Project, replace_file

# The table that holds the rows of the feed.
FEED_FACT = "fct_service_usage_daily"
MONTH = re.compile(r"(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class FeedFile:
    """A file of the feed.

    `row_count` and `usage_sum` are what the warehouse takes from it; `stated_row_count` and `stated_usage_sum` are the control
    totals of its manifest. `quarantined_rows` were set aside with `quarantined_sum` uses, which is None if one of them has no
    readable count. `sha256` is that of the file as delivered, `rows_sha256` that of its checked rows in feed/months/.
    `replaces` is the file of the same month that it corrected. `ended_at` is when it was corrected or withdrawn itself.
    """

    feed_file_id: str
    month: str
    sha256: str
    file_name: str
    row_count: int
    usage_sum: int
    stated_row_count: int
    stated_usage_sum: int
    quarantined_rows: int
    quarantined_sum: int | None
    arrived_at: str
    rows_sha256: str
    replaces: str | None = None
    ended_at: str | None = None

    def rows_file(self, project: Project) -> Path:
        """The checked rows, as Parquet: the columns of marts.fct_service_usage_daily in the order of the delivered file."""
        return project.feed / "months" / f"{self.feed_file_id}.parquet"

    def quarantine_file(self, project: Project) -> Path:
        """The rows that were set aside, as Parquet, with what is wrong with them. It exists only if there are any."""
        return project.feed / "quarantine" / f"{self.feed_file_id}.parquet"

    def delivered_file(self, project: Project) -> Path:
        """The file as it was delivered."""
        return project.feed / "delivered" / f"{self.sha256}{Path(self.file_name).suffix.lower()}"


def read(project: Project) -> list[FeedFile]:
    """Every file that the feed has ever held, in the order of arrival; empty if there is no feed.

    Raises EgovError, exit code 2, if the register is damaged.
    """
    if not project.feed_register.exists():
        return []
    try:
        listed = json.loads(project.feed_register.read_text(encoding="utf-8"))
        if not isinstance(listed, list):
            raise ValueError("it is no list")
        entries = [FeedFile(**entry) for entry in listed]
        for entry in entries:
            _require_sound(entry)
    except (ValueError, TypeError, RecursionError) as error:
        raise EgovError(f"feed/register.json is damaged: {error}; restore it from a backup", Exit.REFUSED) from None
    held = [entry.month for entry in entries if entry.ended_at is None]
    if doubled := sorted({month for month in held if held.count(month) > 1}):
        raise EgovError(f"feed/register.json lists two files for {doubled[0]}; restore it from a backup", Exit.REFUSED)
    return entries


def active(project: Project) -> list[FeedFile]:
    """The files that count now, one per month, by month. Raises EgovError as `read` does."""
    return sorted((entry for entry in read(project) if entry.ended_at is None), key=lambda entry: entry.month)


def write(project: Project, entries: list[FeedFile]) -> None:
    """Replace the register in one step."""
    text = json.dumps([asdict(entry) for entry in entries], indent=1, ensure_ascii=False)
    replace_file(project.feed_register, text.encode() + b"\n")


def ended(entries: list[FeedFile], feed_file_id: str, at: datetime) -> list[FeedFile]:
    """The entries, with the active file of this id marked as ended."""
    return [
        replace(entry, ended_at=stamp(at)) if entry.feed_file_id == feed_file_id and entry.ended_at is None else entry
        for entry in entries
    ]


def stamp(at: datetime) -> str:
    """A time as the register writes it: ISO 8601, in seconds."""
    return at.isoformat(timespec="seconds")


def _require_sound(entry: FeedFile) -> None:
    """Raise ValueError if an entry holds anything that the warehouse would misread: ids become names of files."""
    for field in fields(entry):
        value = getattr(entry, field.name)
        kind, _, optional = str(field.type).partition(" | ")
        sound = type(value) is {"int": int, "str": str}[kind] or bool(optional and value is None)
        if kind == "int" and sound and value is not None:
            # rows with a negative count may have been set aside, but nothing else is ever negative
            sound = (0 if field.name != "quarantined_sum" else -(2**63)) <= value < 2**63
        if not sound:
            raise ValueError(f"{field.name} of {entry.feed_file_id} is {value!r}")
    if not MONTH.fullmatch(entry.month):
        raise ValueError(f"{entry.month!r} is no month")
    for feed_file_id in (entry.feed_file_id, entry.replaces):
        if feed_file_id is not None and not re.fullmatch(rf"{entry.month}-[0-9a-f]{{12}}", feed_file_id):
            raise ValueError(f"{feed_file_id!r} is no id of a file of {entry.month!r}")
    if not all(re.fullmatch("[0-9a-f]{64}", digest) for digest in (entry.sha256, entry.rows_sha256)):
        raise ValueError(f"a hash of {entry.feed_file_id} is no SHA-256")
    for at in (entry.arrived_at, entry.ended_at):
        if at is not None and stamp(datetime.fromisoformat(at)) != at:
            raise ValueError(f"{at!r} is no time of {entry.feed_file_id}")
