"""The report in a browser: it is complete without a network, available in three languages, and accessible."""

from __future__ import annotations

import csv
import io
import re
import time
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pipelines.project import Project
from tests.conftest import Browser

LANGUAGES = {"en": "Six findings", "ru": "Шесть главных выводов", "kk": "Алты негізгі қорытынды"}
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
MARKS = "svg g.mark-symbol > *, svg g.mark-rect > *, svg g.mark-rule:not(.role-axis-grid) > *"

pytestmark = pytest.mark.browser


def opened(browser: Browser, project: Project, heard: list[str], language: str = "en") -> Page:
    """Open the report from disk as a reader would; `heard` collects console messages and requests of the page."""
    page = browser.context.new_page()
    page.on("console", lambda message: heard.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: heard.append(f"error: {error}"))
    page.on("request", lambda request: heard.append(f"request: {request.url}"))
    page.goto(f"file://{project.current.resolve()}/report/index.html#{language}")
    return page


def test_it_loads_nothing_and_says_nothing(browser: Browser, built: Project) -> None:
    heard: list[str] = []
    started = time.monotonic()
    page = opened(browser, built, heard)
    page.locator("figure .chart:visible svg").first.wait_for(timeout=5000)
    assert time.monotonic() - started < 5
    for language in LANGUAGES:
        page.get_by_role("navigation").get_by_role(
            "link", name={"en": "English", "ru": "Русский", "kk": "Қазақша"}[language]
        ).click()
    assert [line for line in heard if not line.startswith("request: file:")] == []
    assert len(heard) == 1, "the page itself must be the only request"
    assert browser.outside == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_chart_has_marks_and_fits(browser: Browser, built: Project, language: str, size: dict[str, int]) -> None:
    page = opened(browser, built, [], language)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("main:visible").count() == 1
    assert page.get_by_role("heading", name=LANGUAGES[language], exact=True).is_visible()
    figures = page.locator("main:visible figure")
    assert figures.count() == 10
    for figure in figures.all():
        charts = figure.locator(".chart:visible")
        assert charts.count() == 1, "there must be one chart for this width"
        assert charts.locator(MARKS).count() > 0, figure.get_attribute("id")
        assert page.evaluate("chart => chart.scrollWidth <= chart.clientWidth + 1", charts.element_handle())
        source = figure.locator(".source").inner_text()
        assert built.current.readlink().name in source
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "nothing may overflow horizontally"
    cut = page.evaluate(
        """() => [...document.querySelectorAll("main:not([hidden]) figure .chart svg text")].filter(text => {
            if (!text.checkVisibility() || !text.textContent.trim()) return false;
            const [inner, outer] = [text, text.closest("figure")].map(element => element.getBoundingClientRect());
            return inner.left < outer.left || inner.right > outer.right;
        }).map(text => text.textContent)"""
    )
    assert cut == [], "text of a chart overflows its frame"


def test_the_switch_works_by_keyboard_and_keeps_the_place(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("html").get_attribute("lang") == "ru"
    assert page.title() == "Электронное правительство Казахстана в опубликованных цифрах"
    assert page.locator("nav.languages a[aria-current]").inner_text() == "Русский"
    page.locator("main:visible nav a").nth(2).click()
    assert page.locator("html").get_attribute("lang") == "ru"
    assert page.url.endswith("#ru-claims")
    page.keyboard.press("Tab")
    page.locator("#ru-rank summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#ru-rank details table").is_visible()


def test_the_contents_stay_in_sight_and_cover_nothing(browser: Browser, built: Project) -> None:
    for size in (DESKTOP, PHONE):
        page = opened(browser, built, [])
        page.emulate_media(reduced_motion="reduce")
        page.set_viewport_size(size)  # type: ignore[arg-type]
        page.goto(page.url.split("#")[0] + "#en-gaps")
        heading, contents = page.locator("#en-gaps h2"), page.locator("main:visible .contents")
        page.locator("main:visible .contents a[aria-current]", has_text="What is missing").wait_for(timeout=5000)
        assert contents.locator("a").first.is_visible()
        box, bar = heading.bounding_box(), contents.bounding_box()
        assert box
        assert bar
        assert 0 <= bar["y"] < 100
        assert bar["x"] + bar["width"] <= box["x"] or bar["y"] + bar["height"] <= box["y"], (
            "the contents must not cover a heading"
        )


def test_a_mark_says_what_it_is(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.locator('#en-rank .wide [aria-label^="2024"]').hover()
    assert page.locator(".tip").inner_text() == "2024: 24 / 193"
    state = page.locator('#en-standing .wide [aria-label^="Georgia: 0."]').first
    state.hover(force=True)
    assert page.locator(".tip").inner_text() == state.get_attribute("aria-label"), "a state must be named"


def test_the_arrow_keys_read_the_values(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.locator("#en-rank .chart.wide").focus()
    heard = []
    for key in ("Home", "ArrowRight", "ArrowLeft", "End", "ArrowRight"):
        page.keyboard.press(key)
        heard.append(page.locator(".heard").text_content())
        assert page.locator(".tip").inner_text() == heard[-1]
    assert heard == ["2003: 83 / 173", "2004: 69 / 178", "2003: 83 / 173", "2024: 24 / 193", "2024: 24 / 193"]
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()
    page.locator("#en-value .chart.wide").focus()
    page.keyboard.press("Home")
    low = page.locator(".heard").text_content()
    page.keyboard.press("ArrowUp")
    high = page.locator(".heard").text_content()
    assert low
    assert high
    assert low.split(", ")[1][:4] == high.split(", ")[1][:4], "up leads to another line in the same edition"
    assert float(high.rpartition(" ")[2]) > float(low.rpartition(" ")[2])


def test_a_tap_reads_a_value(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    mark = page.locator('#en-rank .narrow [aria-label^="2024"]')
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box
    page.mouse.move(5, 5)
    page.evaluate(
        """([x, y]) => document.elementFromPoint(x, y).dispatchEvent(
            new PointerEvent("click", { clientX: x, clientY: y, pointerType: "touch", bubbles: true }))""",
        [box["x"] + box["width"] + 8, box["y"] + 10],
    )
    assert page.locator(".tip").inner_text() == "2024: 24 / 193", "a finger may miss a mark by a little"


@pytest.mark.parametrize(
    ("language", "share", "count"), [("en", "0.9009", "16,238,572"), ("ru", "0,9009", "16\u00a0238\u00a0572")]
)
def test_the_buttons_give_what_is_shown(browser: Browser, built: Project, language: str, share: str, count: str) -> None:
    page = opened(browser, built, [], language)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    assert page.locator("main:visible figure .toolbar").count() == 10
    figure = page.locator(f"#{language}-rank")
    assert share in (figure.locator("table").text_content() or "")

    def saved(where: str, action: str) -> tuple[str, bytes]:
        with page.expect_download() as waiting:
            page.locator(f"#{language}-{where} .toolbar [data-action={action}]").click()
        return waiting.value.suggested_filename, waiting.value.path().read_bytes()

    name, content = saved("rank", "csv")
    assert name == f"egov-{language}-rank.csv"
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[:4] for row in rows if row[0] == "2024"] == [["2024", "24", "193", "0.9009"]], "numbers in a file are plain"
    content = saved("services_by_month", "csv")[1]
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert any(row[3] == "16238572" and row[7] == "16,238,572" for row in rows), "what was printed stays as printed"
    assert any(row[3] == "" and row[7] == "н.д." for row in rows), "a missing figure is an empty cell"
    assert count in (page.locator(f"#{language}-services_by_month table").text_content() or "")
    picture = ElementTree.fromstring(saved("rank", "svg")[1])
    said = " ".join(picture.itertext())
    assert (figure.locator("h3").text_content() or "") in said.replace("  ", " ")
    assert built.current.readlink().name in said
    assert "var(" not in ElementTree.tostring(picture, encoding="unicode")
    assert saved("rank", "png")[1].startswith(b"\x89PNG")
    browser.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for action, ends in (("link", f"report/index.html#{language}-rank"), ("cite", f" index.html#{language}-rank")):
        figure.locator(f"[data-action={action}]").click()
        figure.locator(".said:not(:empty)").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.endswith(ends)
        assert (action == "cite") == (built.current.readlink().name in copied.replace(page.url.split("#")[0], ""))


def test_claims_and_doubts_can_be_filtered(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    form, items = page.locator('form[data-list="en-claims-list"]'), page.locator("#en-claims-list .items > li:visible")
    every = page.locator("#en-claims-list .items > li").count()
    assert form.locator("output").inner_text() == f"Shown: {every} of {every}"
    assert items.count() == 3, "only the contradicted claims are open at first"
    form.locator("select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert items.count() == 10
    assert form.locator("output").inner_text() == f"Shown: 10 of {every}"
    form.locator("select").select_option(index=0)
    form.locator("input").fill("  landLOCKED ")
    assert 0 < items.count() < every
    assert all("landlocked" in (text or "").lower() for text in items.all_text_contents())
    form.locator("input").fill("")
    assert items.count() == 3
    doubts, shown = page.locator('form[data-list="en-doubts-list"]'), page.locator("#en-doubts-list .items > li:visible")
    assert shown.count() == 0
    doubts.locator("input").fill("Somalia")
    assert shown.count() > 5
    assert page.locator("#en-doubts-list h4:visible").first.inner_text().startswith("Edition 20")
    doubts.locator("input").fill("nobody says this")
    assert shown.count() == 0
    assert doubts.locator("output").inner_text().startswith("Shown: 0 of ")


def test_without_the_script_everything_can_be_read(browser: Browser, built: Project) -> None:
    page = browser.context.new_page()
    whole = (built.current / "report" / "index.html").read_text(encoding="utf-8")
    page.set_content(re.sub(r"<script>.*?</script>", "", whole, flags=re.DOTALL))
    assert not page.locator("form.filter").first.is_visible()
    groups = page.locator("main:visible details.group")
    assert groups.count() > 15
    for group in groups.all():
        if group.get_attribute("open") is None:
            group.locator("summary").first.click()
    assert page.locator("#en-claims-list .items > li:visible").count() == page.locator("#en-claims-list .items > li").count()
    assert page.locator("#en-doubts-list h4:visible").count() == page.locator("#en-doubts-list h4").count()
    assert page.locator("#en-trail tbody tr:visible").count() > 50


def test_a_table_that_does_not_fit_says_so(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.locator("#en-rank summary").click()
    box = page.locator("#en-rank .scroll.cut")
    box.wait_for()
    assert "goes on to the right" in page.evaluate("box => getComputedStyle(box, '::before').content", box.element_handle())
    page.locator("#en-verdicts summary").click()
    assert page.locator("#en-verdicts .scroll:not(.cut)").count() == 1, "a table that fits must not say that it goes on"


def test_a_copied_label_keeps_its_blanks(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    copied = page.evaluate("document.querySelector('#en-parts .wide').textContent")
    assert "Telecommunication Infrastructure Index" in copied


# What stands in code elements is for those who query the tables, and what was printed stays as printed.
LICENCES = re.compile(r"CC[ -]BY[ -]4\.0|ODC-PDDL-1\.0|ODbL-1\.0")
CODES = re.compile(r"\b(?:[a-z]+_[a-z_]+\d*|[A-Z]+_[A-Z_]+|KAZ|AUT|SOM|Not stated)\b|\d{4}-\d{2}\b")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_stands_before_a_reader(browser: Browser, built: Project, language: str) -> None:
    page = opened(browser, built, [], language)
    said = page.evaluate(
        """() => {
            document.querySelectorAll("details").forEach(each => each.open = true);
            document.querySelectorAll("code, q, .printed, .source, footer").forEach(each => each.remove());
            return [document.querySelector("main:not([hidden])").innerText,
                ...[...document.querySelectorAll("main:not([hidden]) svg [aria-label]")].map(mark => mark.getAttribute("aria-label"))
            ].join("\\n");
        }"""
    )
    assert set(CODES.findall(said)) <= ({"Not stated"} if language == "en" else set()) | {"EGOV_DATA_"}
    if language != "en":
        assert not re.search(r"(?<![\d.])\d+\.\d+(?![\d.])|\d%", LICENCES.sub("", said)), (
            "numbers must be in the format of the language"
        )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nobody_is_shut_out(browser: Browser, built: Project, language: str, scheme: str, size: dict[str, int]) -> None:
    page = opened(browser, built, [], language)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    found = Axe().run(page, options=RULES).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found] == []


def test_on_paper_the_pictures_stay_and_the_switches_go(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.emulate_media(media="print")
    assert page.locator("main:visible figure .chart:visible svg").count() == 10
    assert not page.locator("nav.languages").is_visible()
    assert (
        page.locator("main:visible .toolbar:visible, main:visible .filter:visible, main:visible .contents:visible").count() == 0
    )
    claims = page.locator("#en-claims-list .items > li")
    assert [claim.is_visible() for claim in claims.all()] == [True] * claims.count(), "each claim stands under its verdict"
    assert page.evaluate("getComputedStyle(document.querySelector('.swatch')).printColorAdjust") == "exact"
    assert len(page.pdf()) > 20_000


def test_lineage_and_codebook_ask_for_nothing_else(browser: Browser, built: Project) -> None:
    for name in ("docs/index.html", "codebook.html"):
        page = browser.context.new_page()
        page.goto(f"file://{built.current.resolve()}/{name}")
        page.wait_for_timeout(1000)
        assert page.get_by_text("dim_countries").count() > 0, name
    assert browser.outside == []
