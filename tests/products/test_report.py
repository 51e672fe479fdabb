"""The report in a browser: it is complete without a network, available in three languages, and accessible."""

from __future__ import annotations

import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from pipelines.project import Project
from tests.conftest import Browser

LANGUAGES = {"en": "Where Kazakhstan stands", "ru": "Где находится Казахстан", "kk": "Қазақстанның орны"}
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


def test_a_mark_says_what_it_is(browser: Browser, built: Project) -> None:
    page = opened(browser, built, [])
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
    page.locator('#en-rank .wide [aria-label^="2024"]').hover()
    assert page.locator(".tip").inner_text() == "2024: 24 / 193"


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
    assert len(page.pdf()) > 20_000


def test_lineage_and_codebook_ask_for_nothing_else(browser: Browser, built: Project) -> None:
    for name in ("docs/index.html", "codebook.html"):
        page = browser.context.new_page()
        page.goto(f"file://{built.current.resolve()}/{name}")
        page.wait_for_timeout(1000)
        assert page.get_by_text("dim_countries").count() > 0, name
    assert browser.outside == []
