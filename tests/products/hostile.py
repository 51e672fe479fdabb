"""A hostile project: markup and scripts in every text that a publisher, a transcriber or an author of descriptions controls.

A payload is appended to each text. Equal texts always get the same payload, so that texts that are matched by equality still
match and the release still builds.
"""

from __future__ import annotations

import csv
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page

from pipelines.intake import check
from pipelines.intake.package import write_package
from pipelines.project import Project

# If one of these runs, it sets window.owned, opens a dialog or requests a picture from another machine.
PAYLOADS = (
    "<script>window.owned=1</script>",
    '<img src=x onerror="window.owned=1">',
    '"><svg onload=window.owned=1>',
    "</script><script>window.owned=1</script>",
    """'"--></style></title></textarea></pre></svg><script>window.owned=1</script>""",
    "[x](javascript:window.owned=1)",
    "<a href=javascript:window.owned=1>x</a>",
    "{{constructor.constructor('window.owned=1')()}}",
    "${window.owned=1}",
    "![x](https://evil.example/x.png)",
    '<img src="https://evil.example/x.png">',
    "<iframe srcdoc='<script>parent.owned=1</script>'></iframe>",
    """\\u2028';window.owned=1;alert(1)//""",  # raw/ must not contain the character itself
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "]]><!--<script>alert(1)",
)
# The schema of the package allows only this kind of address, without quotation marks.
ADDRESS = "https://evil.example/?a=%22%3E%3Cscript%3Ewindow.owned=1%3C/script%3E&b=javascript:window.owned=1;alert(1)//&x="

# Columns that get no payload, because the build would refuse it: a model parses the text or matches it by its words.
READ_BY_MODELS = {
    "article/table_headers.csv": {"printed_text"},  # names the period of the column
    "article/prose_usage_figures.csv": {"printed_period"},
    "article/events.csv": {"printed_date"},
    "article/discrepancies.csv": {"printed_text"},  # must quote its cell: see _requote
    "codes/countries.csv": {"region_name", "subregion_name"},
    "codes/country_groups.csv": {"printed_name"},  # one of the headers
    "codes/indicators.csv": {"publisher"},
    "codes/noted_discrepancies.csv": {"printed_text"},  # must quote its cell, too
}
# Locators are made from these columns. The build refuses a locator with a brace in it, as a placeholder that was not filled in.
IN_LOCATORS = {"locator", "country_name", "title"}


def poisoned(text: str, payloads: Sequence[str] = PAYLOADS) -> str:
    """The text with a payload appended, always the same payload for the same text."""
    if text in ("Kazakhstan", "Personal income tax return"):  # dashboard filters look them up by name
        return text
    return f"{text} {payloads[zlib.crc32(text.encode()) % len(payloads)]}"


def payloads_for(name: str) -> Sequence[str]:
    """The payloads that a column or property of this name may have."""
    return [payload for payload in PAYLOADS if "{" not in payload] if name in IN_LOCATORS else PAYLOADS


def squeezed(text: str) -> str:
    """A text with its whitespace collapsed, as a browser shows it."""
    return re.sub(r"\s+", " ", text).strip()


def assert_harmless(page: Page) -> None:
    """Check that no payload has run, can still run, or has become an element of the page."""
    assert {frame.evaluate("window.owned") for frame in page.frames} == {None}
    made = "a[href^='javascript:' i], [onerror], [onload], [srcdoc], object, embed, base, img[src='x'], a[href*='evil.example/x.png']"
    assert [element.evaluate("element => element.outerHTML") for element in page.locator(made).all()] == []


def poison(project: Project) -> int:
    """Put a payload into every free text of a project: cells, texts of the package, descriptions of models.

    Returns the number of texts that got one.
    """
    package = json.loads(project.package_file.read_text(encoding="utf-8"))
    count = sum(_poison_cells(project.raw / resource["path"], resource) for resource in package["resources"])
    _requote(project)
    count += _poison_package(package)
    write_package(project, package)
    check.update_hashes(project)
    for path in sorted((project.root / "models").rglob("*.yml")):
        models = yaml.safe_load(path.read_text(encoding="utf-8"))
        count += _poison_descriptions(models)
        path.write_text(yaml.safe_dump(models, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return count


def _poison_cells(path: Path, resource: dict[str, Any]) -> int:
    fields = resource["schema"]["fields"]
    keys = {name for key in resource["schema"].get("foreignKeys", []) for name in key["fields"]} - {"country"}
    free = [
        field["name"]
        for field in fields
        if field["type"] == "string"
        and not {"pattern", "enum"} & field.get("constraints", {}).keys()
        and not field["name"].endswith("_code")
        and field["name"] not in keys | READ_BY_MODELS.get(resource["path"], set())
    ]
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    count = 0
    for row in rows:
        for name in free:
            if row[name]:
                row[name] = _poisoned_cell(path.name, name, row[name])
                count += 1
    _write(path, rows)
    return count


def _poisoned_cell(file: str, name: str, text: str) -> str:
    """A cell with payloads. Two tables hold several names per cell, in lists or in quotes, and models look up each name."""
    if file == "table_2.csv":
        return ", ".join(poisoned(country) for country in text.split(", "))
    if file == "table_3.csv":
        return re.sub('"([^"]+)"', lambda service: f'"{poisoned(service[1])}"', text)
    return poisoned(text, payloads_for(name))


def _requote(project: Project) -> None:
    """Make each discrepancy quote the new text of its cell."""
    for path in (project.raw / "article/discrepancies.csv", project.raw / "codes/noted_discrepancies.csv"):
        with open(path, encoding="utf-8", newline="") as file:
            findings = list(csv.DictReader(file))
        for finding in findings:
            if finding["cell_file"]:
                with open(project.raw / finding["cell_file"], encoding="utf-8", newline="") as file:
                    cell = list(csv.DictReader(file))[int(finding["cell_row"]) - 1][finding["cell_column"]]
                finding["printed_text"] = cell
        _write(path, findings)


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _poison_package(package: dict[str, Any]) -> int:
    count = 0
    told = [package, *package["sources"], *package["resources"]]
    told += [part for whole in told for part in [*whole.get("licenses", []), *whole.get("sources", [])] if whole is not package]
    told += package["licenses"]
    told += [field for resource in package["resources"] for field in resource["schema"]["fields"]]
    for part in {id(part): part for part in told}.values():
        for name in ("title", "description", "publisher", "citation", "licence", "locator"):
            if part.get(name):
                part[name] = poisoned(part[name], payloads_for(name))
                count += 1
    for source in package["sources"]:
        if "path" in source:
            source["path"] = ADDRESS + source["name"]
            count += 1
    return count


def _poison_descriptions(part: Any) -> int:
    """Append a payload to every description and unit, marked as raw because dbt reads descriptions as templates."""
    if isinstance(part, list):
        return sum(map(_poison_descriptions, part))
    if not isinstance(part, dict):
        return 0
    count = 0
    for name, value in part.items():
        if name in ("description", "unit") and isinstance(value, str):
            payload = poisoned(value).removeprefix(value)
            part[name] = f"{value}{{% raw %}}{payload}{{% endraw %}}"
            count += 1
        else:
            count += _poison_descriptions(value)
    return count
