"""Bad input is refused with one clear error that names file, row and column, without a traceback; the release stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.intake import package as data_package
from pipelines.project import Project
from tests.helpers import egov


def edit(name: str, change: Callable[[str], str]) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        path = project.raw / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    return apply


def edit_package(change: Callable[[dict], object]) -> Callable[[Project], None]:  # type: ignore[type-arg]
    def apply(project: Project) -> None:
        package = json.loads(project.package_file.read_text(encoding="utf-8"))
        change(package)
        project.package_file.write_text(json.dumps(package, ensure_ascii=False), encoding="utf-8")

    return apply


def delete(name: str) -> Callable[[Project], None]:
    return lambda project: (project.raw / name).unlink()


def write(name: str, content: bytes) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        (project.raw / name).write_bytes(content)

    return apply


def all_of(*changes: Callable[[Project], None]) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        for change in changes:
            change(project)

    return apply


def link(name: str) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        (project.raw / name).unlink()
        (project.raw / name).symlink_to("/etc/passwd")

    return apply


# the change to raw/, and what the message must say
BAD: dict[str, tuple[Callable[[Project], None], list[str]]] = {
    "changed byte": (
        edit("article/table_1.csv", lambda text: text.replace("0,8375", "0,8376")),
        [r"raw/article/table_1\.csv: .*SHA-256.*--update-hashes"],
    ),
    "missing file": (delete("article/events.csv"), [r"raw/article/events\.csv: the file is missing.*restore"]),
    "empty file": (write("article/claims.csv", b""), [r"raw/article/claims\.csv: .*empty"]),
    "wrong encoding": (
        write("article/front_matter.csv", "element,language\nавтор,ru\n".encode("utf-16")),
        [r"raw/article/front_matter\.csv: .*encod.*save the file as UTF-8"],
    ),
    "extra column": (
        edit("codes/levels.csv", lambda text: re.sub(r"$", ",x", text.rstrip("\n"), flags=re.M) + "\n"),
        [r"raw/codes/levels\.csv.*label.*describe it in raw/datapackage\.json"],
    ),
    "missing column": (
        edit("codes/event_types.csv", lambda text: re.sub(r",.*", "", text)),
        [r"raw/codes/event_types\.csv, column name_en: .*restore the column"],
    ),
    "renamed column": (
        edit("codes/levels.csv", lambda text: text.replace("below_value", "under")),
        [r"raw/codes/levels\.csv, column below_value: .*under.*restore the header"],
    ),
    "duplicate key": (
        edit("codes/services.csv", lambda text: text + text.splitlines()[1] + "\n"),
        [r"raw/codes/services\.csv, row 13 \(line 14\): the key appears twice.*line 2"],
    ),
    "unknown code": (
        edit("article/prose_usage_figures.csv", lambda text: text.replace("clinic_attachment", "clinic_detachment", 1)),
        [r"raw/article/prose_usage_figures\.csv, row 5 \(line 6\): unknown code: .*clinic_detachment"],
    ),
    "cell against its rule": (
        edit("article/table_1.csv", lambda text: text.replace("0,6749", "0.6749")),
        [r"raw/article/table_1\.csv, row 2 \(line 3\), column egdi_2020: found '0\.6749', expected text that matches"],
    ),
    "no figure where one belongs": (
        edit("article/table_3.csv", lambda text: text.replace("2 638 413", "")),
        [r"raw/article/table_3\.csv, row 1 \(line 2\), column usage_2017: found nothing, expected a value"],
    ),
    "not a number": (
        edit("codes/period_grains.csv", lambda text: text.replace(",12", ",twelve")),
        [r"raw/codes/period_grains\.csv, row 1 \(line 2\), column months: found 'twelve', expected .*integer"],
    ),
    "quotation mark never closed": (
        edit("article/claims.csv", lambda text: text + '"open,a,b,c\n'),
        [r"raw/article/claims\.csv"],
    ),
    "several at once": (
        all_of(
            edit("article/prose_usage_figures.csv", lambda text: text.replace("clinic_attachment", "clinic_detachment", 1)),
            edit("codes/services.csv", lambda text: text + text.splitlines()[1] + "\n"),
            delete("article/events.csv"),
        ),
        [r"prose_usage_figures\.csv, row 5", r"services\.csv, row 13", r"events\.csv: the file is missing"],
    ),
    "file that nobody lists": (
        write("article/stray.csv", b"a\n1\n"),
        [r"raw/article/stray\.csv: raw/datapackage\.json does not list the file"],
    ),
    "path out of raw": (
        edit_package(lambda package: package["resources"][0].update(path="../README.md")),
        [r"raw/datapackage\.json: resource 1 .*, path: found \"\.\./README\.md\", expected text that matches \^\[a-z"],
    ),
    "link out of raw": (link("codes/levels.csv"), [r"raw/datapackage\.json: resource \d+: the path .* leads out of raw/"]),
    "unknown source": (
        edit_package(lambda package: package["resources"][0]["sources"][0].update(name="nobody")),
        [r"raw/article/front_matter\.csv: its source is 'nobody', expected one"],
    ),
    "source half described": (
        edit_package(lambda package: package["sources"][0].pop("standing")),
        [r"raw/datapackage\.json: source 1 \(\"sabdenov_abdrakhmanova\"\): 'standing' is missing; add it"],
    ),
    "file without a schema": (
        edit_package(lambda package: package["resources"][0].pop("schema")),
        [r"raw/datapackage\.json: resource 1 \(\"article/front_matter\.csv\"\): 'schema' is missing; add it"],
    ),
    "no package": (delete("datapackage.json"), [r"raw/datapackage\.json: the file is missing"]),
    "package that is no JSON": (write("datapackage.json", b"{"), [r"raw/datapackage\.json: not readable as UTF-8 JSON"]),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_refused_with_file_row_and_column(project: Project, case: str) -> None:
    change, messages = BAD[case]
    change(project)
    said = egov(project, "check")
    assert said.returncode == 2
    assert said.stdout == ""
    assert "Traceback" not in said.stderr
    for message in messages:
        assert re.search(message, said.stderr), said.stderr


def test_a_refused_build_leaves_the_release(fresh: Project) -> None:
    before = fresh.current.readlink()
    BAD["cell against its rule"][0](fresh)
    said = egov(fresh, "build")
    assert said.returncode == 2
    assert "column egdi_2020" in said.stderr
    assert "Traceback" not in said.stderr
    assert fresh.current.readlink() == before
    assert egov(fresh, "sql", "select 1").returncode == 0


def test_update_hashes_records_an_intended_edit(project: Project) -> None:
    edit("article/table_1.csv", lambda text: text.replace("0,8375", "0,8376"))(project)
    said = egov(project, "check", "--update-hashes")
    assert said.returncode == 0
    assert said.stdout.splitlines() == ["recorded raw/article/table_1.csv", "1 hash recorded"]
    assert egov(project, "check").returncode == 0


def test_update_hashes_records_nothing_that_breaks_a_rule(project: Project) -> None:
    before = project.package_file.read_bytes()
    BAD["cell against its rule"][0](project)
    said = egov(project, "check", "--update-hashes")
    assert said.returncode == 2
    assert "column egdi_2020" in said.stderr
    assert project.package_file.read_bytes() == before


def test_update_hashes_checks_a_file_that_has_no_hash_yet(project: Project) -> None:
    BAD["cell against its rule"][0](project)
    package = data_package.read_package(project)
    for resource in package["resources"]:
        if resource["path"] == "article/table_1.csv":
            del resource["hash"]
    data_package.write_package(project, package)
    before = project.package_file.read_bytes()
    said = egov(project, "check", "--update-hashes")
    assert said.returncode == 2
    assert "column egdi_2020" in said.stderr
    assert project.package_file.read_bytes() == before


def test_without_a_release(fresh: Project) -> None:
    fresh.current.unlink()
    said = egov(fresh, "sql", "select 1")
    assert said.returncode == 1
    assert "no release is published yet" in said.stderr
    assert "Traceback" not in said.stderr
    said = egov(fresh, "status")
    assert said.returncode == 11
    assert "none is published yet" in said.stdout


def test_a_query_that_is_wrong(fresh: Project) -> None:
    said = egov(fresh, "sql", "select * from marts.nothing")
    assert said.returncode == 1
    assert "nothing does not exist" in said.stderr
    assert "Traceback" not in said.stderr


def test_outside_a_checkout(tmp_path: Path) -> None:
    said = egov(Project(tmp_path), "check")
    assert said.returncode == 1
    assert "is not a checkout of the warehouse" in said.stderr
