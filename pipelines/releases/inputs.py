"""Inputs: what a release is made from, as hashes that tell whether anything has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipelines.project import PACKAGE, Project

# The code that dbt runs, and the versions that it runs with: unit tests prove these, whatever the data is.
MODELS = ("models", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml", "requirements.txt")
# Everything that a release is made from. Any change of content here makes a new release.
INPUTS = ("raw", *MODELS, "pipelines", "CITATION.cff")
SUFFIXES = {".py", ".sql", ".yml", ".md", ".csv", ".json", ".txt", ".cff", ".html", ".css", ".js", ".po"}


def fingerprint(project: Project) -> str:
    """SHA-256, hexadecimal, over the names and the content of all inputs. The times of files play no part."""
    return _digest(project, INPUTS)


def models_fingerprint(project: Project) -> str:
    """SHA-256, hexadecimal, over the models, the macros, the tests in SQL, and the versions of all dependencies."""
    return _digest(project, MODELS)


def raw_hash(project: Project) -> str:
    """SHA-256, hexadecimal, of raw/datapackage.json, which itself holds the SHA-256 of every raw file."""
    return hash_of(project.package_file)


def hash_of(file: Path) -> str:
    """SHA-256, hexadecimal, of a file."""
    with open(file, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _digest(project: Project, names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        top = PACKAGE if name == "pipelines" else project.root / name
        files = sorted(top.rglob("*")) if top.is_dir() else [top]
        for file in files:
            if file.suffix in SUFFIXES and file.is_file():
                inside = file.relative_to(top).as_posix()
                content = file.read_bytes()
                digest.update(f"{name}/{inside}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()
