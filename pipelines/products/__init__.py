"""Products: what people take away from a release beside its database, all of it made from that database.

Each module that PRODUCTS names makes one of them in the folder of a release that nobody sees yet. A product that cannot be made
fails the build, so that a release always holds all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pipelines import read
from pipelines.products.contract import Release
from pipelines.project import EgovError, Project

# A module each, in this order: the description names the files that the others leave.
PRODUCTS = ["tables", "sdmx", "codebook", "docs", "report", "description"]


def require_extras() -> None:
    """Raise EgovError where a package that a product needs is not installed: before a build starts, not at its end."""
    if find_spec("pysdmx") is None:
        raise EgovError("the SDMX files need pysdmx, which is not installed: pip install 'egov-warehouse[sdmx]'")


def make(
    project: Project, folder: Path, release_id: str, built_at: datetime, progress: Callable[[int, int], None]
) -> dict[str, float]:
    """Make every product of the release in `folder`, which holds egov.duckdb. Returns the seconds that each took.

    They ask through a connection that can write nothing. Raises EgovError that names the product which could not be made.
    """
    seconds = {}
    with read.connect(folder / "egov.duckdb") as connection:
        release = Release(project, folder, connection, release_id, built_at)
        for done, name in enumerate(PRODUCTS):
            progress(done, len(PRODUCTS))
            started = time.monotonic()
            try:
                import_module(f"{__name__}.{name}").write(release)  # imported here: a run that fails earlier needs none of it
            except (EgovError, OSError):
                raise
            except Exception as error:
                raise EgovError(
                    f"the product {name} could not be made, nothing is published: {type(error).__name__}: {error}"
                ) from error
            seconds[name] = round(time.monotonic() - started, 2)
    return seconds
