"""Inputs: hashes of everything that a release is made from, which show whether anything has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipelines.project import PACKAGE, Project

# The code that dbt runs and the versions that it runs with. Unit tests test only these, not the data.
MODELS = ("models", "macros", "tests/dbt", "dbt_project.yml", "profiles.yml", "requirements.txt", "requirements-spark.txt")
# Everything that a release is made from, except the feed. Any change to the content of these files leads to a new release.
INPUTS = ("raw", *MODELS, "pipelines", "CITATION.cff")
SUFFIXES = {".py", ".sql", ".yml", ".md", ".csv", ".json", ".txt", ".cff", ".html", ".css", ".js", ".po"}


def fingerprint(project: Project) -> str:
    """SHA-256, hexadecimal, over the names and the content of all inputs. File times do not matter.

    Of the feed it covers the register, which holds the SHA-256 of every file.
    """
    base = base_fingerprint(project)
    if not project.feed_register.exists():
        return base
    return hashlib.sha256(f"{base} {hash_of(project.feed_register)}".encode()).hexdigest()


def base_fingerprint(project: Project) -> str:
    """SHA-256, hexadecimal, over all inputs except the feed."""
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
