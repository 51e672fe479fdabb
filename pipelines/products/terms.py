"""Terms: under which licences a file of a release stands: those of every source in it, none wider than its publisher's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.releases.catalog import Catalog
from pipelines.releases.lineage import FEED

# What dim_sources says of a publisher or of terms that the source does not name.
NOT_STATED = "Not stated"


@dataclass(frozen=True)
class Licence:
    """An open licence: its code, its title and the address of its text."""

    code: str
    title: str
    address: str


LICENCES = {
    licence.code: licence
    for licence in (
        Licence("CC-BY-4.0", "Creative Commons Attribution 4.0 International", "https://creativecommons.org/licenses/by/4.0/"),
        Licence("ODbL-1.0", "Open Data Commons Open Database License 1.0", "https://opendatacommons.org/licenses/odbl/1-0/"),
        Licence(
            "ODC-PDDL-1.0",
            "Open Data Commons Public Domain Dedication and License 1.0",
            "https://opendatacommons.org/licenses/pddl/1-0/",
        ),
    )
}


@dataclass(frozen=True)
class Source:
    """A row of dim_sources. `licence` has the publisher's terms in words."""

    code: str
    title: str
    publisher: str
    citation: str
    url: str | None
    licence: str

    @property
    def licences(self) -> list[Licence]:
        """The licences that the words name. Empty if they say anything else, such as "Not stated" or "as far as known"."""
        found = [LICENCES.get(name.replace(" ", "-")) for name in self.licence.split(" AND ")]
        known = [licence for licence in found if licence]
        return known if len(known) == len(found) else []

    @property
    def statement(self) -> str:
        """The terms in one sentence: whose, of what, and the words of the publisher."""
        whose = self.title if self.publisher == NOT_STATED else f"{self.title} ({self.publisher})"
        return f"{whose}: {self.licence}"


# The log of a portal has no row in dim_sources.
PORTAL_LOG = Source(
    FEED, "The log of a portal, if the warehouse holds one", "The portal", "The portal's own log.", None, NOT_STATED
)


@dataclass(frozen=True)
class Terms:
    """The terms of a file: those of all its sources together."""

    sources: tuple[Source, ...]

    @property
    def licence(self) -> Licence | None:
        """The one licence that covers everything in the file, or None if there is no such licence."""
        named = {licence for source in self.sources for licence in source.licences}
        return named.pop() if len(named) == 1 and all(source.licences for source in self.sources) else None

    @property
    def statement(self) -> str:
        """The terms in words."""
        if not self.sources:
            return "It is not known whose figures these are: no licence is stated."
        said = "; ".join(source.statement for source in self.sources)
        return f"Terms: {said}." if len(self.sources) == 1 else f"Terms, each for what its source gave: {said}."


def sources(catalog: Catalog) -> dict[str, Source]:
    """The sources of the release by code."""
    rows = catalog.rows(
        "select source_code as code, title, publisher, citation, url, licence from marts.dim_sources order by source_code"
    )
    return {row["code"]: Source(**row) for row in rows}


def of_tables(catalog: Catalog) -> dict[str, Terms]:
    """The terms of every public table by its full name."""
    known = sources(catalog) | {FEED: PORTAL_LOG}
    held: dict[str, list[Source]] = {table.full_name: [] for table in catalog.tables}
    for row in catalog.rows("from meta.table_sources order by all"):
        held[f"{row['table_schema']}.{row['table_name']}"].append(known[row["source_code"]])
    return {name: Terms(tuple(found)) for name, found in held.items()}


def together(parts: Iterable[Terms]) -> Terms:
    """The terms of a file that holds all these parts."""
    found = {source.code: source for part in parts for source in part.sources}
    return Terms(tuple(found[code] for code in sorted(found)))
