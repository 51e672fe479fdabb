"""The paths of a checkout, the one kind of error that a user sees, every exit code, and how files are replaced."""

from __future__ import annotations

import os
import sys
import unicodedata
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

# The folder of this package.
PACKAGE = Path(__file__).parent


class Exit(IntEnum):
    """Every exit code of the command line. A command that was stopped by signal n ends with SIGNALLED + n."""

    FINE = 0
    FAILED = 1
    REFUSED = 2  # input that is not valid
    BUSY = 3  # another build, import or publish is running
    NOT_ACCEPTED = 4  # the new release would lose data
    STALE = 10  # `egov status`: the inputs have changed since the release
    UNHEALTHY = 11  # `egov status`: the last run failed, or no release can be read
    SIGNALLED = 128


class EgovError(Exception):
    """A failure that the user can fix: the message says what failed, where, and what to do. It is shown without a traceback.

    `exit_code` is the exit code of the command line.
    """

    def __init__(self, message: str, exit_code: int = Exit.FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def said_by(error: OSError) -> str:
    """One line that names the file and the operating system's reason."""
    return f"{error.filename or 'the disk'}: {error.strerror or error}"


def printable(text: str) -> str:
    """The text, with every character escaped that could control a terminal or change the direction of the text.

    Cells, file names and messages of other programs come from outside: the terminal must display an escape sequence in them,
    not execute it.
    """
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else character.encode("unicode_escape").decode()
        for character in text
    )  # fmt: skip


def child_environment() -> dict[str, str]:
    """The environment for every child process: the paths of this machine, but no variable that changes how a program works.

    dbt, Python and git read dozens of settings from environment variables. A variable left over in a shell could switch off
    every test.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step: a reader finds the old content or the new content, never half of it."""
    aside = path.with_name(f"{path.name}.tmp")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@dataclass(frozen=True)
class Project:
    """The paths of one checkout. `root` is the folder that holds dbt_project.yml."""

    root: Path

    @classmethod
    def find(cls) -> Project:
        """The project in EGOV_PROJECT_DIR, or else the checkout that this package was installed from.

        Raises EgovError if that folder holds no dbt_project.yml, or has a name that Python or DuckDB would misread.
        """
        root = Path(os.environ.get("EGOV_PROJECT_DIR") or PACKAGE.parent).resolve()
        if not (root / "dbt_project.yml").is_file():
            raise EgovError(
                f"{root} is not a checkout of the warehouse: it has no dbt_project.yml. Set EGOV_PROJECT_DIR to the checkout."
            )
        if set(str(root)) & set("?\\"):
            raise EgovError(
                f"{root}: DuckDB cannot open a file whose path holds a question mark or a backslash: move the checkout"
            )
        if not str(root).isascii() and (encoding := sys.getfilesystemencoding()) != "utf-8":
            raise EgovError(
                f"{root}: Python reads file names as {encoding} here and would not find this folder. "
                "Set LC_ALL=C.UTF-8, or another UTF-8 locale, or PYTHONUTF8=1"
            )
        return cls(root)

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    @property
    def package_file(self) -> Path:
        return self.raw / "datapackage.json"

    @property
    def feed(self) -> Path:
        """The folder that holds the files of the feed, if there is one."""
        return self.root / "feed"

    @property
    def feed_register(self) -> Path:
        """The file that lists the files of the feed."""
        return self.feed / "register.json"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def holds(self) -> str:
        """What a release holds beside release.json: without it, a folder is no release."""
        return "egov.duckdb"

    @property
    def releases(self) -> Path:
        return self.warehouse / "releases"

    @property
    def current(self) -> Path:
        """The directory link to the published release."""
        return self.warehouse / "current"

    @property
    def logs(self) -> Path:
        """The folder that holds one plain-text log per run."""
        return self.warehouse / "logs"

    @property
    def runs_file(self) -> Path:
        """The file that holds one JSON line per run."""
        return self.warehouse / "runs.jsonl"

    @property
    def rolled_back_file(self) -> Path:
        """The file that lists the releases that `egov rollback` went back from."""
        return self.warehouse / "rolled_back.json"

    @property
    def build(self) -> Path:
        """The folder in which the next release is built. Nothing in it belongs to a published release."""
        return self.warehouse / "build"

    @property
    def build_file(self) -> Path:
        """The database of the next release, in the folder that will be published. profiles.yml names the same path."""
        return self.build / "release" / "egov.duckdb"

    @property
    def work_file(self) -> Path:
        """The database that holds the unpublished tables. profiles.yml names the same path."""
        return self.build / "work.duckdb"

    @property
    def target(self) -> Path:
        """The folder into which dbt writes its artifacts."""
        return self.root / "target"

    @property
    def published_file(self) -> Path:
        return self.current / "egov.duckdb"
