"""Docs: dbt's own pages about models, tests and lineage, in one static file.

dbt would put its JSON unchanged into the script of its page. There, a description that holds `</script>` would end the script,
and the rest of it would become markup. This module puts the JSON into separate elements that no browser runs. The script, which
is always the same, is the only one that the page may run.
"""

from __future__ import annotations

import json
import re

from pipelines.products.contract import File, Product
from pipelines.products.pages import embeddable, policy
from pipelines.project import EgovError
from pipelines.releases.catalog import Catalog
from pipelines.releases.draft import Draft

# Values that differ from one run of dbt to the next and have nothing to do with the data.
OF_THE_RUN = [
    (re.compile(r'"(generated_at|invocation_started_at)": ?"[^"]*"'), r'"\1": "{date}T00:00:00Z"'),
    (re.compile(r'"(invocation_id)": ?"[^"]*"'), r'"\1": "00000000-0000-0000-0000-000000000000"'),
    (re.compile(r'"(created_at)": ?[0-9.]+'), r'"\1": 0'),
]
ARTIFACTS = ("manifest", "catalog")
SCRIPT = '<script defer="defer">'
# Texts that occur exactly once in dbt's page, and their replacements.
CHANGES = {
    **{
        f'"{name.upper()}.JSON INLINE DATA"': f"JSON.parse(document.getElementById('{name}').textContent)" for name in ARTIFACTS
    },
    # dbt turns search results into markup to highlight the search term, so their text must be escaped first
    "n.highlight=function(t){": 'n.highlight=function(t){t=t&&t.replace(/&/g,"&amp;").replace(/</g,"&lt;");',
    # tells AngularJS not to compile text into scripts, which the policy of the page forbids
    'ng-app="dbt"': 'ng-app="dbt" ng-csp="no-unsafe-eval"',
    # a placeholder for an address that dbt leaves in its page by mistake
    "${require('./assets/favicons/favicon.ico')}": "data:,",
}


def write(draft: Draft, catalog: Catalog) -> None:
    """Write docs/index.html from the page and the JSON that dbt left in target/.

    Raises EgovError if dbt's page no longer has the form that this module expects.
    """
    target = draft.project.root / "target"
    page = (target / "index.html").read_text(encoding="utf-8")
    for old, new in CHANGES.items():
        if page.count(old) != 1:
            raise EgovError(
                f"dbt's page holds {old!r} {page.count(old)} times, not once: adapt pipelines/products/docs.py to it"
            )
        page = page.replace(old, new)
    head, _, rest = page.partition(SCRIPT)
    script, _, body = rest.partition("</script>")
    data = "".join(_data(name, (target / f"{name}.json").read_text(encoding="utf-8"), catalog) for name in ARTIFACTS)
    head = head.replace("<head>", f"<head>{policy(script)}", 1)
    folder = draft.folder / "docs"
    folder.mkdir()
    (folder / "index.html").write_text(f"{head}{data}{SCRIPT}{script}</script>{body}", encoding="utf-8")


def _data(name: str, text: str, catalog: Catalog) -> str:
    """The element that holds a JSON file of dbt, without the values that differ from run to run."""
    parts = json.loads(text)
    # dbt asks each database in a thread of its own: the order of the answers is of the run
    text = json.dumps(parts | {kind: dict(sorted(parts[kind].items())) for kind in ("nodes", "sources")})
    for pattern, replacement in OF_THE_RUN:
        text = pattern.sub(replacement.replace("{date}", catalog.latest_access.isoformat()), text)
    return f'<script type="application/json" id="{name}">{embeddable(text)}</script>\n'


PRODUCT = Product(
    "docs",
    (File("docs/index.html", "text/html", is_data=False, title="Models, tests and lineage"),),
    write,
    shows_feed=False,
    names_release=False,
)
