"""The importers of usage, national statistics and further indices, on small made-up files in the layouts of their publishers."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from pipelines.importers import ca_service_inventory, isora, kz_bns_sdg, wb_dai, wb_doing_business, wb_wgi
from pipelines.importers.layout import CodeLists, Edition, Refused, Row
from pipelines.project import Exit, Project
from tests.helpers import ACCESSED, ROOT, copy_project, egov
from tests.importers.test_importing import snapshot, without

Cells = list[list[str | int]]
NAMES = ["Afghanistan, Islamic Republic of", "Kazakhstan", "Republika Srpska"]
YEARS = ["2018", "2019"]


@pytest.fixture(scope="module")
def lists() -> CodeLists:
    """The code lists of the checkout, without the lists of the inventory: each test imports those that it needs."""
    held = CodeLists.read(Project(ROOT))
    held.services.clear()
    held.agencies.clear()
    return held


def workbook(path: Path, sheets: dict[str, Cells]) -> Path:
    """Write the smallest workbook that a reader accepts: texts in the cells, numbers as numbers."""

    def cell(value: str | int) -> str:
        return f"<c><v>{value}</v></c>" if isinstance(value, int) else f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        listed, relations = "", ""
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
            file.writestr(f"xl/worksheets/s{number}.xml", f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>")
            listed += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
            relations += f'<Relationship Id="r{number}" Type="{office}/worksheet" Target="worksheets/s{number}.xml"/>'
        file.writestr("xl/workbook.xml", f'<workbook {main} xmlns:r="{office}"><sheets>{listed}</sheets></workbook>')
        file.writestr("xl/_rels/workbook.xml.rels", f"<Relationships {package}>{relations}</Relationships>")
        file.writestr(
            "_rels/.rels",
            f'<Relationships {package}><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
    return path


def survey() -> tuple[Cells, Cells]:
    """The sheets of figures and of notes: every question, three jurisdictions, two years; also a question of another kind."""
    figures: Cells = [["ISORA Form G - 2018 to 2019", "", "", ""], ["", "", *YEARS]]
    notes: Cells = [["", "", *YEARS]]
    for place, question in enumerate(["Availability of registration channels for taxpayers-Online", *isora.QUESTIONS]):
        for name in NAMES:
            first: str | int = "Yes" if place == 0 else "D" if name == NAMES[0] else 10 + place
            figures.append([question, name, first, "" if place == 0 else 0])
            notes.append([question, name, "Figures are estimated." if place == 1 and name == "Kazakhstan" else "", ""])
    return figures, notes


def survey_file(folder: Path, change: Callable[[Cells, Cells], None] = lambda figures, notes: None) -> Path:
    figures, notes = survey()
    change(figures, notes)
    return workbook(folder / "survey.xlsx", {"ISORA Form G - 2018 to 2019": figures, "Tooltip": notes})


def rows_of(edition: Edition, **values: str) -> list[Row]:
    return [row for row in edition.rows if all(row[name] == value for name, value in values.items())]


def refusal(read: Callable[[], Iterator[Edition]]) -> str:
    with pytest.raises(Refused) as refused:
        list(read())
    assert refused.value.exit_code == Exit.REFUSED
    return str(refused.value)


# The survey of tax administrations


def test_the_survey_keeps_d_empty_and_zero_apart(tmp_path: Path, lists: CodeLists) -> None:
    (edition,) = isora.read(survey_file(tmp_path), lists)
    assert (edition.edition, edition.layout) == ("2018-2019", "usage")
    assert len(edition.rows) == len(isora.QUESTIONS) * len(NAMES) * len(YEARS)
    (total,) = rows_of(edition, country_code="KAZ", service_code="value_added_tax_return", channel_code="", period="2018-A1")
    place = list(isora.QUESTIONS).index("Total number of returns received by tax type-Value added tax")
    assert (total["value"], total["measure_code"]) == (str(11 + place), "returns")
    assert total["locator"] == f"row {3 + 3 * (place + 1) + 1}, column 2018"
    assert {row["value"] for row in rows_of(edition, country_code="AFG", period="2018-A1")} == {"D"}
    assert {row["value"] for row in rows_of(edition, country_code="AFG", period="2019-A1")} == {"0"}
    # an entity that is no country keeps its name and has no code
    assert {row["country_name"] for row in rows_of(edition, country_code="")} == {"Republika Srpska"}
    assert [row["channel_code"] for row in edition.rows if row["note"]] == ["paper"]


def swap(figures: Cells, place: int) -> None:
    figures[place], figures[place + 1] = figures[place + 1], figures[place]


def re_sort_both(figures: Cells, notes: Cells) -> None:
    """Two jurisdictions of one question change places on both sheets."""
    swap(figures, 5)
    swap(notes, 4)


def next_layout(figures: Cells, notes: Cells) -> None:
    figures[1] = ["", "", "FY 2018", "FY 2019"]


def unknown_channel(figures: Cells, notes: Cells) -> None:
    figures[5][0] = notes[4][0] = f"{isora.RETURNS}-Corporate income tax-Pigeon"


def new_name(figures: Cells, notes: Cells) -> None:
    for sheet in (figures, notes):
        for row in sheet:
            row[1] = "Utopia, Republic of" if row[1] == "Kazakhstan" else row[1]


def no_count(figures: Cells, notes: Cells) -> None:
    figures[6][2] = "about 40"


def cut_off(figures: Cells, notes: Cells) -> None:
    del figures[-4:], notes[-4:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda figures, notes: swap(figures, 5), "sheet 'ISORA Form G', row 6: .*sheet 'Tooltip' has another row here"),
        (re_sort_both, "the same ones in another order"),
        (next_layout, "sheet 'ISORA Form G', row 2: .*FY 2018.*expected the years"),
        (unknown_channel, "sheet 'ISORA Form G', row 6: column 1: .*Pigeon' names a channel or tax that is not known"),
        (new_name, "sheet 'ISORA Form G', row 7: 'Utopia, Republic of' is not in any code list"),
        (no_count, "sheet 'ISORA Form G', row 7: column 2018: 'about 40'; expected a whole number, D, N/A or nothing"),
        (cut_off, "no rows of 'No. of incoming service contacts by channel-In-person'"),
    ],
    ids=["re-sorted", "re-sorted on both sheets", "another layout", "unknown channel", "new name", "no count", "cut off"],
)
def test_a_wrong_survey_is_refused(tmp_path: Path, lists: CodeLists, change: Callable[[Cells, Cells], None], said: str) -> None:
    message = refusal(lambda: isora.read(survey_file(tmp_path, change), lists))
    assert re.search(said, message), message


def gone(figures: Cells, notes: Cells) -> None:
    """One question loses one of its jurisdictions on both sheets."""
    del figures[6], notes[5]


def first_is_odd(figures: Cells, notes: Cells) -> None:
    swap(figures, 2)
    swap(notes, 1)


def one_more_channel(figures: Cells, notes: Cells) -> None:
    for sheet in (figures, notes):
        sheet.extend([f"{isora.RETURNS}-Corporate income tax-Pigeon", name, "", ""] for name in NAMES)


def other_digits(figures: Cells, notes: Cells) -> None:
    figures[6][2] = "١٢"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda figures, notes: notes.pop(1), "row 3: .* sheet 'Tooltip' has another row here"),
        (lambda figures, notes: notes.clear(), "row 3: .* sheet 'Tooltip' has another row here"),
        (lambda figures, notes: notes.pop(), "row 86: .* sheet 'Tooltip' has another row here"),
        (first_is_odd, "row 3: 'Availability.*the same ones in another order"),
        (re_sort_both, "row 6: .*Paper returns' has 3 jurisdictions; expected 3 .* the same ones in another order"),
        (gone, "row 6: .*Paper returns' has 2 jurisdictions; expected 3 as in the others: Kazakhstan"),
        (new_name, "row 7: 'Utopia, Republic of' is not in any code list"),
        (one_more_channel, "row 87: column 1: .*Pigeon' names a channel or tax that is not known"),
        (other_digits, "row 7: column 2018: '١٢'; expected a whole number"),
    ],
    ids=["first note gone", "no notes", "last note gone", "first odd", "order", "jurisdiction", "name", "channel", "digits"],
)
def test_one_fault_of_the_survey_is_one_message(
    tmp_path: Path, lists: CodeLists, change: Callable[[Cells, Cells], None], said: str
) -> None:
    """The survey has thousands of rows: a fault that is said at each of them hides all others."""
    _, *found = refusal(lambda: isora.read(survey_file(tmp_path, change), lists)).splitlines()
    assert len(found) == 1, found
    assert re.search(f"^  sheet 'ISORA Form G', {said}", found[0]), found


@pytest.mark.parametrize("width", [2, 3], ids=["no notes at all", "no notes on the last year"])
def test_a_sheet_of_notes_ends_at_its_last_note(tmp_path: Path, lists: CodeLists, width: int) -> None:
    def narrow(figures: Cells, notes: Cells) -> None:
        notes[:] = [row[:width] for row in notes]

    (edition,) = isora.read(survey_file(tmp_path, narrow), lists)
    assert sum(bool(row["note"]) for row in edition.rows) == (width == 3)


def test_marks_of_the_survey_stay_as_printed(tmp_path: Path, lists: CodeLists) -> None:
    def mark(figures: Cells, notes: Cells) -> None:
        figures[5][2:], figures[6][2:] = ["D", ""], ["N/A", 0]

    (edition,) = isora.read(survey_file(tmp_path, mark), lists)
    printed = rows_of(edition, service_code="corporate_income_tax_return", channel_code="paper")
    assert [(row["country_code"], row["period"], row["value"]) for row in printed[:4]] == [
        ("AFG", "2018-A1", "D"), ("AFG", "2019-A1", ""), ("KAZ", "2018-A1", "N/A"), ("KAZ", "2019-A1", "0"),
    ]  # fmt: skip


def test_a_workbook_needs_both_its_sheets(tmp_path: Path, lists: CodeLists) -> None:
    file = workbook(tmp_path / "survey.xlsx", {"ISORA Form G - 2018 to 2019": survey()[0]})
    assert "no sheet 'Tooltip'; the workbook has ISORA Form G - 2018 to 2019" in refusal(lambda: isora.read(file, lists))


def test_a_truncated_workbook_is_refused_and_writes_nothing(small: Project, tmp_path: Path) -> None:
    whole = survey_file(tmp_path)
    whole.write_bytes(whole.read_bytes()[:-400])
    before = snapshot(small)
    said = egov(small, "import", "isora", *ACCESSED, str(whole))
    assert said.returncode == Exit.REFUSED
    assert "survey.xlsx is not imported, nothing is written:\n  not readable as a workbook" in said.stderr
    assert "Traceback" not in said.stderr
    assert snapshot(small) == before


# The inventory of Canada

ORGANISATIONS = "org_id,abbr_en,legal_title,applied_title,inst_struct_en,start,end_fin\n26,CRA,Revenue Agency,,Agencies,1999,\n"
SERVICES = (
    "service_id;service_name_en;service_name_fr;department_en;department_fr;org_id;fiscal_yr_first;fiscal_yr_latest;scope\n"
    '669;"Returns\r\nof income";Déclarations;Revenue Agency;Agence du revenu;26;2018-2019;2019-2020;True\n'
    "SRV03172;Calls;Appels;Revenue Agency;Agence du revenu;26;2018-2019;2019-2020;True\n\nTimestamp:2026-02-10_10:41:26\n"
)
VOLUMES = (
    "fiscal_yr;org_id;service_id;channel;volume\n2018-2019;26;669;phone;290020.0\n2018-2019;26;669;online;12.0\n"
    "2019-2020;26;SRV03172;in_person;7.0\n\nTimestamp:2026-02-10_10:41:27\n"
)
TIMELINESS = (
    "fiscal_yr;org_id;service_id;channel;volume_meeting_target;total_volume;volume_not_meeting_target\n"
    "2018-2019;26;669;TEL;101.0;106.0;5.0\n\nTimestamp:2026-02-10_10:41:27\n"
)


def inventory(folder: Path, lists: CodeLists, text: str, name: str = "si_vol.csv") -> Iterator[Edition]:
    """Read one file of a snapshot after its two lists, as a user imports them."""
    for file, content in (("ifoi_en.csv", ORGANISATIONS), ("sid_list.csv", SERVICES)):
        (folder / file).write_text(content, encoding="utf-8", newline="")
        list(ca_service_inventory.read(folder / file, lists))
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return ca_service_inventory.read(folder / name, lists)


def test_the_inventory_has_codes_of_its_own(tmp_path: Path, lists: CodeLists) -> None:
    (volumes,) = inventory(tmp_path, lists, VOLUMES)
    assert (volumes.edition, volumes.stated_on) == ("2018-2019", "2026-02-10")
    keys = ("service_code", "agency_code", "channel_code", "measure_code", "period", "value", "locator")
    assert [tuple(row[key] for key in keys) for row in volumes.rows] == [
        ("CAN-669", "CAN-26", "telephone", "applications", "2018-04-01/P1Y", "290020.0", "line 2, column volume"),
        ("CAN-669", "CAN-26", "online", "applications", "2018-04-01/P1Y", "12.0", "line 3, column volume"),
        ("CAN-SRV03172", "CAN-26", "in_person", "applications", "2019-04-01/P1Y", "7.0", "line 4, column volume"),
    ]
    (timeliness,) = inventory(tmp_path, lists, TIMELINESS)
    assert [(row["measure_code"], row["value"]) for row in timeliness.rows] == [
        ("applications_on_time", "101.0"), ("applications_timed", "106.0"), ("applications_late", "5.0"),
    ]  # fmt: skip
    (services,) = ca_service_inventory.read(tmp_path / "sid_list.csv", lists)
    assert [row["service_name_en"] for row in services.rows] == ["Returns of income", "Calls"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VOLUMES.partition("Timestamp")[0], "line 4: the last line; expected one that starts with 'Timestamp:'"),
        (VOLUMES.replace("in_person", "drone"), "line 4: column 'channel': 'drone'; expected one of online, phone"),
        (VOLUMES.replace("SRV03172", "SRV09999"), "line 4: column 'service_id': 'SRV09999' is not in the list of services"),
        (VOLUMES.replace("26;SRV", "27;SRV"), "line 4: column 'org_id': '27' is not in the list of organisations"),
        (VOLUMES.replace("2019-2020", "2018-2020"), "line 4: column 'fiscal_yr': '2018-2020'; expected two years that follow"),
        (VOLUMES.replace("7.0", "7.5"), "line 4: column 'volume': '7.5'; expected a whole number"),
        (VOLUMES.replace("online;12.0", "phone;12.0"), "line 3: 2018-2019 26 669 phone appears twice, first in line 2"),
        (TIMELINESS.replace("106.0", "D"), "line 2: column 'total_volume': 'D'; expected a whole number"),
        ("fiscal_year;volumes\n", "line 1: 'fiscal_year;volumes'; expected the header of one of the files"),
    ],
    ids=["cut short", "channel", "service", "organisation", "fiscal year", "no count", "twice", "D in a total", "layout"],
)
def test_a_wrong_inventory_is_refused(tmp_path: Path, lists: CodeLists, text: str, said: str) -> None:
    assert said in refusal(lambda: inventory(tmp_path, lists, text))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ifoi_en.csv", ORGANISATIONS.splitlines()[0], "line 2: no rows; expected one per organisation"),
        ("ifoi_en.csv", ORGANISATIONS.replace("1999", ""), "line 2: column 'start': ''; expected a year"),
        ("sid_list.csv", SERVICES.splitlines()[0] + "\n\nTimestamp:2026-02-10_10:41:26\n", "line 2: no rows; expected one per service"),
        ("sid_list.csv", SERVICES.replace("2018-2019", "", 1), "line 3: column 'fiscal_yr_first': ''; expected two years"),
        ("sid_list.csv", SERVICES.replace("SRV03172", "669"), "line 4: '669' appears twice, first in line 3"),
        ("sid_list.csv", SERVICES.replace("SRV03172", "A1"), "line 4: column 'service_id': 'A1'; expected a number"),
        ("sid_list.csv", SERVICES.partition("Timestamp")[0], "line 4: the last line; expected one that starts with"),
    ],
    ids=["no organisations", "no year", "no services", "no fiscal year", "service twice", "code", "cut short"],
)  # fmt: skip
def test_a_wrong_list_of_the_inventory_is_refused(tmp_path: Path, lists: CodeLists, name: str, text: str, said: str) -> None:
    _, *found = refusal(lambda: inventory(tmp_path, lists, text, name)).splitlines()
    assert len(found) == 1, found
    assert said in found[0]


def test_figures_of_the_inventory_need_its_lists(tmp_path: Path, lists: CodeLists) -> None:
    lists.services.clear()
    lists.agencies.clear()
    file = tmp_path / "si_vol.csv"
    file.write_text(VOLUMES, encoding="utf-8")
    assert "the list that names its codes is not in raw/; import ifoi_en.csv first" in refusal(
        lambda: ca_service_inventory.read(file, lists)
    )


# The national statistics of Kazakhstan


def statistics(folder: Path, number: str, text: str) -> Path:
    file = folder / f"indicator_{number}.csv"
    file.write_text(text, encoding="utf-8")
    return file


PHONES = "Year,UNIT_MEASURE,URBANISATION,SEX,REF_AREA,Value\n2022,PT,,,,92.7\n2022,PT,U,M,KZABY,    95.7\n"


def test_parts_of_the_country_are_editions_of_their_own(tmp_path: Path, lists: CodeLists) -> None:
    national, parts = kz_bns_sdg.read(statistics(tmp_path, "5-b-1", PHONES), lists)
    assert [(row["indicator_code"], row["period"], row["value"]) for row in national.rows] == [
        ("MOBILE_PHONE_OWNERS", "2022", "92.7")
    ]
    (part,) = parts.rows
    assert (part["region_code"], part["sex_code"], part["settlement_code"], part["age_code"]) == ("KZ-10", "M", "U", "")
    assert (part["value"], part["locator"], parts.layout) == ("95.7", "line 3", "breakdowns")


def test_two_figures_for_one_year_are_both_kept(tmp_path: Path, lists: CodeLists) -> None:
    text = "Year,UNIT_MEASURE,SERIES,Value\n2023,PT,_L_KZ_090c01_1C,87.3\n2023,PT,_L_KZ_090c01_1C,89.2\n"
    (edition,) = kz_bns_sdg.read(statistics(tmp_path, "9-c-1", text), lists)
    assert [(row["value"], row["print_number"]) for row in edition.rows] == [("87.3", "1"), ("89.2", "2")]
    assert "print_number" in edition.key


@pytest.mark.parametrize(
    ("number", "text", "said"),
    [
        ("5-b-1", PHONES.replace("KZABY", "KZXXX"), "line 3: column 'REF_AREA': 'KZXXX' is no region"),
        ("5-b-1", PHONES.replace(",M,", ",X,"), "line 3: 'X', 'U'; expected F or M, U or R, or nothing"),
        ("5-b-1", PHONES.replace("92.7", "-1"), "line 2: column 'Value': '-1'; expected a number that is not negative"),
        ("5-b-1", PHONES.replace("PT,,,,", "KG,,,,"), "line 2: column 'UNIT_MEASURE': 'KG'; expected one of PT, TH_UNITS"),
        ("5-b-1", PHONES + "2022,PT,U,M,KZABY,95.8\n", "line 4: the same series, year and part as line 3"),
        ("9-c-1", "Year,UNIT_MEASURE,SERIES,Value\n2023,PT,_L_KZ_090c01_1Z,87.3\n", "line 2: '_L_KZ_090c01_1Z' is no series"),
        ("1-1-1", PHONES, "its name; expected indicator_<number>.csv"),
        ("5-b-1", "Year,DISTRICT,Value\n2022,A,1\n", "line 1: the column 'DISTRICT' is not known"),
        ("5-b-1", "Year,Value\n2022,1\n2022,2\n2022,3\n", "line 4: the same series and year as lines 2 and 3"),
    ],
    ids=["region", "sex", "negative", "unit", "twice", "series", "name", "column", "a third"],
)
def test_wrong_statistics_are_refused(tmp_path: Path, lists: CodeLists, number: str, text: str, said: str) -> None:
    assert said in refusal(lambda: kz_bns_sdg.read(statistics(tmp_path, number, text), lists))


# Further indices


def governance(**changed: str) -> str:
    """Two economies in one year, for each of the six indicators. `changed` replaces text."""
    lines = ["country,code,year,indicator,estimate,pct_rank,std_err,num_src"]
    for indicator in wb_wgi.INDICATORS:
        lines += [f"Kazakhstan,KAZ,2019,{indicator},-0.125,57.7,0.2,9", f"American Samoa,ASM,2019,{indicator},NA,NA,NA,NA"]
    text = "\n".join(lines) + "\n"
    for old, new in changed.items():
        text = text.replace(old, new, 1)
    return text


def read_text(read: Callable[[Path, CodeLists], Iterator[Edition]], path: Path, text: str, lists: CodeLists) -> list[Edition]:
    path.write_text(text, encoding="utf-8")
    return list(read(path, lists))


def test_governance_has_estimates_with_their_errors(tmp_path: Path, lists: CodeLists) -> None:
    editions = read_text(wb_wgi.read, tmp_path / "wgi.csv", governance(), lists)
    assert [edition.series for edition in editions] == [f"wb_wgi_wgi_{code}" for code in ("va", "pv", "ge", "rq", "rl", "cc")]
    kazakhstan, samoa = editions[0].rows
    beside = ("value", "percentile_rank", "standard_error", "number_of_sources")
    assert [kazakhstan[name] for name in beside] == ["-0.125", "57.7", "0.2", "9"]
    assert [samoa[name] for name in beside] == ["NA"] * 4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"NA,NA,NA,NA": "NA,NA,NA,3"}, "line 3: NA in some columns; expected a figure in every column or in none"),
        ({"57.7": "157.7"}, "line 2: column 'pct_rank': '157.7'; expected a number from 0 to 100, or NA"),
        ({"KAZ": "QQQ"}, "line 2: 'QQQ' is not in any code list"),
        ({"VoiceandAccountability": "Voice"}, "line 2: column 'indicator': 'Voice'; expected one of"),
        ({"American Samoa,ASM,2019,ControlofCorruption,NA,NA,NA,NA\n": ""}, "expected equally many: the file may be cut short"),
    ],
    ids=["some columns", "out of bounds", "economy", "indicator", "cut short"],
)
def test_wrong_governance_is_refused(tmp_path: Path, lists: CodeLists, changed: dict[str, str], said: str) -> None:
    assert said in refusal(lambda: iter(read_text(wb_wgi.read, tmp_path / "wgi.csv", governance(**changed), lists)))


BUSINESS = (
    "country_code,economy,region,income_group,db_year,ease_rank,score_db17_20_method,score_db15_method,score_db10_14_method\n"
    "BANG,Bangladesh,South Asia,Low,2020,168,45.0,,\nBGD,Bangladesh Dhaka,South Asia,Low,2020,,44.9,,\n"
    "KAZ,Kazakhstan,Asia,Upper,2020,25,79.6,,\nKAZ,Kazakhstan,Asia,Upper,2014,,,61.8,62.4\n"
)


def test_a_city_is_not_its_country(tmp_path: Path, lists: CodeLists) -> None:
    by_series = {
        edition.series: edition for edition in read_text(wb_doing_business.read, tmp_path / "ease.csv", BUSINESS, lists)
    }
    scores = by_series["wb_doing_business_db_score_db17_20"].rows
    assert [(row["country_code"], row["country_name"], row["value"]) for row in scores] == [
        ("BGD", "Bangladesh", "45.0"), ("", "Bangladesh Dhaka", "44.9"), ("KAZ", "Kazakhstan", "79.6"),
    ]  # fmt: skip
    assert [row["value"] for row in by_series["wb_doing_business_db_score_db10_14"].rows] == ["62.4"]
    assert [(row["country_code"], row["rank"]) for row in by_series["wb_doing_business_db_rank"].rows] == [
        ("BGD", "168"), ("KAZ", "25"),
    ]  # fmt: skip
    (ranks,) = read_text(
        wb_doing_business.read,
        tmp_path / "ranks-2016.csv",
        "country-code,country-name,ease-doing-business\nKAZ,Kazakhstan,35.0\n",
        lists,
    )
    assert (ranks.edition, ranks.rows[0]["rank"]) == ("2016", "35.0")
    (ranks,) = read_text(
        wb_doing_business.read,
        tmp_path / "ranks-2016.csv",
        "country-code,country-name,ease-doing-business\nBGD,Bangladesh Dhaka,176\n",
        lists,
    )
    assert ranks.rows[0]["country_code"] == ""  # the code is that of the country


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ease.csv", BUSINESS.replace("Bangladesh Dhaka", "Atlantis"), "line 3: 'Atlantis' is not in any code list"),
        ("ease.csv", BUSINESS.replace(",25,", ",25th,"), "line 4: column 'ease_rank': '25th'; expected a rank"),
        ("ease.csv", BUSINESS.replace("79.6", "179.6"), "line 4: column 'score_db17_20_method': 179.6 is outside 0 to 100"),
        ("ease.csv", BUSINESS.replace("2014,", "2019,9"), "ranks of 2019, 2020; expected those of one year"),
    ],
    ids=["economy", "rank", "score", "two years of ranks"],
)
def test_wrong_doing_business_is_refused(tmp_path: Path, lists: CodeLists, name: str, text: str, said: str) -> None:
    assert said in refusal(lambda: iter(read_text(wb_doing_business.read, tmp_path / name, text, lists)))


ADOPTION = (
    "country,Year,Digital Adoption Index,DAI Business Sub-index,DAI People Sub-index,DAI Government Sub-index\n"
    "Kazakhstan,2014,0.63,0.54,0.53,0.83\nKazakhstan,2016,0.67,0.60,0.57,0.84\n"
    '"Hong Kong SAR, China",2014,,0.8,0.7,\n"Hong Kong SAR, China",2016,,0.8,0.7,\n'
)


def test_digital_adoption_has_names_only(tmp_path: Path, lists: CodeLists) -> None:
    index, *parts = read_text(wb_dai.read, tmp_path / "dai.csv", ADOPTION, lists)
    assert [(row["country_code"], row["value"]) for row in index.rows] == [
        ("KAZ", "0.63"),
        ("KAZ", "0.67"),
        ("HKG", ""),
        ("HKG", ""),
    ]
    assert [part.rows[0]["indicator_code"] for part in parts] == ["DAI_BUSINESS", "DAI_PEOPLE", "DAI_GOVERNMENT"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ADOPTION.rpartition('"Hong')[0], "3 rows; expected two years of every country: the file may be cut short"),
        (ADOPTION.replace("Kazakhstan,2014", "Utopia,2014"), "line 2: 'Utopia' is not in any code list"),
        (ADOPTION.replace("0.63", "1.63"), "line 2: column 'Digital Adoption Index': 1.63 is outside 0 to 1"),
    ],
    ids=["cut short", "country", "out of bounds"],
)
def test_wrong_digital_adoption_is_refused(tmp_path: Path, lists: CodeLists, text: str, said: str) -> None:
    assert said in refusal(lambda: iter(read_text(wb_dai.read, tmp_path / "dai.csv", text, lists)))


# Into raw/


@pytest.fixture
def small(tmp_path: Path) -> Project:
    """A project whose raw/ holds only the code lists: each check of it takes a moment."""
    project = copy_project(tmp_path / "small")
    for prefix in ("article", "un_egov", "unu", "wb_", "itu", "isora", "ca_", "kz_"):
        without(project, prefix)
    return project


def write(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return [str(folder / f"{name}.csv") for name in texts]


@pytest.mark.parametrize(
    ("command", "name", "good", "bad", "written"),
    [
        ("kz-bns-sdg", "indicator_5-b-1", PHONES, ("92.7", "-1"), ["mobile_phone_owners_2022", "mobile_phone_owners_breakdowns_2022"]),
        ("wb-wgi", "wgi", governance(), ("57.7", "157.7"), [f"wgi_{code}_2019" for code in ("cc", "ge", "pv", "rl", "rq", "va")]),
        ("wb-doing-business", "ease", BUSINESS, (",25,", ",25th,"),
         ["db_rank_2020", "db_score_db10_14_2014", "db_score_db15_2014", "db_score_db17_20_2020"]),
        ("wb-dai", "dai", ADOPTION, ("0.63", "1.63"), ["dai_2016", "dai_business_2016", "dai_government_2016", "dai_people_2016"]),
    ],
    ids=["statistics", "governance", "doing business", "digital adoption"],
)  # fmt: skip
def test_a_file_is_written_whole_or_not_at_all(
    small: Project, tmp_path: Path, command: str, name: str, good: str, bad: tuple[str, str], written: list[str]
) -> None:
    before = snapshot(small)
    assert bad[0] in good
    refused = egov(small, "import", command, *ACCESSED, *write(tmp_path, **{name: good.replace(*bad)}))
    assert refused.returncode == Exit.REFUSED
    assert f"{name}.csv is not imported, nothing is written:\n  line " in refused.stderr
    assert "Traceback" not in refused.stderr
    assert snapshot(small) == before
    done = egov(small, "import", command, *ACCESSED, *write(tmp_path, **{name: good}))
    assert done.returncode == 0, done.stderr  # raw/ is checked again after it is written
    assert sorted(Path(path).stem for path in set(snapshot(small)) - set(before)) == written


def test_the_survey_is_written_with_its_notes(small: Project, tmp_path: Path) -> None:
    done = egov(small, "import", "isora", *ACCESSED, str(survey_file(tmp_path)))
    assert done.returncode == 0, done.stderr
    lines = (small.raw / "isora/usage_2018_2019.csv").read_text(encoding="utf-8").splitlines()
    assert (
        'KAZ,Kazakhstan,corporate_income_tax_return,returns,paper,,2018-A1,11,Figures are estimated.,"row 7, column 2018"'
        in lines
    )


def test_a_small_snapshot_is_imported_once_and_then_revised(small: Project, tmp_path: Path) -> None:
    files = write(tmp_path, ifoi_en=ORGANISATIONS, sid_list=SERVICES, si_vol=VOLUMES, ss_tml_perf_vol=TIMELINESS)
    before = snapshot(small)
    # the figures before their lists
    assert egov(small, "import", "ca-service-inventory", *ACCESSED, *reversed(files)).returncode == Exit.REFUSED
    assert snapshot(small) == before
    assert egov(small, "import", "ca-service-inventory", *ACCESSED, *files).returncode == 0
    held = snapshot(small)
    again = egov(small, "import", "ca-service-inventory", *ACCESSED, *files)
    assert again.stdout.count("already held with the same figures") == len(files)
    assert snapshot(small) == held
    # the same years with one cell changed, one line gone and one come
    later = VOLUMES.replace("290020.0", "290021.0").replace("2018-2019;26;669;online;12.0", "2018-2019;26;669;fax;3.0")
    (file,) = write(tmp_path, si_vol=later)
    refused = egov(small, "import", "ca-service-inventory", file)
    assert refused.returncode == Exit.REFUSED
    assert "is already held with other figures (raw/ca_service_inventory/volumes_2018_2019.csv)" in refused.stderr
    assert snapshot(small) == held
    revised = egov(small, "import", "ca-service-inventory", "--revision", file)
    assert revised.returncode == 0, revised.stderr
    after = snapshot(small)
    assert set(after) - set(held) == {"ca_service_inventory/volumes_2018_2019_r2.csv"}
    figures = after["ca_service_inventory/volumes_2018_2019_r2.csv"].decode().splitlines()[1:]
    assert [line.split(",")[4:8:3] for line in figures] == [["telephone", "290021.0"], ["fax", "3.0"], ["in_person", "7.0"]]
    assert after["ca_service_inventory/volumes_2018_2019.csv"] == held["ca_service_inventory/volumes_2018_2019.csv"]
