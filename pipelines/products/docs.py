"""Docs: dbt's own pages on models, tests and lineage, in one static file."""

from __future__ import annotations

import re

from pipelines.products.contract import Release

# What differs from one run of dbt to the next, and says nothing about the data.
OF_THE_RUN = [
    (re.compile(r'"(generated_at|invocation_started_at)": ?"[^"]*"'), r'"\1": "{date}T00:00:00Z"'),
    (re.compile(r'"(invocation_id)": ?"[^"]*"'), r'"\1": "00000000-0000-0000-0000-000000000000"'),
    (re.compile(r'"(created_at)": ?[0-9.]+'), r'"\1": 0'),
]


def write(release: Release) -> None:
    """docs/index.html, from the page that dbt left in target/."""
    page = (release.project.root / "target" / "static_index.html").read_text(encoding="utf-8")
    for pattern, replacement in OF_THE_RUN:
        page = pattern.sub(replacement.replace("{date}", release.latest_access.isoformat()), page)
    folder = release.folder / "docs"
    folder.mkdir()
    (folder / "index.html").write_text(page, encoding="utf-8")
