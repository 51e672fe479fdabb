"""Markup and scripts in every text that others write: nothing runs, nothing is fetched, and the text is shown as text.

The tests open the release of a hostile project (hostile.py) in a browser, page by page, and read its files back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from playwright.sync_api import ConsoleMessage, Dialog, Page

from pipelines.products import sdmx
from pipelines.products.pages import figures, is_web_address
from pipelines.products.report import DOUBTED
from pipelines.project import Project
from pipelines.releases import connect
from tests.conftest import Browser
from tests.products import test_products, test_workbook
from tests.products.hostile import PAYLOADS, assert_harmless, squeezed

# Expected console messages: from dbt's page when it is opened from disk, and about a picture that the policy blocked.
EXPECTED = re.compile(r"Unsafe attempt to load URL|Loading the image 'https://evil\.example/[^']*' violates")


@dataclass
class Watched:
    """A page of a release, with the dialogs, console messages and errors since it was opened."""

    page: Page
    heard: list[str] = field(default_factory=list)

    def listen(self) -> None:
        def dialog(opened: Dialog) -> None:
            self.heard.append(f"dialog: {opened.message}")
            opened.dismiss()

        def console(message: ConsoleMessage) -> None:
            if not EXPECTED.match(message.text):
                self.heard.append(f"console: {message.text[:300]}")

        self.page.on("dialog", dialog)
        self.page.on("console", console)
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))

    def assert_harmless(self) -> None:
        """Check that no payload has run, can still run, has become an element, or caused a message."""
        assert_harmless(self.page)
        assert len(self.page.frames) == 1
        assert self.heard == []

    def text(self) -> str:
        return squeezed(self.page.locator("body").inner_text())


def opened(browser: Browser, project: Project, path: str) -> Watched:
    watched = Watched(browser.context.new_page())
    watched.listen()
    watched.page.set_viewport_size({"width": 1280, "height": 1000})
    watched.page.goto(f"file://{project.current.resolve()}/{path}")
    return watched


def texts(project: Project, *queries: str) -> list[str]:
    """The texts with a payload that these queries find in a release; they must include every kind of payload."""
    with connect.connect(project.published_file) as release:
        found = [row[0] for query in queries for row in release.execute(query).fetchall()]
    found = [text for text in found if any(payload in text for payload in PAYLOADS)]
    assert [payload for payload in PAYLOADS if not any(payload in text for text in found)] == []
    return found


IN_REPORT = (
    "select statement from reports.rpt_claims",
    # the note of one claim names indicators, and so has a translation
    "select note from reports.rpt_claims where note is not null and claim_code <> 'rank_gradual_rise'",
    # a reading that is the name of an indicator has a translation, too
    f"""select unnest([reading, note]) from reports.rpt_discrepancies
    where source_code in {DOUBTED} and reading not in (select name_en from marts.dim_indicators)""",
    "select title_en from marts.fct_policy_events",
    "select title from marts.dim_sources union select publisher from marts.dim_sources union select licence from marts.dim_sources",
    f"select printed_text from reports.rpt_discrepancies where printed_text is not null and source_code in {DOUBTED}",
)
IN_CODEBOOK = (
    "select description from meta.dictionary union select unit from meta.dictionary where unit is not null",
    "select name_en from marts.dim_countries union select region_name from marts.dim_countries where region_name is not null",
    "select name_en from marts.dim_indicators union select definition from marts.dim_indicators",
    "select name_en from marts.dim_services",
    "select title from marts.dim_sources union select publisher from marts.dim_sources",
)


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_report_shows_hostile_text_as_text(browser: Browser, attacked: Project, language: str) -> None:
    watched = opened(browser, attacked, f"report/index.html#{language}")
    page = watched.page
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    shown = watched.text()
    said = (lambda text: figures.in_text(text, "en")) if language == "en" else str  # what has no translation stays as it is
    names = f"select name_{language} from marts.dim_countries join reports.rpt_country_profile using (country_code) where egdi is not null"
    every = texts(attacked, *IN_REPORT, names)
    assert [text for text in every if squeezed(said(text)) not in shown and squeezed(text) not in shown] == []
    marks = page.locator(f"main:visible figure .wide svg [aria-label*='owned'], #{language}-events .wide svg [aria-label]")
    tips = set()
    for mark in marks.all()[:60]:
        mark.hover(force=True)
        tips.add(page.locator(".tip").text_content())
    assert any("owned" in (text or "") for text in tips), "the label of a mark must be shown"
    assert all(address.startswith(("https://", "../", "#", "explore.html#")) for address in page.locator("a").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    ))  # fmt: skip
    watched.assert_harmless()
    assert browser.outside == []


@pytest.mark.browser
@pytest.mark.parametrize("language", ["en", "ru", "kk"])
def test_the_explorer_shows_hostile_text_as_text(browser: Browser, attacked: Project, language: str) -> None:
    watched = opened(browser, attacked, f"report/explore.html#{language}/EGDI/value/line/2024/KAZ,GEO,TUV,world")
    page = watched.page
    seen = set()
    for view in (
        "EGDI/value/line/2024/KAZ,GEO,TUV,world",
        "EGDI/rank/bars/2003/PRK,AUT",
        "WGI_CC/value/map/2019/KAZ",
        "KAZ",
        "CAN",
        "TUV",
    ):
        page.evaluate("address => location.hash = address", f"#{language}/{view}")
        page.locator(".chart svg [role='graphics-symbol'][aria-label]").first.wait_for(state="attached")
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        if page.locator("#add").count():
            page.locator("#add").fill("a")
        for mark in page.locator(".chart svg [role='graphics-symbol'][aria-label*='owned']").all()[:5]:
            mark.dispatch_event("click")
            assert "owned" in page.locator(".tip").inner_text()
        shown = watched.text() + squeezed(" ".join(page.locator("svg text, option, .tip").all_text_contents()))
        seen |= {payload for payload in PAYLOADS if squeezed(payload) in shown}
        watched.assert_harmless()
        assert all(address.startswith(("#", "index.html#", "../codebook.html")) for address in page.locator("a").evaluate_all(
            "links => links.map(link => link.getAttribute('href'))"
        ))  # fmt: skip
    assert seen == set(PAYLOADS)
    page.evaluate("location.hash = `#en/${encodeURIComponent('<img src=x onerror=window.owned=1>')}`")
    page.get_by_role("alert").wait_for()
    assert "<img src=x onerror=window.owned=1>" in watched.text()
    watched.assert_harmless()
    assert browser.outside == []


@pytest.mark.browser
def test_the_codebook_shows_hostile_text_as_text(browser: Browser, attacked: Project) -> None:
    watched = opened(browser, attacked, "codebook.html")
    shown = watched.text()
    assert [text for text in texts(attacked, *IN_CODEBOOK) if squeezed(text) not in shown] == []
    watched.assert_harmless()
    assert browser.outside == []


@pytest.mark.browser
def test_dbts_page_shows_hostile_text_as_text_and_works(browser: Browser, attacked: Project) -> None:
    manifest = json.loads((attacked.root / "target" / "manifest.json").read_text(encoding="utf-8"))
    described = {
        f"{node['resource_type']}/{key}": node["description"]
        for key, node in (manifest["nodes"] | manifest["sources"]).items()
        if node["resource_type"] in ("model", "source")
    }
    # one page for each payload that a description contains, and the pages of a test and a macro
    pages = {next((path for path, text in described.items() if payload in text), ""): payload for payload in PAYLOADS} | {
        next(f"test/{key}" for key in manifest["nodes"] if key.startswith("test.")): "",
        next(f"macro/{key}" for key in manifest["macros"] if key.startswith("macro.egov.")): "",
    }
    watched = opened(browser, attacked, "docs/index.html")
    page = watched.page
    page.locator(".app-frame").first.wait_for()
    seen = set()
    for path in filter(None, pages):
        page.evaluate("path => location.hash = `#!/${path}`", path)
        name = path.rpartition(".")[2] if not path.startswith("test/") else path.split(".")[2]
        page.locator("h1", has_text=name).first.wait_for(timeout=20_000)
        page.wait_for_timeout(300)
        shown = watched.text()
        seen |= {payload for payload in PAYLOADS if squeezed(payload) in shown}
        watched.assert_harmless()
    # dbt renders descriptions as Markdown, so links, pictures and entities no longer appear literally
    assert {payload for payload in PAYLOADS if "<" in payload or "{" in payload} <= seen

    page.evaluate("location.hash = '#!/model/model.egov.dim_countries'")
    for query in ("owned", "evil.example", "onerror"):
        page.locator("#search").fill(query)
        page.locator(".search-result-match:visible").first.wait_for()
        shown = watched.text()
        assert any(squeezed(payload) in shown for payload in PAYLOADS if query in payload and "<" in payload)
        watched.assert_harmless()

    lineage = opened(browser, attacked, "docs/index.html#!/model/model.egov.dim_countries?g_v=1")
    lineage.page.wait_for_function(
        """() => [...document.querySelectorAll('canvas')].some(canvas =>
            canvas.width && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value))"""
    )
    lineage.assert_harmless()
    assert browser.outside == []


@pytest.mark.parametrize(
    "check",
    [
        test_products.test_every_table_is_there_in_both_formats,
        test_products.test_sdmx_can_be_read_against_its_structure,
        test_products.test_the_codebook_holds_the_whole_dictionary,
        test_workbook.test_every_cell_is_that_of_the_database,
    ],
)
def test_files_hold_hostile_text_exactly(attacked: Project, check: Callable[..., None]) -> None:
    with connect.connect(attacked.published_file) as release:
        check(attacked, release)


def test_the_data_package_is_valid_with_hostile_text(attacked: Project) -> None:
    test_products.test_the_data_package_is_valid(attacked)
    test_products.test_every_product_names_its_release(attacked)


def test_sdmx_says_the_names_as_they_are(attacked: Project) -> None:
    structure = ElementTree.parse(attacked.current / "sdmx" / "structure.xml")
    said = {element.text for element in structure.iter() if element.tag.endswith("}Name")}
    assert set(texts(attacked, "select name_en from marts.dim_countries")) <= said


def test_sdmx_holds_no_character_that_xml_forbids() -> None:
    assert (
        sdmx.xml_text("a\x00\x0b\x1b[2J\x07\ufffe\ud800b\t\n é\U0001f30d\u2028")
        == "a\ufffd\ufffd\ufffd[2J\ufffd\ufffd\ufffdb\t\n é\U0001f30d\u2028"
    )
    every = "".join(map(chr, range(0x110000)))
    ElementTree.fromstring(f"<text>{escape(sdmx.xml_text(every))}</text>")


def test_descriptions_can_stand_in_a_page(attacked: Project) -> None:
    for name in ("datapackage.json", "dcat.jsonld"):
        written = (attacked.current / name).read_text(encoding="utf-8")
        assert "<" not in written, "no text may end the script element that a catalog puts it into"
        assert "</script>" in json.dumps(json.loads(written))


@pytest.mark.parametrize("name", ["report/index.html", "report/explore.html", "codebook.html", "docs/index.html"])
def test_a_page_may_run_its_own_scripts_only(built: Project, attacked: Project, name: str) -> None:
    pages = [(project.current / name).read_text(encoding="utf-8") for project in (built, attacked)]
    said, again = ([*re.finditer(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)] for page in pages)
    assert said[0][1] == again[0][1], "the allowed scripts must not depend on the data"
    assert len(said) == 1
    assert pages[0].index("<script") > said[0].start() if "<script" in pages[0] else True
    rules = dict(rule.split(" ", 1) for rule in said[0][1].split("; "))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch("'none'|'sha256-[A-Za-z0-9+/]{43}='( 'sha256-[A-Za-z0-9+/]{43}=')?", rules["script-src"])
    assert {"base-uri", "form-action"} <= rules.keys()


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("https://example.org/a", True), ("HTTP://example.org", True), ("javascript:window.owned=1", False), (None, False),
        (" javascript:alert(1)", False), ("java\nscript:alert(1)", False), ("data:text/html,x", False), ("file:///etc/passwd", False),
        ("//evil.example", False), ("javascript://https://example.org/%0aalert(1)", False), ("", False),
    ],
)  # fmt: skip
def test_a_link_leads_to_the_web_or_nowhere(text: str | None, leads: bool) -> None:
    assert is_web_address(text) is leads
