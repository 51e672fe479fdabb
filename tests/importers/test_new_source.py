"""A new source is its entry in the data package, its code rows, one importer module and its second reading: docs/how-to.md.

Two made-up sources, one of an index and one of the use of a service, are added to a copy of the checkout in just these places.
Nothing else in the copy changes. The tests that read a release pass on the copy's release, and the article's figures, tables and
verdicts stay as they are.
"""

from __future__ import annotations

import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.build import Steps
from pipelines.project import Project
from pipelines.releases import connect
from tests import helpers, test_docs
from tests.helpers import ACCESSED, ROOT, egov, environment
from tests.models import test_contract, test_project
from tests.products import test_products
from tests.published import test_published_figures, test_published_series, test_second_readings

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
    _, lines = read_official(path, ["country", "service", "measure", "year", "channel", "requests"])
    rows, findings = [], Findings()
    for number, line in lines:
        if line["requests"]:
            findings.number(number, "requests", line["requests"], upper=1e12)
        rows.append(
            usage_row(
                line["country"], line["service"], line["measure"], line["year"], line["requests"], f"line {number}",
                channel=line["channel"],
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
        "EST,utopian_passport,uses,,,2021,1200\nEST,utopian_passport,uses,online,,2021,900\nEST,utopian_passport,uses,paper,,2021,\n"
    ),
    "tests/published/sums_utopia_counts.csv": "code,period_code,figures,sum\nuses,2020,1,1000\nuses,2021,2,2100\ncertificates,2017,1,41\n",
}
OFFICIAL = {
    "utopia-index": "country,year,score\nKAZ,2020,0.70\nEST,2020,0.90\nKAZ,2021,0.75\nEST,2021,\n",
    "utopia-counts": (
        "country,service,measure,year,channel,requests\nEST,utopian_passport,uses,2020,,1000\nEST,utopian_passport,uses,2021,,1200\n"
        "EST,utopian_passport,uses,2021,online,900\nEST,utopian_passport,uses,2021,paper,\nKAZ,address_certificate,certificates,2017,,41\n"
    ),
}
CODE_ROWS = {
    "raw/codes/indicators.csv": "UTOPIA,Index of Utopia,Индекс Утопии,Утопия индексі,How near a country is to Utopia.,index_0_1,0,1,true,,Utopia\n",
    "raw/codes/services.csv": "utopian_passport,Utopian passport,Паспорт Утопии,Утопия паспорты,registration,\n",
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


def checks(project: Project, release: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Run every test that asks only for a built project, its release or its manifest. Gives their names."""
    manifest = json.loads((project.root / "target/manifest.json").read_text(encoding="utf-8"))
    known = {"built": project, "release": release, "manifest": manifest}
    for module in (test_second_readings, test_published_figures, test_published_series, test_project, test_contract, test_docs):
        for name, test in vars(module).items():
            if not name.startswith("test_") or name in NOT_HERE or getattr(test, "__module__", "") != module.__name__:
                continue
            wanted = set(inspect.signature(test).parameters)
            marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
            for value in marks[0].args[1] if marks else [None]:
                given = {marks[0].args[0]: getattr(value, "values", [value])[0]} if marks else {}
                if wanted <= {*known, *given}:
                    test(**{argument: (known | given)[argument] for argument in wanted})
                    yield name


# The generated pages list the sources: `make docs` renews them. Unit tests did not run again: no model has changed.
NOT_HERE = {"test_the_generated_pages_are_those_of_the_release", "test_unit_tests_pass"}
# The article's figures, tables and verdicts: what another source says of the same service changes none of them.
OF_THE_ARTICLE = (
    "select * from marts.fct_service_usage where source_code = 'sabdenov_abdrakhmanova' order by all",
    "select * from reports.rpt_article_table_3 order by all",
    "select claim_code, verdict, observed, note from reports.rpt_claims order by all",
    "select * from reports.rpt_discrepancies order by all",
)


def test_a_new_source_touches_nothing_else(
    fresh: Project, release: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "pipelines", checkout / "pipelines")
    readings = Path(shutil.copytree(ROOT / "tests/published", checkout / "tests/published"))
    for name, text in FILES.items():
        (checkout / name).write_text(text, encoding="utf-8")
    sources(fresh.root)
    for name, row in CODE_ROWS.items():
        with open(fresh.root / name, "a", encoding="utf-8") as file:
            file.write(row)
    assert egov(fresh, "check", "--update-hashes").returncode == 0
    for command, text in OFFICIAL.items():
        official = tmp_path / f"{command}.csv"
        official.write_text(text, encoding="utf-8")
        imported = subprocess.run(
            [sys.executable, "-m", "pipelines", "import", command, *ACCESSED, str(official)],
            cwd=checkout, env=environment(fresh), capture_output=True, text=True,
        )  # fmt: skip
        assert imported.returncode == 0, imported.stderr
    done = egov(fresh, "build", steps=Steps())
    assert done.returncode == 0, done.stderr
    assert "loses rows" not in done.stderr
    with connect.connect(fresh.published_file) as connection:
        counted = connection.execute(
            "select service_usage_id, usage_count, obs_status_code from marts.fct_service_usage "
            "where source_code = 'utopia_counts' order by 1"
        ).fetchall()
        assert counted == [
            ("address_certificate.2017.certificates.KAZ.utopia_counts", 41, "A"),
            ("utopian_passport.2020.uses.EST.utopia_counts", 1000, "A"),
            ("utopian_passport.2021.uses.EST.online.utopia_counts", 900, "A"),
            ("utopian_passport.2021.uses.EST.paper.utopia_counts", None, "O"),
            ("utopian_passport.2021.uses.EST.utopia_counts", 1200, "A"),
        ]
        for query in OF_THE_ARTICLE:
            assert connection.execute(query).fetchall() == release.execute(query).fetchall(), query
        monkeypatch.setattr(helpers, "ROOT", checkout)  # where `published` looks for the second readings
        monkeypatch.setattr(test_second_readings, "HERE", readings)
        passed = list(checks(fresh, connection))
    assert {"test_figures", "test_usage", "test_sums", "test_every_source_is_read_twice"} <= set(passed)
    assert len(passed) > 80, passed
    _, translators = test_products.heard(fresh)
    assert [translator.missing for translator in translators] == [set(), set(), set()]
