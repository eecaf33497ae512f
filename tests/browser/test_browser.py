"""The pages in a real browser: one gets from today to a CSV file, by pointer or keyboard, light or dark, on any screen.

Needs Playwright and a Chromium: `make browser`. With MONITOR_SCREENSHOTS a picture of each page is left in that folder.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from monitor.archive import open_archive
from tests.archive.builders import an_outcome as outcome_of
from tests.archive.builders import fill, found, numbered
from tests.factories import NOW
from tests.web.serving import served
from tests.web.test_pages import SETTINGS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright", reason="Playwright is not installed: make browser")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium: apt-get install chromium")

SCREENS = {"phone": (390, 844), "desk": (1280, 900)}
LOOKS = [(screen, scheme) for screen in SCREENS for scheme in ("light", "dark")]
PAGES = {
    "today": "/",
    "search": "/search?q=ukraine",
    "counts": "/search?q=Texte&counts=1",
    "rules": "/rules",
    "rule": "/rules/ukraine?try=OTAN&days=30",
    "story": "/stories/1",
    "article": "/articles/1",
    "arabic": "/articles/5",
    "feeds": "/feeds",
    "feed": "/feeds/gazette",
    "failing": "/feeds/down",
    "questions": "/questions",
    "tables": "/archive",
    "sql": "/archive?sql=SELECT+title,+link+FROM+articles",
    "refused": "/archive?sql=DELETE+FROM+articles",
    "question": "/archive/mentions-by-day?word=ukraine&since=90d",
    "table": "/archive/v_articles?_facet=language",
    "row": "/archive/articles/1",
    "nowhere": "/nowhere",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "feeds.yaml").write_text(SETTINGS)
    with closing(open_archive(str(folder / "archive.db"), now=NOW)) as archive:
        fill(archive)
        arabic = numbered(5, title="قمة الناتو في أنقرة", text="قال الأمين العام إن OTAN ستدعم أوكرانيا.\nفقرة ثانية.")
        told = found(arabic, rules=("ukraine",))
        assert told.language is not None
        archive.record(outcome_of(replace(told, language=replace(told.language, language="ar"))))
    with served(folder / "archive.db", folder / "feeds.yaml") as client:
        yield f"http://127.0.0.1:{client.port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Window:
    """A page of the browser that notes what it should not have to."""

    def __init__(self, browser: Browser, screen: str = "desk", scheme: Any = "light", locale: str = "en-GB") -> None:
        width, height = SCREENS[screen]
        self.width = width
        self.faults: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, locale=locale, accept_downloads=True
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.faults.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("request", lambda request: self._look(request.url))

    def _look(self, url: str) -> None:
        if not url.startswith("http://127.0.0.1:"):
            self.faults.append(f"asked {url}")

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize(("screen", "scheme"), LOOKS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everybody(name: str, screen: str, scheme: str, browser: Browser, address: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with Window(browser, screen, scheme) as window:
        window.page.goto(address + PAGES[name])
        if folder := os.environ.get("MONITOR_SCREENSHOTS"):
            window.page.screenshot(path=Path(folder) / f"{name}-{screen}-{scheme}.png", full_page=True)

        # Chromium notes every answer that is no success.
        assert [fault for fault in window.faults if "status of 40" not in fault] == []
        assert window.page.evaluate("document.documentElement.scrollWidth") <= window.width
        found = Axe().run(window.page).response["violations"]
        assert [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found] == []


def test_one_gets_from_today_to_a_csv_file(browser: Browser, address: str, tmp_path: Path) -> None:
    with Window(browser) as window:
        page = window.page
        page.goto(address)
        page.get_by_role("link", name="L’OTAN se réunit").first.click()
        assert page.get_by_role("heading", name="Timeline").is_visible()

        page.get_by_role("main").get_by_role("link", name="L’OTAN se réunit", exact=True).first.click()
        assert page.get_by_role("heading", name="Rules that matched").is_visible()

        page.get_by_role("main").get_by_role("link", name="ukraine", exact=True).first.click()
        assert page.get_by_role("img", name=re.compile("Articles by language. 4 articles")).is_visible()
        page.get_by_text("The numbers as a table").click()
        assert page.get_by_role("cell", name="2026-11-22").is_visible()

        page.get_by_role("navigation", name="Pages").get_by_role("link", name="SQL").click()
        page.get_by_label("SQL").fill("SELECT id, title FROM articles ORDER BY id")
        page.get_by_role("button", name="Run").click()
        assert page.get_by_text("5 rows").is_visible()

        with page.expect_response(re.compile(r"archive\.csv")) as answer:
            page.get_by_role("link", name="CSV").click()
        rows = list(csv.reader(answer.value.text().splitlines()))
        assert rows[0] == ["id", "title"]
        assert rows[1] == ["1", "L’OTAN se réunit"]
        assert window.faults == []


def test_a_query_is_tried_and_another_language_chosen(browser: Browser, address: str) -> None:
    with Window(browser, "phone", "dark", locale="fr-FR") as window:
        page = window.page
        page.goto(f"{address}/rules/ukraine")
        page.get_by_role("textbox", name="Requête").fill("Texte")
        page.get_by_role("button", name="Essayer").click()
        assert page.get_by_text(re.compile("Elle trouve .* articles en 7 jours")).is_visible()

        page.get_by_role("link", name="English").click()
        assert page.get_by_role("heading", name="Try another query").is_visible()
        assert "try=Texte" in page.url
        assert window.faults == []


def test_the_keyboard_is_enough(browser: Browser, address: str) -> None:
    with Window(browser) as window:
        page = window.page
        page.goto(address)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")

        page.goto(f"{address}/search")
        page.locator("#q:focus").wait_for()  # it has the focus by itself, when the browser comes to it
        page.keyboard.type("OTAN")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"q=OTAN"))
        assert page.get_by_role("link", name="L’OTAN se réunit").first.is_visible()
        assert window.faults == []


def test_what_is_read_from_the_right_stands_on_the_right(browser: Browser, address: str) -> None:
    with Window(browser) as window:
        page = window.page
        page.goto(f"{address}/articles/5")
        first = page.locator("article p span").first

        assert first.evaluate("each => getComputedStyle(each).direction") == "rtl"
        assert page.locator("article p span").nth(1).get_attribute("lang") == "ar"
