"""The explorer: its figures are those of the database, and in a browser it answers to addresses, names, mouse, tap and keyboard."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pipelines.products import explore
from pipelines.products.explore import shapes
from pipelines.products.pages.figures import number as written_number
from pipelines.project import EgovError, Project
from pipelines.releases import connect
from tests.conftest import Browser
from tests.products.test_report import DESKTOP, PHONE, RULES

LIMIT = 2_500_000  # bytes
MARKS = ".chart svg [role='graphics-symbol'][aria-label]"
EGDI = {
    "en": "E-Government Development Index, index from 0 to 1, 2003–2024",
    "ru": "Индекс развития электронного правительства, индекс от 0 до 1, 2003–2024",
    "kk": "Электрондық үкіметті дамыту индексі, 0-ден 1-ге дейінгі индекс, 2003–2024",
}
VIEWS = [
    "EGDI/value/line/2024/KAZ,TUV,PRK,landlocked,sids,world",
    "INTERNET_USERS/rank/line/2023/KAZ,GEO,SSD",
    "EGDI/rank/bars/2024/KAZ,GEO,TUV,world",
    "WGI_CC/value/bars/2019/KAZ,GEO,DNK",
    "tax_office_contact.telephone/share/bars/2021-A1/GEO,AUT",
    "EGDI/value/map/2024/KAZ,TUV",
    "DB_RANK/rank/map/2020/KAZ",
]
PAGES = ["KAZ", "GEO", "TUV", "TWN"]


@cache
def parts(page: Path) -> dict[str, Any]:
    """The JSON that an explorer carries, by the name of its script element."""
    found = re.finditer(
        r'<script type="application/json" id="([^"]+)">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL
    )
    return {part[1]: json.loads(part[2]) for part in found}


def written(project: Project) -> Path:
    return project.current.resolve() / "report" / "explore.html"


@pytest.fixture
def release(built: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect.connect(built.published_file) as connection:
        yield connection


def entry(figures: dict[str, Any], name: str, code: str, number: int) -> str | None:
    column = figures.get(name, {}).get(code)
    return (column.split(",")[number] or None) if column else None


def plain(value: object) -> str | None:
    """A decimal or whole number of the database without the zeros at its end."""
    if value is None:
        return None
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


# ---- the data of the page


def test_it_stays_below_its_weight(built: Project) -> None:
    assert written(built).stat().st_size < LIMIT


def test_every_figure_is_that_of_the_database(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = parts(written(built))
    rows = release.execute(
        """select indicator_code, country_code, period_code, value, published_rank, obs_status_code, source_code, unit_code
        from reports.rpt_index_values"""
    ).fetchall()
    for indicator, country, period, value, rank, status, source, unit in rows:
        figures = page[f"figures-{indicator}"]
        number = figures["periods"].index(period)
        assert entry(figures, "values", country, number) == plain(value), (indicator, country, period)
        is_ranked = value is not None or unit == "rank"
        assert entry(figures, "ranks", country, number) == (plain(rank) if is_ranked else None), (indicator, country, period)
        if unit != "rank":
            assert figures["statuses"].get(country, "A" * 99)[number] == status, (indicator, country, period)
        origin = int(figures["origins"].get(country, "0" * 99)[number])
        assert figures["sources"][origin] == source, (indicator, country, period)
    given = sum(
        len(list(filter(None, column.split(","))))
        for name, part in page.items()
        if name.startswith("figures-") and "." not in name
        for column in part.get("values", {}).values()
    )
    assert given == sum(row[3] is not None for row in rows), "the page must hold no figure that the database does not have"


def test_every_use_of_a_channel_is_that_of_the_database(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = parts(written(built))
    rows = release.execute(
        """select u.service_code, coalesce(u.channel_code, 'all'), u.country_code, u.period_code, u.usage_count,
            case when o.note is null or o.note not like '%do not add up%' then s.share_of_channels end, u.obs_status_code
        from marts.fct_service_usage as u left join reports.rpt_usage_by_channel as s using (service_usage_id)
        left join reports.rpt_online_share as o
            on (u.source_code, u.country_code, u.service_code, u.measure_code, u.period_code)
                = (o.source_code, o.country_code, o.service_code, o.measure_code, o.period_code)
        where u.source_code = 'isora'"""
    ).fetchall()
    assert len(rows) > 18_000
    assert sum(share is None for *_, share, _ in rows) > 10
    for service, channel, country, period, count, share, status in rows:
        figures = page[f"figures-{service}.{channel}"]
        number = figures["periods"].index(period)
        assert entry(figures, "values", country, number) == plain(count), (service, channel, country, period)
        assert entry(figures, "shares", country, number) == plain(share), (service, channel, country, period)
        assert figures["statuses"].get(country, "A" * 9)[number] == status, (service, channel, country, period)


def test_the_means_are_those_of_the_database(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = parts(written(built))
    rows = release.execute(
        "select indicator_code, group_code, period_code, mean_value, states_assessed from reports.rpt_group_means"
    )
    for indicator, group, period, mean, states in rows.fetchall():
        figures = page[f"figures-{indicator}"]
        number = figures["periods"].index(period)
        assert (entry(figures, "means", group, number), entry(figures, "assessed", group, number)) == (plain(mean), str(states))


def test_a_country_has_its_discrepancies_and_its_claims(built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = parts(written(built))
    found = dict(
        release.execute(
            "select country_code, count(*) from reports.rpt_discrepancies where country_code is not null group by all"
        ).fetchall()
    )
    assert {
        name[8:]: sum(rule["findings"] for rule in part["rules"].values())
        for name, part in page.items()
        if name.startswith("country-") and part["rules"]
    } == found
    shown = [len(rule["shown"]) for rule in page["country-CAN"]["rules"].values()]
    assert max(shown) == explore.MOST_FINDINGS
    assert sum(shown) < found["CAN"]
    assert len(page["country-KAZ"]["claims"]) == release.execute("select count(*) from reports.rpt_claims").fetchall()[0][0]
    statements = page["texts"]["list"]
    austria = [statements[claim[1]] for claim in page["country-AUT"]["claims"]]
    assert any("landlocked" in statement for statement in austria)
    assert "country-GEO" not in page, "no claim names Georgia, and no discrepancy is recorded for it"


def test_a_figure_that_a_page_cannot_hold_is_refused() -> None:
    assert [explore.number(each) for each in (None, 0, Decimal("0.9000000000"), Decimal("1E+3"))] == ["", "0", "0.9", "1000"]
    with pytest.raises(ValueError, match="more digits than a page can hold"):
        explore.number(Decimal("12345678.1234567891"))


def test_every_text_of_the_scripts_is_taken_for_translation() -> None:
    written_ = (Path(explore.__file__).parent / "script.js").read_text(encoding="utf-8")
    assert set(re.findall(r'\b_\("((?:[^"\\]|\\.)+)"', written_)) == set(explore.page_texts())


def test_the_map_has_a_shape_or_a_dot_for_every_member(release: duckdb.DuckDBPyConnection) -> None:
    world = json.loads(shapes.WORLD.read_text(encoding="utf-8"))
    drawn = {shape.get("id") for shape in world["topology"]["objects"]["countries"]["geometries"]}
    members = {code for (code,) in release.execute("select m49_code from marts.dim_countries where is_un_member").fetchall()}
    assert len(members) == 193
    assert len(members & drawn) == 165
    assert len(members & world["dots"].keys()) == 28
    assert members <= drawn | world["dots"].keys()
    assert not drawn & world["dots"].keys()


def square(identifier: str, arc: int) -> dict[str, Any]:
    return {"type": "Polygon", "id": identifier, "properties": {"name": "x"}, "arcs": [[arc]]}


def test_world_json_is_made_from_the_package(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"name": "made-up", "version": "1", "license": "ISC"}))
    transform = {"scale": [0.5, 0.5], "translate": [100, 10]}
    arcs = [[[0, 0], [8, 0], [0, 8], [-8, 0], [0, -8]], [[20, 20], [4, 0], [0, 2], [-4, 0], [0, -2]]]
    for name, drawn in (
        ("countries-110m.json", [square("001", 0), square("010", 0)]),
        ("countries-10m.json", [square("001", 0), square("002", 1)]),
    ):
        topology = {"transform": transform, "arcs": arcs, "objects": {"countries": {"geometries": drawn}}}
        (tmp_path / name).write_text(json.dumps(topology))
    made = shapes.world(tmp_path)
    assert made["dots"] == {"002": [111.0, 20.5]}
    assert [shape["id"] for shape in made["topology"]["objects"]["countries"]["geometries"]] == ["001"]
    (tmp_path / "countries-10m.json").unlink()
    with pytest.raises(EgovError, match=r"countries-10m\.json is missing: expected the unpacked npm package world-atlas"):
        shapes.world(tmp_path)


# ---- in a browser


def opened(browser: Browser, project: Project, address: str, heard: list[str] | None = None) -> Page:
    """Open the explorer from disk at an address; `heard` collects console messages and requests of the page."""
    page = browser.context.new_page()
    said = [] if heard is None else heard
    page.on("console", lambda message: said.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on("request", lambda request: said.append(f"request: {request.url}"))
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.goto(f"file://{written(project)}#{address}")
    return page


def hash_of(page: Page) -> str:
    return unquote(page.url.partition("#")[2])


def csv_of(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator("[data-action=csv]").first.click()
    return list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8-sig"))))


@pytest.mark.browser
def test_it_loads_nothing_and_says_nothing(browser: Browser, built: Project) -> None:
    heard: list[str] = []
    page = opened(browser, built, "", heard)
    page.locator(MARKS).first.wait_for(state="attached")
    for name, language in (("Русский", "ru"), ("Қазақша", "kk"), ("English", "en")):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=EGDI[language])).to_be_visible()
    for view in [*VIEWS, *PAGES]:
        page.evaluate("address => location.hash = address", f"#en/{view}")
        page.locator(MARKS).first.wait_for(state="attached") if view != "TWN" else page.locator("main table").first.wait_for()
        page.wait_for_timeout(300)
    assert [line for line in heard if not line.startswith("request: file:")] == []
    assert len(heard) == 1, "the page itself must be the only request"
    assert browser.outside == []


@pytest.mark.browser
@pytest.mark.parametrize("language", EGDI)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_view_fits(browser: Browser, built: Project, language: str, size: dict[str, int]) -> None:
    page = opened(browser, built, language)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    for view in [*VIEWS, "EGDI/value/table/2024/KAZ,TUV,PRK,landlocked,sids,world", *PAGES]:
        page.evaluate("address => location.hash = address", f"#{language}/{view}")
        page.locator("main figure .chart svg, main table").first.wait_for()
        page.wait_for_timeout(300)
        assert page.locator("html").get_attribute("lang") == language
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], view
        cut = page.evaluate(
            """() => [...document.querySelectorAll(".chart svg text")].filter(text => {
                if (!text.checkVisibility() || !text.textContent.trim()) return false;
                const [inner, outer] = [text, text.closest("figure")].map(element => element.getBoundingClientRect());
                return inner.left < outer.left || inner.right > outer.right;
            }).map(text => text.textContent)"""
        )
        assert cut == [], view


@pytest.mark.browser
def test_an_address_opens_its_view_and_history_works(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/EGDI/value/line/2024/KAZ,world")
    page.locator("#indicator").select_option("INTERNET_USERS")
    page.locator("#measure-rank").check(force=True)
    page.locator("#view-bars").check(force=True)
    page.locator("#period").select_option("2020")
    page.locator("#add").fill("GEO")
    page.keyboard.press("Enter")
    page.locator("#remove-world").click()
    address = "en/INTERNET_USERS/rank/bars/2020/KAZ,GEO"
    assert hash_of(page) == address
    shown = page.locator("main").inner_text()
    again = opened(browser, built, address)
    again.locator(MARKS).first.wait_for(state="attached")
    assert again.locator("main").inner_text() == shown
    page.go_back()
    assert hash_of(page) == "en/INTERNET_USERS/rank/bars/2020/KAZ,world,GEO"
    expect(page.locator(".chips li")).to_have_count(3)
    page.go_forward()
    expect(page.locator(".chips li")).to_have_count(2)
    page.get_by_role("link", name="Georgia", exact=True).click()
    expect(page.get_by_role("heading", name="Georgia", exact=True)).to_be_visible()
    assert hash_of(page) == "en/GEO"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Тувалу", "TUV"),
        ("грузи", "GEO"),
        ("Қырғыз", "KGZ"),
        ("cote d", "CIV"),
        ("Орталық Азия", "central_asia"),
        ("tv", "TUV"),
        ("KGZ", "KGZ"),
        ("Россия", "RUS"),
        ("США", "USA"),
        ("UK", "GBR"),
        ("South Korea", "KOR"),
    ],
)
def test_a_name_in_any_language_or_a_code_finds_it(browser: Browser, built: Project, text: str, found: str) -> None:
    page = opened(browser, built, "en/EGDI/value/line/2024/KAZ")
    page.locator("#add").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_function("() => location.hash.includes(',')")
    assert hash_of(page) == f"en/EGDI/value/line/2024/KAZ,{found}"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("xx", "“xx” is not a language of this page."),
        ("en/NOWHERE", "“NOWHERE” is neither a country nor an indicator of this release."),
        ("en/EGDI/beauty", "“beauty” is not a measure of this indicator."),
        ("en/EGDI/value/pie", "“pie” is not a view of this page."),
        ("en/EGDI/value/line/1999", "This indicator has no figures for “1999”."),
        ("en/EGDI/value/line/2024/KAZ,ATLANTIS", "“ATLANTIS” is not the code of a country or a group of this release."),
        (
            "en/EGDI/value/line/2024/KAZ,GEO,TUV,AUT,CHE,LIE,NPL",
            "The address names 7 countries and groups. Expected: six at most.",
        ),
        ("en/GEO/foo", "“foo” is more than an address of this page holds."),
        ("en/EGDI/value/line/2024/KAZ/foo", "“foo” is more than an address of this page holds."),
        ("en/%E0%A4%A", "“%E0%A4%A” is neither a country nor an indicator of this release."),
    ],
)
def test_an_unknown_address_gets_a_clear_message(browser: Browser, built: Project, address: str, says: str) -> None:
    page = opened(browser, built, address)
    expect(page.get_by_role("alert")).to_contain_text(says)
    page.get_by_role("link", name="Open the standard view").click()
    expect(page.get_by_role("heading", name=EGDI["en"])).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("indicator", "period"),
    [("EGDI", "2024"), ("EGDI", "2003"), ("INTERNET_USERS", "2022"), ("WGI_CC", "2019"), ("GTMI", "2025")],
)
def test_the_rows_to_download_equal_the_database(
    browser: Browser, built: Project, release: duckdb.DuckDBPyConnection, indicator: str, period: str
) -> None:
    page = opened(browser, built, f"en/{indicator}/value/bars/{period}/KAZ,GEO")
    page.locator(MARKS).first.wait_for(state="attached")
    rows = csv_of(page)
    stored = release.execute(
        """select country_code, value, coalesce(published_rank, rank_by_value), obs_status_code, source_code from reports.rpt_index_values
        where indicator_code = ? and period_code = ?""",
        [indicator, period],
    ).fetchall()
    expected = {
        code: (plain(value) or "", plain(rank) if value is not None else "", status, source)
        for code, value, rank, status, source in stored
    }
    assert {
        row["code"]: (row["value"], row["rank"], row["obs_status_code"], row["source_code"])
        for row in rows
        if row["obs_status_code"]
    } == expected
    assert all(row["value"] == "" for row in rows if row["code"] not in expected)
    assert len(rows) == release.execute("select count(*) from marts.dim_countries").fetchall()[0][0]
    assert {row["rank_kind"] for row in rows if row["rank"]} == {"published" if indicator == "EGDI" else "by value"}


@pytest.mark.browser
def test_the_buttons_save_and_copy(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "ru/EGDI/value/map/2024/KAZ,GEO")
    page.locator(MARKS).first.wait_for(state="attached")
    for action, starts in (("svg", b"<svg"), ("png", b"\x89PNG")):
        with page.expect_download() as download:
            page.locator(f"[data-action={action}]").click()
        saved = Path(download.value.path()).read_bytes()
        assert saved.startswith(starts)
        assert len(saved) > 20_000
        assert b"var(--" not in saved, "colours must not depend on the page"
    browser.context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = "explore.html#ru/EGDI/value/map/2024/KAZ,GEO"
    for action, holds in (("link", f"file://{built.current.resolve()}/report/"), ("cite", built.current.readlink().name)):
        page.locator(f"[data-action={action}]").click()
        expect(page.locator(".said")).not_to_be_empty()
        copied = page.evaluate("() => document.querySelector('.said input')?.value ?? navigator.clipboard.readText()")
        assert holds in copied
        assert copied.endswith(address)
        assert (action == "cite") == ("file:" not in copied), "the folder of this computer leads nobody else to the figure"


@pytest.mark.browser
def test_an_indicator_without_a_figure_says_so(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/EGDI")
    page.locator("#indicator").select_option("MOBILE_COVERAGE_1C")
    expect(page.get_by_role("note")).to_contain_text("The release has no figure of this indicator")
    assert hash_of(page) == "en/MOBILE_COVERAGE_1C/value/line/2023/KAZ,central_asia,world"
    page.reload()
    expect(page.get_by_role("note")).to_contain_text("The release has no figure of this indicator")


@pytest.mark.browser
def test_a_period_of_few_figures_compares_nobody(browser: Browser, built: Project, release: duckdb.DuckDBPyConnection) -> None:
    known = dict(
        release.execute(
            "select period_code, count(value) from reports.rpt_index_values where indicator_code = 'INTERNET_USERS' group by 1"
        ).fetchall()
    )
    assert known["2024"] < known["2023"] / 2, "the sources have 2024 for few countries only"
    page = opened(browser, built, "en/EGDI/value/bars/2024/DNK")
    page.locator("#indicator").select_option("INTERNET_USERS")
    page.wait_for_function("() => location.hash.includes('INTERNET_USERS')")
    assert hash_of(page) == "en/INTERNET_USERS/value/bars/2023/DNK"
    page = opened(browser, built, "en/DNK")
    row = page.locator("#ranks tr", has_text="Individuals using the Internet").first.locator("td")
    assert row.all_inner_texts() == ["2024", "99.8%", f"11 / {known['2023']} (2023)"]


@pytest.mark.browser
def test_the_colours_of_counts_are_named_by_their_counts(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/value_added_tax_return.all/value/map/2021-A1/KAZ")
    page.locator(MARKS).first.wait_for(state="attached")
    steps = [text for text in page.locator(".chart svg text").all_text_contents() if re.fullmatch(r"[\d,]+ – [\d,]+", text)]
    bounds = [int(bound.replace(",", "")) for step in steps for bound in step.split(" – ")]
    assert len(steps) == 5
    assert bounds == sorted(bounds)
    counts = [int(row["value"]) for row in csv_of(page) if row["value"]]
    assert (bounds[0], bounds[-1]) == (min(counts), max(counts))


@pytest.mark.browser
def test_what_is_missing_is_neither_zero_nor_bridged(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/EGDI/value/line/2024/PRK,TUV")
    page.locator(MARKS).first.wait_for(state="attached")
    labels = page.locator(MARKS).evaluate_all("marks => marks.map(mark => mark.getAttribute('aria-label'))")
    missing = [label for label in labels if "no figure" in label]
    assert [label[:41] for label in missing if label.startswith("Dem")] == [
        f"Democratic People's Republic of Korea, {year}"[:41] for year in (2003, 2004, 2005, 2008, 2010)
    ]
    assert all("The thing could have been measured and was not" in label or "The source" in label for label in missing), missing
    assert not any(re.search(r", \d{4}: 0(;|$)", label) for label in labels)
    assert len(labels) == 2 * 12 + 11, "each figure, each missing figure and each change of method has one mark"
    # Tuvalu has a figure for 2005 only before 2012: its line has two pieces, the first of which is a point
    lines = page.locator(".chart svg g.mark-line path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('d').split('M').length - 1)"
    )
    assert sorted(lines) == [1, 2]
    page.evaluate("location.hash = '#en/EGDI/value/table/2024/PRK'")
    expect(page.locator("td.absent")).to_have_count(5)
    page.evaluate("location.hash = '#en/EGDI/value/bars/2003/PRK,KAZ'")
    expect(page.locator(".chart svg")).to_contain_text("Democratic People's Republic of Korea: no figure")
    assert next(row for row in csv_of(page) if row["code"] == "PRK")["value"] == ""


@pytest.mark.browser
def test_values_come_by_mouse_by_tap_and_by_keyboard(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/EGDI/value/line/2024/KAZ")
    tip, said = page.locator(".tip"), "Kazakhstan, 2024: 0.90093; place 24 of 193, as published"
    mark = page.locator(f'{MARKS}[aria-label^="Kazakhstan, 2024"]')
    mark.hover(force=True)
    expect(tip).to_have_text(said)
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    mark.dispatch_event("click")
    expect(tip).to_have_text(said)
    page.locator(".chart").focus()
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("Kazakhstan, 2003")
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("Kazakhstan, 2004")
    page.keyboard.press("End")  # changes of method come after the figures
    expect(tip).to_contain_text("2024: the method changed.")
    page.keyboard.press("Home")
    expect(tip).to_contain_text("Kazakhstan, 2003")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


@pytest.mark.browser
def test_the_map_has_a_mark_for_every_member(browser: Browser, built: Project, release: duckdb.DuckDBPyConnection) -> None:
    page = opened(browser, built, "en/EGDI/value/map/2024/KAZ")
    page.locator(MARKS).first.wait_for(state="attached")
    labels = page.locator(MARKS).evaluate_all("marks => marks.map(mark => mark.getAttribute('aria-label'))")
    members = [name for (name,) in release.execute("select name_en from marts.dim_countries where is_un_member").fetchall()]
    assert len(members) == 193
    for name in members:
        assert sum(label.startswith(f"{name}, 2024: 0") for label in labels) == 1, name
    assert page.locator(".chart svg text", has_text="no figure").count() == 1, (
        "the legend must name the colour of what is missing"
    )


@pytest.mark.browser
def test_a_mean_without_a_place_is_no_missing_figure(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/EGDI/rank/table/2024/KAZ,world")
    expect(page.locator("tbody td.absent")).to_have_text(["a mean has no place"] * 12)
    assert page.locator("details.missing").count() == 0


@pytest.mark.browser
def test_the_standard_view_has_its_whole_address(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "kk")
    page.locator(MARKS).first.wait_for(state="attached")
    assert hash_of(page) == "kk/EGDI/value/line/2024/KAZ,central_asia,world"


@pytest.mark.browser
def test_a_figure_is_rounded_as_everywhere(browser: Browser, built: Project, release: duckdb.DuckDBPyConnection) -> None:
    ties = release.execute(
        """select country_code, value from reports.rpt_index_values
        where indicator_code = 'EGDI' and period_code = '2024' and cast(value as decimal(7, 5))::varchar like '%5' order by 1 limit 4"""
    ).fetchall()
    assert len(ties) == 4
    for country, value in ties:
        page = opened(browser, built, f"ru/{country}")
        expect(page.locator("#ranks tr").nth(1).locator("td").nth(1)).to_have_text(written_number(value, 4, "ru").rstrip("0"))


@pytest.mark.browser
def test_the_page_of_a_country_tells_what_is_known(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/KAZ")
    page.locator(MARKS).first.wait_for(state="attached")
    assert page.locator("#ranks tr", has_text="E-Government Development Index").locator("td").all_inner_texts() == [
        "2024",
        "0.9009",
        "24 / 193*",
    ]
    assert page.locator("#neighbours tr").filter(has_text="Uzbekistan").count() == 1
    assert page.locator("#claims li").count() == 63
    assert page.locator("#usage").get_by_text("Address certificate").count() > 0
    assert page.locator("#usage tr", has_text="1,461,418").locator("td").first.inner_text() == "2019 (likely January 2019)"
    expect(page.locator("#over-time figure")).to_have_count(2)
    page = opened(browser, built, "en/TWN")
    expect(page.locator("main")).to_contain_text("Not a member of the United Nations.")
    expect(page.locator("#claims")).to_contain_text("No claim of the article names this country.")


@pytest.mark.browser
def test_on_paper_the_heading_is_dark_and_the_switches_go(browser: Browser, built: Project) -> None:
    page = opened(browser, built, "en/KAZ")
    page.locator(MARKS).first.wait_for(state="attached")
    page.emulate_media(media="print")
    # browsers print no backgrounds: white letters on a dark band would vanish
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(23, 36, 47)"
    assert page.locator(".controls:visible, .picker:visible, .toolbar:visible, nav:visible").count() == 0
    assert page.locator("figure .chart:visible svg").count() == 2


@pytest.mark.browser
@pytest.mark.parametrize("language", EGDI)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nobody_is_shut_out(browser: Browser, built: Project, language: str, scheme: str, size: dict[str, int]) -> None:
    page = opened(browser, built, language)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size(size)  # type: ignore[arg-type]
    for view in (VIEWS[0], VIEWS[2], VIEWS[5], "EGDI/value/table/2024/KAZ", "KAZ", "NOWHERE"):
        page.evaluate("address => location.hash = address", f"#{language}/{view}")
        page.locator("main figure .chart svg, main table, main .wrong").first.wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        if page.locator("#add").count():
            page.locator("#add").fill("а")
        found = Axe().run(page, options=RULES).response["violations"]
        assert [(view, rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []
