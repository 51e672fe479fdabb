"""Where things stand in a checkout, how a file there is replaced, and the one kind of error that a user sees."""

from __future__ import annotations

import os
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path


class EgovError(Exception):
    """A failure that its reader can mend: the message says what, where and how. It is shown without a traceback.

    `exit_code` is what the command line ends with: 1 a failed run, 2 input that was refused, 3 another build or publish runs,
    4 a release that would lose data and was not accepted, 128 + n stopped by signal n.
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def said_by(error: OSError) -> str:
    """What the system refused, and where, in one line."""
    return f"{error.filename or 'the disk'}: {error.strerror or error}"


def printable(text: str) -> str:
    """The text as a terminal or a log may show it: what would steer a terminal or turn the direction of writing is written out.

    Cells, names of files and answers of other programs are not ours: an escape sequence in one of them is shown, not obeyed.
    """
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
        else character.encode("unicode_escape").decode()
        for character in text
    )  # fmt: skip


def child_environment() -> dict[str, str]:
    """The environment of every program that is started here: where things are on this machine, and nothing that steers it.

    dbt, Python and git take dozens of settings from variables; one that is left in a shell could switch off every test.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside the one that stands there and put it in its place in one step: no moment has half a file."""
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

        Raises EgovError when that folder holds no dbt_project.yml, or has a name that Python or DuckDB would take for another.
        """
        root = Path(os.environ.get("EGOV_PROJECT_DIR") or Path(__file__).parent.parent).resolve()
        if not (root / "dbt_project.yml").is_file():
            raise EgovError(
                f"{root} is not a checkout of the warehouse: it has no dbt_project.yml. Set EGOV_PROJECT_DIR to the checkout."
            )
        if set(str(root)) & set("?\\"):
            raise EgovError(
                f"{root}: DuckDB takes a question mark or a backslash for no part of a file's name: move the checkout"
            )
        if not str(root).isascii() and (encoding := sys.getfilesystemencoding()) != "utf-8":
            raise EgovError(
                f"{root}: Python takes the names of files for {encoding} here, and would look for this one elsewhere. "
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
    def warehouse(self) -> Path:
        return self.root / "warehouse"

    @property
    def releases(self) -> Path:
        return self.warehouse / "releases"

    @property
    def current(self) -> Path:
        """The directory link to the published release."""
        return self.warehouse / "current"

    @property
    def logs(self) -> Path:
        """A plain log per run."""
        return self.warehouse / "logs"

    @property
    def runs_file(self) -> Path:
        """One JSON line per run."""
        return self.warehouse / "runs.jsonl"

    @property
    def rolled_back_file(self) -> Path:
        """Which releases the last rollbacks left."""
        return self.warehouse / "rolled_back.json"

    @property
    def build(self) -> Path:
        """The folder in which the next release is made. Whatever it holds belongs to no release."""
        return self.warehouse / "build"

    @property
    def build_file(self) -> Path:
        """The file that dbt builds in: profiles.yml names the same path."""
        return self.build / "egov.duckdb"

    @property
    def published_file(self) -> Path:
        return self.current / "egov.duckdb"
