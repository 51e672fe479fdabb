"""Contract: what a product must declare so that the build can make it and the description of the release can list it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.releases.catalog import Catalog, Table
from pipelines.releases.draft import Draft


@dataclass(frozen=True)
class File:
    """A file that a product writes: its path in the release and its media type.

    A path that contains `{table}` means one file for each public table, which holds that table. A table that comes in parts has
    one file for each part instead, `part_path`, or none in this format.

    The description of the release lists data files for download, and pages to read (`is_data` is False) as its documentation.
    It calls a file by its `title`, or by its path if there is none. `conforms_to` is the address of the standard that the file
    follows. `table` names the public table, without its schema, whose rows a single file holds in another form.
    """

    path: str
    media_type: str
    is_data: bool = True
    part_path: str | None = None
    title: str | None = None
    conforms_to: str | None = None
    table: str | None = None

    @property
    def is_per_table(self) -> bool:
        return "{table}" in self.path

    def paths_of(self, table: Table) -> list[str]:
        """The paths of the files that hold a table."""
        if not table.parts:
            return [self.path.format(table=table.name)]
        return [self.part_path.format(table=table.name, part=part) for part in table.parts] if self.part_path else []

    def paths(self, tables: Sequence[Table]) -> list[str]:
        """The paths of all files that this entry covers."""
        return [path for table in tables for path in self.paths_of(table)] if self.is_per_table else [self.path]


@dataclass(frozen=True)
class Extra:
    """An optional extra of this distribution, and the package that it installs."""

    name: str
    package: str


@dataclass(frozen=True)
class Product:
    """What a release has in one format: the files that `write` leaves in the folder of a draft, and the extra it needs.

    `warm_up` does slow work that needs no release, such as starting an engine, while dbt builds the models. If only the feed
    has changed, a product that does not show it need not wait for the models, and its files stay as they are unless they name
    the release.
    """

    name: str
    files: tuple[File, ...]
    write: Callable[[Draft, Catalog], None]
    extra: Extra | None = None
    shows_feed: bool = True
    names_release: bool = True
    warm_up: Callable[[], None] = lambda: None
