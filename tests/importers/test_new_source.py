"""A new source is its entry in the data package, its code rows, one importer module and its second reading: docs/how-to.md.

Two made-up sources, one of an index and one of the use of a service, are added to a copy of the checkout in just these places.
Everything else in the copy stays as it is, and its own tests pass.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT

IGNORED = shutil.ignore_patterns(".git", ".venv*", "warehouse", "target", "__pycache__", ".*_cache", "logs")

FILES = {
    "pipelines/importers/utopia_index.py": '''"""Index of Utopia: a made-up index, one row for each country and year."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, long_edition, long_row, read_official


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition: one row for each country and year. Raises Refused with all errors in the file."""
    _, lines = read_official(path, ["country", "year", "score"])
    rows, findings = [], Findings(by="country and year")
    for number, line in lines:
        code = findings.country(number, lists.codes.get(line["country"]), line["country"], line["year"])
        if line["score"]:
            findings.number(number, "score", line["score"], upper=1)
        rows.append(long_row(code, line["country"], line["country"], "UTOPIA", "", line["year"], line["score"]))
    findings.raise_if_any(path)
    yield long_edition("utopia_index", "UTOPIA", max(row["period"] for row in rows), path, rows)


IMPORTER = Importer("utopia-index", "Index of Utopia: a made-up index.", read)
''',
    "pipelines/importers/utopia_counts.py": '''"""Counts of Utopia: made-up counts of how often a service is used, by channel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pipelines.importers import Importer
from pipelines.importers.layout import CodeLists, Edition, Findings, read_official, usage_edition, usage_row


def read(path: Path, lists: CodeLists) -> Iterator[Edition]:
    """One edition: one row for each year and channel. Raises Refused with all errors in the file."""
    _, lines = read_official(path, ["year", "channel", "requests"])
    rows, findings = [], Findings()
    for number, line in lines:
        findings.number(number, "requests", line["requests"], upper=1e12)
        rows.append(
            usage_row(
                "EST", "utopian_passport", "uses", line["year"], line["requests"], f"line {number}", channel=line["channel"]
            )
        )
    findings.raise_if_any(path)
    yield usage_edition("utopia_counts", max(row["period"] for row in rows), path, rows)


IMPORTER = Importer("utopia-counts", "Counts of Utopia: made-up counts of a service, by channel.", read)
''',
    # second readings, typed from the files that are imported below
    "tests/published/figures_utopia_index.csv": "country_code,indicator_code,period_code,value\nKAZ,UTOPIA,2021,0.75\nEST,UTOPIA,2021,\n",
    "tests/published/sums_utopia_index.csv": "code,period_code,figures,sum\nUTOPIA,2020,2,1.6\nUTOPIA,2021,1,0.75\n",
    "tests/published/usage_utopia_counts.csv": (
        "country_code,service_code,measure_code,channel_code,agency_code,period_code,value\n"
        "EST,utopian_passport,uses,,,2021,1200\nEST,utopian_passport,uses,online,,2021,900\n"
    ),
    "tests/published/sums_utopia_counts.csv": "code,period_code,figures,sum\nuses,2020,1,1000\nuses,2021,2,2100\n",
}
OFFICIAL = {
    "utopia-index": "country,year,score\nKAZ,2020,0.70\nEST,2020,0.90\nKAZ,2021,0.75\nEST,2021,\n",
    "utopia-counts": "year,channel,requests\n2020,,1 000\n2021,,1200\n2021,online,900\n".replace("1 000", "1000"),
}
CODE_ROWS = {
    "raw/codes/indicators.csv": "UTOPIA,Index of Utopia,Индекс Утопии,Утопия индексі,How near a country is to Utopia.,index_0_1,0,1,true,,Utopia\n",
    "raw/codes/services.csv": "utopian_passport,Utopian passport,Паспорт Утопии,Утопия паспорты,registration\n",
}


def sources(copy: Path) -> None:
    """Add the two sources to the data package, as whoever writes an importer does by hand."""
    file = copy / "raw/datapackage.json"
    package = json.loads(file.read_text(encoding="utf-8"))
    pattern = next(source for source in package["sources"] if source["name"] == "itu_datahub")
    for name, title in (("utopia_index", "Index of Utopia"), ("utopia_counts", "Counts of Utopia")):
        package["sources"].append(
            {**pattern, "name": name, "title": title, "publisher": "Utopia", "citation": f"Utopia. {title}."}
        )
    file.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def run(copy: Path, *arguments: str) -> str:
    """Run a module of the copy, with what it holds in place of this checkout."""
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_a_new_source_touches_nothing_else(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(ROOT, tmp_path / "copy", ignore=IGNORED))
    for name, text in FILES.items():
        (copy / name).write_text(text, encoding="utf-8")
    sources(copy)
    for name, row in CODE_ROWS.items():
        with open(copy / name, "a", encoding="utf-8") as file:
            file.write(row)
    run(copy, "pipelines", "check", "--update-hashes")
    for command, text in OFFICIAL.items():
        official = tmp_path / f"{command}.csv"
        official.write_text(text, encoding="utf-8")
        run(copy, "pipelines", "import", command, str(official))
    said = run(
        copy, "pytest", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}", "-rA",
        "tests/published", "tests/models", "tests/test_docs.py", "tests/products/test_products.py",
        "-k", "not next_edition and not generated_pages",  # `make docs` renews the generated pages
    )  # fmt: skip
    assert "test_second_readings.py::test_usage" in said
    passed = re.search(r"(\d+) passed", said)
    assert passed
    assert int(passed[1]) > 100, said[-2000:]
    assert "failed" not in said
