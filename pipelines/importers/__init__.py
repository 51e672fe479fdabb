"""Importers: an official file, as downloaded, becomes an edition in raw/ in the house layout.

Each source has one module. It checks the whole file, reports all errors by line, and returns editions of printed text.
`write.py` writes these editions and their entries in the data package, or nothing at all. Every module that defines IMPORTER
becomes a command of `egov import`; it needs no other registration.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.importers.layout import Edition


@dataclass(frozen=True)
class Importer:
    """A source that can be imported: its command, the help for it, and the function that reads a file.

    `read` takes the path of a file and the code lists, and yields the editions in the file. If `maps_indicators` is set, the
    command has an option --map, and `read` also takes `mapping`: the publisher's code of an indicator -> our code.
    """

    command: str
    help: str
    read: Callable[..., Iterator[Edition]]
    maps_indicators: bool = False


def registered() -> list[Importer]:
    """The importers of all modules in this package, ordered by command."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found = [module.IMPORTER for module in modules if hasattr(module, "IMPORTER")]
    return sorted(found, key=lambda importer: importer.command)
