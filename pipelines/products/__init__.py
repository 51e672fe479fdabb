"""Products: the files that a release offers besides its database, all of them made from that database.

Each module makes one format. It declares a PRODUCT with the files that it writes; a new format needs nothing else. A product
that cannot be made fails the build, so that a release always holds all products.
"""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from pipelines.products.contract import Product
from pipelines.project import EgovError
from pipelines.releases import connect
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft
from pipelines.releases.runs import Progress


def every() -> list[Product]:
    """The products of a release, by module name, except for its description, which `make` adds.

    The modules are imported here: a caller that needs only the contract, or a build that fails early, needs none of them.
    """
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    return [module.PRODUCT for module in modules if hasattr(module, "PRODUCT")]


def require_extras(products: Sequence[Product]) -> None:
    """Raise EgovError if a package that a product needs is not installed: before the models are built, not at the end."""
    for product in products:
        if product.extra and find_spec(product.extra.package) is None:
            raise EgovError(
                f"the product {product.name} needs {product.extra.package}, which is not installed: "
                f"pip install 'egov-warehouse[{product.extra.name}]'"
            )


def described(products: Sequence[Product]) -> Product:
    """The product that describes a release with these products. It is made last."""
    from pipelines.products import description

    return description.product(products)


def make(draft: Draft, progress: Progress, products: Sequence[Product], database: Path) -> dict[str, float]:
    """Make these products of a release from a database that holds their tables. Returns how many seconds each product took.

    The products query the database through a connection that cannot write. Raises EgovError that names a product that could not
    be made or did not write exactly the files that it declares.
    """
    seconds = {}
    with connect.connect(database) as connection:
        catalog = Catalog(connection)
        for done, product in enumerate(products):
            progress(done, len(products), product.name)
            started = time.monotonic()
            before = _files(draft)
            try:
                if product.names_release or product.shows_feed or not _take_over(product, draft):
                    product.write(draft, catalog)
            except (EgovError, OSError):
                raise
            except Exception as error:
                raise EgovError(
                    f"the product {product.name} could not be made, nothing is published: {type(error).__name__}: {error}"
                ) from error
            left = _files(draft) - before
            declared = {path for file in product.files for path in file.paths(catalog.tables)}
            if left != declared:
                raise EgovError(
                    f"the product {product.name} did not write the files that it declares, nothing is published: "
                    f"{', '.join(sorted(left ^ declared))}"
                )
            seconds[product.name] = round(time.monotonic() - started, 2)
    return seconds


def _take_over(product: Product, draft: Draft) -> bool:
    """Take all files of a product over from the carried release, if every table that it shows is the same there.

    Returns False, and takes none, if that release lacks one: a product must never write into a file that another release has.
    """
    if not draft.only_feed or not all(draft.can_take_over(file.path) for file in product.files):
        return False
    for file in product.files:
        (draft.folder / file.path).parent.mkdir(exist_ok=True)
        draft.take_over(file.path)
    return True


def _files(draft: Draft) -> set[str]:
    """The files of a draft, without its database: dbt may be writing it at the same time."""
    database = draft.database.name
    files = (path.relative_to(draft.folder).as_posix() for path in draft.folder.rglob("*") if path.is_file())
    return {path for path in files if not path.startswith(database)}
