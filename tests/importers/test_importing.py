"""Importers read the official files as downloaded, refuse a wrong file and list all its wrong lines, and write all or nothing.

The tests make the official files from the figures in raw/, in the publishers' own layouts.
"""

from __future__ import annotations

import csv
import errno
import io
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.importers import layout, un_egov_survey, un_m49, write
from pipelines.intake.check import update_hashes
from pipelines.intake.package import read_package
from pipelines.project import EgovError, Project
from pipelines.releases import connect
from tests import test_docs
from tests.helpers import ACCESSED, ROOT, egov
from tests.importers.official import LATEST, UN_HEADER, official_gtmi, official_un, raw_rows


def official_wdi(**later: str) -> str:
    """The wide layout: a byte-order mark, text above the header, every cell quoted, trailing commas, years without figures.

    `later` holds figures of Kazakhstan, by year, that are not in raw/.
    """
    years = [str(year) for year in range(1988, 2030)]
    held: dict[tuple[str, str], dict[str, str]] = {}
    for row in raw_rows("wb_wdi/internet_users_2024.csv"):
        held.setdefault((row["country_name"], row["published_code"]), {})[row["period"]] = row["value"]
    held["Kazakhstan", "KAZ"] |= later
    lines = ['"Data Source","World Development Indicators",', "", '"Last Updated Date","2026-01-01",', ""]
    lines += ['"' + '","'.join(["Country Name", "Country Code", "Indicator Name", "Indicator Code", *years]) + '",']
    for (name, code), values in held.items():
        cells = [
            name,
            code,
            "Individuals using the Internet (% of population)",
            "IT.NET.USER.ZS",
            *(values.get(year, "") for year in years),
        ]
        lines.append('"' + '","'.join(cells) + '",')
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def official_data360() -> str:
    lines = ["FREQ,REF_AREA,REF_AREA_LABEL,INDICATOR,UNIT_MEASURE,OBS_STATUS,2022"]
    for row in raw_rows("wb_data360/gtmi_2022.csv"):
        lines.append(f'A,{row["published_code"]},"{row["country_name"]}",WB_GTMI_GTMI,IX_0T1,A,{row["value"]}')
    return "\n".join(lines) + "\n"


def official_countries(folder: Path) -> tuple[Path, Path]:
    """Write the two lists that the countries are imported from: member states and ISO 3166 areas."""
    members, areas = folder / "members.csv", folder / "areas.csv"
    countries = raw_rows("codes/countries.csv")
    with open(members, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["iso3", "iso2", "m49", "m49_name", "region", "subregion", "lldc", "ldc", "sids", "landlocked"])
        writer.writerows(
            [c["country_code"], c["country_iso2"], str(int(c["m49_code"])), c["name_en"], c["region_name"], c["subregion_name"], c["is_lldc"], c["is_ldc"], c["is_sids"], c["is_landlocked"]]
            for c in countries if c["is_un_member"] == "true"
        )  # fmt: skip
    with open(areas, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            [
                "ISO3166-1-Alpha-3",
                "ISO3166-1-Alpha-2",
                "M49",
                "official_name_en",
                "official_name_ru",
                "Region Name",
                "Sub-region Name",
                *un_m49.AREA_FLAGS.values(),
            ]
        )
        writer.writerows(
            [c["country_code"], c["country_iso2"], str(int(c["m49_code"])), c["name_en"], c["name_ru"], c["region_name"], c["subregion_name"], *("x" if c[flag] == "true" else "" for flag in un_m49.AREA_FLAGS)]
            for c in countries if c["country_code"] not in ("XKX", "CHI")
        )  # fmt: skip
    return members, areas


def without(project: Project, prefix: str) -> Project:
    """Remove every edition whose resource name starts this way from raw/, and return the project."""
    package = json.loads(project.package_file.read_text(encoding="utf-8"))
    for resource in package["resources"]:
        if resource["name"].startswith(prefix):
            (project.raw / resource["path"]).unlink()
    package["resources"] = [resource for resource in package["resources"] if not resource["name"].startswith(prefix)]
    project.package_file.write_text(json.dumps(package, ensure_ascii=False), encoding="utf-8")
    return project


def snapshot(project: Project) -> dict[str, bytes]:
    return {str(path.relative_to(project.raw)): path.read_bytes() for path in sorted(project.raw.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("prefix", "command", "content"),
    [
        ("un_egov_survey_egdi_2024", ["un-egov-survey"], official_un),
        ("wb_gtmi", ["wb-gtmi"], official_gtmi),
        ("wb_wdi", ["wb-wdi"], official_wdi),
        ("wb_data360", ["data360", "--map", "WB_GTMI_GTMI=GTMI"], official_data360),
    ],
)
def test_the_committed_figures_come_out_of_the_official_layout_again(
    project: Project, tmp_path: Path, prefix: str, command: list[str], content: Callable[[], str]
) -> None:
    before = snapshot(project)
    without(project, prefix)
    file = tmp_path / "official.csv"
    file.write_text(content(), encoding="utf-8", newline="")
    said = egov(project, "import", *command, *ACCESSED, str(file))
    assert said.returncode == 0, said.stderr
    after = snapshot(project)
    assert {name for name in before if name.startswith(prefix.split("_egdi")[0])} <= set(after)
    for name, bytes_before in before.items():
        if name != "datapackage.json":
            assert after[name] == bytes_before, name
    assert egov(project, "check").returncode == 0
    again = egov(project, "import", *command, *ACCESSED, str(file))
    assert again.returncode == 0
    assert "already held with the same figures" in again.stdout
    assert snapshot(project) == after


@pytest.mark.parametrize(
    ("accessed", "message"),
    [
        (
            [],
            "official.csv is not imported, nothing is written:\n  the file does not state when the copy was taken; add --accessed",
        ),
        (["--accessed", "2026"], "--accessed 2026: expected the day on which the copy was taken, YYYY-MM-DD"),
        (["--accessed", "2026-02-30"], "--accessed 2026-02-30: expected the day"),
        (["--accessed", "2999-01-01"], "--accessed 2999-01-01: this day is still to come"),
    ],
)
def test_a_copy_without_a_day_is_refused(project: Project, tmp_path: Path, accessed: list[str], message: str) -> None:
    without(project, "un_egov_survey_egdi_2024")
    before = snapshot(project)
    file = tmp_path / "official.csv"
    file.write_text(official_un(), encoding="utf-8")
    said = egov(project, "import", "un-egov-survey", *accessed, str(file))
    assert said.returncode == 2
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("accessed", "day"), [([], "2026-01-01"), (ACCESSED, ACCESSED[1])], ids=["stated by the file", "stated by the user"]
)
def test_the_day_of_the_copy_is_recorded(project: Project, tmp_path: Path, accessed: list[str], day: str) -> None:
    without(project, "wb_wdi")
    file = tmp_path / "official.csv"
    file.write_text(official_wdi(), encoding="utf-8", newline="")
    said = egov(project, "import", "wb-wdi", *accessed, str(file))
    assert said.returncode == 0, said.stderr
    package = read_package(project)
    (resource,) = (each for each in package["resources"] if each["path"].startswith("wb_wdi/"))
    assert resource["accessed"] == day
    (source,) = (each for each in package["sources"] if each["name"] == "wb_wdi")
    assert source["accessed"] == day


def official_unu() -> str:
    """The edition of 2010 in the layout of UNU-EGOV's copy, from the committed figures."""
    with open(ROOT / "raw" / "unu_egov" / "egdi_2010.csv", encoding="utf-8", newline="") as held:
        rows = list(csv.DictReader(held))
    columns = ["country_code", "country_name", "egdi_rank", "egdi", "epi", "osi", "hci", "tii"]
    lines = ["country-code,country-name,e-gov-rank,e-gov-index,e-pat-index,osi,hci,tii"]
    lines += [",".join(f'"{row[column]}"' if "," in row[column] else row[column] for column in columns) for row in rows]
    return "\n".join(lines) + "\n"


def test_the_copy_of_unu_comes_out_of_its_layout_again_and_says_what_it_cannot_tell(project: Project, tmp_path: Path) -> None:
    before = snapshot(project)
    without(project, "unu_egov_egdi_2010")
    file = tmp_path / "egdi-2010.csv"
    file.write_text(official_unu(), encoding="utf-8")
    said = egov(project, "import", "unu-egov", *ACCESSED, str(file))
    assert said.returncode == 0, said.stderr
    assert "4 zeros beside an EGDI of 0 can mean zero or missing" in said.stdout
    assert "status U, with no value" in said.stdout
    after = snapshot(project)
    assert {name: text for name, text in after.items() if name != "datapackage.json"} == {
        name: text for name, text in before.items() if name != "datapackage.json"
    }


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("copy.csv", lambda text: text, "its name does not say which edition it is"),
        ("egdi-2010.csv", lambda text: text.replace("KAZ,", "QQQ,"), "'QQQ' is not in any code list"),
        ("egdi-2010.csv", lambda text: text.replace("184.0", "last"), "column 'e-gov-rank': 'last' is not a rank"),
        ("egdi-2010.csv", lambda text: text.replace(",0.014280000000000001", ",0,014280000000000001"), "cells; expected 8"),
        ("egdi-2010.csv", lambda text: text.replace(",0.01269,", ",nothing,"), "column 'osi': 'nothing' is not a number"),
        ("egdi-2010.csv", lambda text: text.splitlines()[0] + "\n", "no rows"),
    ],
)
def test_a_wrong_copy_of_unu_is_refused(
    project: Project, tmp_path: Path, name: str, change: Callable[[str], str], message: str
) -> None:
    before = snapshot(project)
    file = tmp_path / name
    file.write_text(change(official_unu()), encoding="utf-8")
    said = egov(project, "import", "unu-egov", *ACCESSED, str(file))
    assert said.returncode == 2, said.stdout
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert snapshot(project) == before


BAD_UN: dict[str, tuple[Callable[[str], str], list[str]]] = {
    "unknown country": (lambda text: text.replace('"Ireland"', '"Ierland"'), ["line 3: 'Ierland' is not in any code list"]),
    "repeated country": (lambda text: text.replace('"Ireland"', '"Iraq"'), ["line 3: 'Iraq' appears twice, first in line 2"]),
    "wrong column": (lambda text: text.replace("E-Participation Index", "Participation"), ["line 1: no column 'E-Participation Index'"]),
    "text for a number": (lambda text: text.replace("0.91377", "n/a"), ["line 3: column 'E-Government Index': 'n/a' is not a number"]),
    "decimal comma": (lambda text: text.replace("0.91377", '"0,91377"'), ["line 3: column 'E-Government Index': '0,91377' is not a number"]),
    "negative": (lambda text: text.replace("0.91377", "-0.91377"), ["line 3: column 'E-Government Index': -0.91377 is outside 0 to 2"]),
    "rank missing beside a value": (lambda text: text.replace('"Ireland",20', '"Ireland",'), ["line 3: column 'E-Government Rank': empty"]),
    "rank that is none": (lambda text: text.replace('"Ireland",20', '"Ireland",20th'), ["line 3: column 'E-Government Rank': '20th' is not a rank"]),
    "two years": (lambda text: text.replace('2024,"Ireland"', '2023,"Ireland"'), ["expected one year in the whole file"]),
    "junk footer": (lambda text: text + "Source: UN\n", ["line 195: 1 cells; expected 8"]),
    "all at once": (
        lambda text: text.replace('"Ireland"', '"Ierland"').replace('"Israel"', '"Yisrael"').replace("0.91377", "x"),
        ["line 3: 'Ierland'", "line 3: column 'E-Government Index': 'x'", "'Yisrael' is not in any code list"],
    ),
    "empty": (lambda _: "", ["the file is empty"]),
    "header alone": (lambda text: text.splitlines()[0] + "\n", ["no rows"]),
    "other figures for an edition held": (
        lambda text: text.replace("0.91377", "0.91378"),
        ["un_egov_survey_egdi 2024 is already held with other figures", "--revision"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_UN)
def test_a_wrong_file_is_refused_with_all_its_lines(project: Project, tmp_path: Path, case: str) -> None:
    change, messages = BAD_UN[case]
    before = snapshot(project)
    file = tmp_path / "official.csv"
    file.write_text(change(official_un()), encoding="utf-8")
    said = egov(project, "import", "un-egov-survey", *ACCESSED, str(file))
    assert said.returncode == 2, said.stdout
    assert "Traceback" not in said.stderr
    assert "official.csv" in said.stderr
    for message in messages:
        assert message in said.stderr
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("command", "content", "message"),
    [
        (["wb-gtmi"], lambda: official_gtmi().replace("2022,KAZ", "2022,QQQ"), "'QQQ' is not in any code list"),
        (["wb-gtmi"], lambda: official_gtmi().replace("2022,KAZ,Kazakhstan,A", "2022,KAZ,Kazakhstan,E"), "column 'grp': 'E'"),
        (["wb-wdi"], lambda: official_wdi().replace('"Kazakhstan","KAZ"', '"Kazakhstan","QQQ"'), "'QQQ' is not in any code list"),
        (["wb-wdi"], lambda: official_wdi().replace("IT.NET.USER.ZS", "SP.POP.TOTL"), "expected one of ['IT.NET.USER.ZS']"),
        (["wb-wdi"], lambda: official_wdi().replace('"92.3"', '"many"'), "is not a number"),
        (["data360", "--map", "X=GTMI"], official_data360, "WB_GTMI_GTMI is not mapped; map it, as in --map WB_GTMI_GTMI=GTMI"),
        (["data360", "--map", "WB_GTMI_GTMI=NOTHING"], official_data360, "NOTHING is not one of our indicators"),
        (["data360", "--map", "GTMI"], official_data360, "expected THEIRS=OURS"),
        (["wb-gtmi"], lambda: official_gtmi().splitlines()[0] + "\n2030,KAZ,,A,1,1,1,1,1\n", "column country_name"),
        (["wb-gtmi"], lambda: official_gtmi().splitlines()[0] + "\n2030,KAZ,Kazakhstan,A,5e-05,1,1,1,1\n", "column gtmi"),
        (["itu-datahub"], lambda: "entityIso,dataYear,dataValue,dataNote,dataSource\n", "no rows"),
        (["data360", "--map", "WB_GTMI_GTMI=GTMI"], lambda: official_data360().splitlines()[0] + "\n", "no rows"),
        (["un-egov-survey"], lambda: "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), "no column"),
    ],
)  # fmt: skip
def test_other_layouts_refuse_too(
    project: Project, tmp_path: Path, command: list[str], content: Callable[[], str], message: str
) -> None:
    before = snapshot(project)
    file = tmp_path / "official.csv"
    file.write_text(content(), encoding="utf-8", newline="")
    said = egov(project, "import", *command, *ACCESSED, str(file))
    assert said.returncode == 2, said.stdout
    assert message in said.stderr
    assert "Traceback" not in said.stderr
    assert snapshot(project) == before


def test_headers_may_vary_in_case_blanks_and_hyphens(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "official.csv"
    text = official_un().replace("E-Government Rank", "eGovernment  rank").replace("Country Name", '" country_name "')
    file.write_text("\ufeff" + text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    said = egov(project, "import", "un-egov-survey", *ACCESSED, str(file))
    assert said.returncode == 0, said.stderr
    assert "already held with the same figures" in said.stdout


def test_a_file_that_is_not_there_or_not_text(project: Project, tmp_path: Path) -> None:
    said = egov(project, "import", "un-egov-survey", *ACCESSED, str(tmp_path / "nowhere.csv"))
    assert said.returncode == 2
    assert "nowhere.csv is not imported" in said.stderr
    file = tmp_path / "binary.csv"
    file.write_bytes(b"\xff\xfe\x00")
    said = egov(project, "import", "un-egov-survey", *ACCESSED, str(file))
    assert said.returncode == 2
    assert "not UTF-8" in said.stderr


def test_one_bad_file_among_good_ones_writes_none(project: Project, tmp_path: Path) -> None:
    without(project, "un_egov_survey_egdi_2024")
    before = snapshot(project)
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(official_un("2024"), encoding="utf-8")
    bad.write_text(official_un("2022").replace('"Ireland"', '"Ierland"'), encoding="utf-8")
    said = egov(project, "import", "un-egov-survey", *ACCESSED, str(good), str(bad))
    assert said.returncode == 2
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "stopped", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=["full", "Ctrl-C"]
)
@pytest.mark.parametrize("what", ["an edition", "the country list"])
def test_a_write_that_fails_leaves_nothing(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, stopped: BaseException
) -> None:
    before = snapshot(project)
    file = tmp_path / "official.csv"
    file.write_text(official_un(year="2096"), encoding="utf-8")
    members, areas = official_countries(tmp_path)
    text = areas.read_text(encoding="utf-8")
    assert "Ирландия" in text
    areas.write_text(text.replace("Ирландия", "Эйре"), encoding="utf-8")

    def fails(*_: object) -> None:
        raise stopped

    monkeypatch.setattr(write, "write_package", fails)
    refused = pytest.raises(EgovError, match="the disk: No space left on device; nothing is imported")
    with refused if isinstance(stopped, OSError) else pytest.raises(KeyboardInterrupt):
        if what == "an edition":
            write.import_files(project, [file], un_egov_survey.read, accessed=ACCESSED[1], revision=False)
        else:
            un_m49.import_countries(project, members, areas, ACCESSED[1])
    assert snapshot(project) == before


def test_an_edition_twice_in_one_call_is_written_once(project: Project, tmp_path: Path) -> None:
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    for file in (one, other):
        file.write_text(official_un(year="2096"), encoding="utf-8")
    said = write.import_files(project, [one, other], un_egov_survey.read, accessed=ACCESSED[1], revision=False)
    assert ["rows in raw" in line for line in said] == [True, False]
    assert "already held with the same figures" in said[1]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_files_are_refused_or_mean_what_they_say(data: st.DataObject, tmp_path: Path) -> None:
    """A file with changed characters, swapped cells, or lines dropped or doubled gives an edition or a refusal."""
    text = official_un()
    lines = text.splitlines(keepends=True)
    kind = data.draw(st.sampled_from(["flip", "swap", "drop", "double", "cut", "cell"]))
    row = data.draw(st.integers(1, len(lines) - 1))
    if kind == "flip":
        place = data.draw(st.integers(0, len(text) - 1))
        text = text[:place] + data.draw(st.characters(codec="utf-8")) + text[place + 1 :]
    elif kind == "swap":
        cells = lines[row].rstrip("\n").split(",")
        one, other = data.draw(st.integers(0, len(cells) - 1)), data.draw(st.integers(0, len(cells) - 1))
        cells[one], cells[other] = cells[other], cells[one]
        text = "".join([*lines[:row], ",".join(cells) + "\n", *lines[row + 1 :]])
    elif kind == "drop":
        text = "".join(lines[:row] + lines[row + 1 :])
    elif kind == "double":
        text = "".join(lines[: row + 1] + lines[row:])
    elif kind == "cut":
        text = text[: data.draw(st.integers(0, len(text)))]
    else:
        text = text.replace("0.91377", data.draw(st.text(max_size=20)), 1)
    file = tmp_path / "mutated.csv"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    lists = layout.CodeLists.read(Project(ROOT))
    try:
        (edition,) = un_egov_survey.read(file, lists)
    except layout.Refused as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.startswith("mutated.csv is not imported")
        return
    # a header may change its case and still be the same header
    printed = list(csv.DictReader(io.StringIO(text, newline=""), fieldnames=UN_HEADER))[1:]
    assert len(edition.rows) == len([line for line in printed if any((cell or "").strip() for cell in line.values())])
    for ours, theirs in zip(edition.rows, printed, strict=False):
        assert ours["egdi"] == theirs["E-Government Index"].strip()


def test_the_next_edition_is_import_and_build(next_edition: Project) -> None:
    for block in test_docs.BLOCK.finditer(test_docs.README):  # the outputs that README shows stay as they are
        test_docs.test_query_has_the_shown_output(next_edition, block)
    previous = next(
        int(row["egdi_rank"]) for row in raw_rows(f"un_egov_survey/egdi_{LATEST}.csv") if row["country_code"] == "KAZ"
    )
    with connect.connect(next_edition.published_file) as release:

        def one(query: str) -> tuple[object, ...] | None:
            return release.execute(query).fetchone()

        assert one(
            "select value, published_rank, countries_ranked, level_code from marts.fct_index_values where index_value_id = 'KAZ.EGDI.2096'"
        ) == (Decimal("0.99"), 1, 193, "very_high")
        assert one("select count(*) from marts.fct_index_observations where period_code = '2096'") == (193 * 5,)
        assert one("select year from marts.dim_periods where period_code = '2096'") == (2096,)
        assert one(
            "select countries_assessed, is_comparable_with_previous from marts.dim_indicator_editions where indicator_code = 'EGDI' and period_code = '2096'"
        ) == (193, None)
        assert one(
            "select rank, places_gained, rank_in_central_asia from reports.rpt_country_profile where country_code = 'KAZ' and period_code = '2096'"
        ) == (1, previous - 1, 1)
        assert one(
            "select previous_rank from reports.rpt_rank_history where country_code = 'KAZ' and period_code = '2096'"
        ) == (previous,)
        assert one(
            "select leader_code, kazakhstan_place from reports.rpt_group_leaders where group_code = 'world' and period_code = '2096'"
        ) == ("KAZ", 1)
        assert one("select rank from reports.rpt_article_diagram_2_from_series where period_code = '2096'") == (1,)
        assert one("select count(*) from reports.rpt_recomputation where period_code = '2096'") == (193 * 2,)
        assert "2096: 1" in str(one("select observed from reports.rpt_claims where claim_code = 'rank_gradual_rise'"))
        assert one(
            "select locator from marts.dim_source_cells where raw_file = 'un_egov_survey/egdi_2096.csv' and raw_row = 1 and raw_column = 'egdi'"
        ) == ("un-egov-survey.csv, row 1, column E-Government Index",)


def test_a_revision_keeps_both_and_uses_the_newer(fresh: Project, tmp_path: Path) -> None:
    file = tmp_path / "EGOV_DATA_2024_revised.csv"
    # Ireland's EPI: no other figure is computed from it
    file.write_text(official_un().replace('"Ireland",20,0.91377,0.91780', '"Ireland",20,0.91377,0.91790'), encoding="utf-8")
    said = egov(fresh, "import", "un-egov-survey", *ACCESSED, str(file), "--revision")
    assert said.returncode == 0, said.stderr
    assert "raw/un_egov_survey/egdi_2024_r2.csv" in said.stdout
    later = [tmp_path / "WDI_2026.csv", tmp_path / "WDI_2027.csv"]  # two editions that are imported on the same day
    later[0].write_text(official_wdi(**{"2025": "93.5", "2026": "94"}), encoding="utf-8")
    later[1].write_text(official_wdi(**{"2025": "93.4", "2026": "94", "2027": "94.5"}), encoding="utf-8")
    said = egov(fresh, "import", "wb-wdi", *ACCESSED, *map(str, later))
    assert said.returncode == 0, said.stderr
    copy = tmp_path / "egdi-2010.csv"  # nobody knows the day of the copy that is held: any copy with a day is newer
    copy.write_text(official_unu().replace("IRQ,Iraq,136.0", "IRQ,Iraq,137.0"), encoding="utf-8")
    said = egov(fresh, "import", "unu-egov", *ACCESSED, str(copy), "--revision")
    assert said.returncode == 0, said.stderr
    claims = fresh.raw / "article/claims.csv"
    # a cell that a spreadsheet would run as a formula is treated as ordinary text
    claims.write_text(
        claims.read_text(encoding="utf-8").replace("Most people reach the Internet from", "=1+1 Most go online by", 1),
        encoding="utf-8",
    )
    update_hashes(fresh)
    done = egov(fresh, "build")
    assert done.returncode == 0, done.stderr
    with connect.connect(fresh.published_file) as release:
        assert release.execute("select value from marts.fct_index_values where index_value_id = 'IRL.EPI.2024'").fetchall() == [
            (Decimal("0.9179"),)
        ]
        revisions = release.execute(
            "select country_code, indicator_code, period_code, statistic, earlier_value, later_value from reports.rpt_revisions"
        ).fetchall()
        assert sorted(revisions) == [
            ("IRL", "EPI", "2024", "value", Decimal("0.9178"), Decimal("0.9179")),
            ("IRQ", "EGDI", "2010", "rank", Decimal(136), Decimal(137)),
            ("KAZ", "INTERNET_USERS", "2025", "value", Decimal("93.5"), Decimal("93.4")),
        ]
        assert release.execute(
            "select count(*) from marts.fct_index_values where period_code = '2024' and source_code = 'un_egov_survey'"
        ).fetchall() == [(965,)]
        assert release.execute("select statement from reports.rpt_claims where claim_code = 'mobile_majority'").fetchall() == [
            ("=1+1 Most go online by a mobile device.",)
        ]


def test_countries_come_out_of_the_official_layout_again(project: Project, tmp_path: Path) -> None:
    before = (project.raw / "codes/countries.csv").read_bytes()
    members, areas = official_countries(tmp_path)
    said = egov(project, "import", "un-m49", *ACCESSED, str(members), str(areas))
    assert said.returncode == 0, said.stderr
    assert (project.raw / "codes/countries.csv").read_bytes() == before
    assert egov(project, "check").returncode == 0
