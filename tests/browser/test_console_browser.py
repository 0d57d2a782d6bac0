"""The console in Chromium: quick, silent, self-contained, accessible in both themes, by keyboard and on a phone."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from console_world import NOW, Standing, World, incident, pages
from watchkeeper.console import app

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PATHS = [
    "/",
    "/alerts",
    "/alerts/LLMAPIHighErrorRate?provider=anthropic",
    "/alerts/ErrorBudgetBurnRateCritical?slo=availability",
    "/alerts/DatabaseDown",
    "/runbooks/llm-api-high-error-rate",
    "/alerts/NoSuchThing",
]
READY_SECONDS = 5.0
"""Generous: other work shares the machine. bench/console.py prints the figure."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("chromium is missing; get it with: apt-get install chromium libatomic1")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield launched
        launched.close()


@contextmanager
def served(world: World) -> Iterator[str]:
    """The app on a free port, in a thread of its own."""
    import socket

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # from here on nobody is refused, whenever the server begins to answer
    port = int(listener.getsockname()[1])
    settings = uvicorn.Config(app(world.sources(), port=port, pages=pages()), log_level="error", lifespan="off")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


@dataclass
class Seen:
    """What a page did besides showing itself."""

    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: Browser, home: str, *, theme: Literal["light", "dark"] = "light", width: int = 1280, scripts: bool = True
) -> Iterator[tuple[Page, Seen]]:
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=scripts
    )
    seen = Seen()
    page = context.new_page()
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(home) else seen.foreign.append(request.url))
    try:
        yield page, seen
    finally:
        context.close()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_every_page_is_clean(browser: Browser, theme: Literal["light", "dark"], width: int) -> None:
    """Console errors include every breach of the content security policy."""
    with served(incident()) as home, opened(browser, home, theme=theme, width=width) as (page, seen):
        for path in PATHS:
            page.goto(home + path)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path} {theme}\n{found.generate_report()}"
        # the page that is not there answers 404, which the browser reports as it should
        assert [text for text in seen.complaints if "404" not in text] == []
        assert seen.foreign == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "world",
    [
        World(),
        World(down={"Prometheus", "Alertmanager", "inbox"}),
        World(started=NOW - 5, slos={}, measured_ago=None, definitions=None),
        World(remembered={"availability": (NOW - 900, 0.0004)}, watchdog=False),
    ],
    ids=["calm", "down", "starting", "stale"],
)
def test_every_state_is_accessible(browser: Browser, world: World, theme: Literal["light", "dark"]) -> None:
    with served(world) as home, opened(browser, home, theme=theme) as (page, seen):
        page.goto(home)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert seen.complaints == []


def test_the_verdict_is_ready_soon(browser: Browser) -> None:
    with served(incident()) as home, opened(browser, home) as (page, _):
        page.goto(home)
        began = time.monotonic()
        page.goto(home, wait_until="load")
        page.get_by_role("heading", level=1).wait_for()
        assert time.monotonic() - began < READY_SECONDS


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, width: int) -> None:
    with served(incident()) as home, opened(browser, home, width=width) as (page, _):
        for path in PATHS:
            page.goto(home + path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{path}: {wide}"


def test_one_chart_of_the_two_widths_is_shown(browser: Browser) -> None:
    for width, shown in ((390, "narrow"), (1280, "wide")):
        with served(incident()) as home, opened(browser, home, width=width) as (page, _):
            page.goto(home + "/alerts/LLMAPIHighErrorRate")
            visible = page.locator("svg.chart:visible")
            assert visible.count() == 1
            assert shown in (visible.first.get_attribute("class") or "")


def test_the_keyboard_reaches_everything(browser: Browser) -> None:
    with served(incident()) as home, opened(browser, home) as (page, _):
        page.goto(home)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") == "ServiceOutage"
        page.keyboard.press("j")
        assert page.evaluate("document.activeElement.textContent") == "ErrorBudgetBurnRateCritical"
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        page.wait_for_url("**/alerts/ServiceOutage*")
        page.keyboard.press("n")
        page.wait_for_url(home + "/")
        page.keyboard.press("a")
        page.wait_for_url("**/alerts")


def test_focus_is_always_visible(browser: Browser) -> None:
    with served(incident()) as home, opened(browser, home) as (page, _):
        page.goto(home)
        reachable = page.locator("a[href]:visible, button:visible").count()
        outlines = []
        for _ in range(reachable):
            page.keyboard.press("Tab")
            outlines.append(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
        assert set(outlines) == {"solid"}


def test_the_page_follows_the_stack_without_a_reload(browser: Browser) -> None:
    world = World()
    with served(world) as home, opened(browser, home) as (page, seen):
        page.goto(home)
        page.evaluate("window.stillHere = true")
        page.get_by_text("People are well").wait_for()
        world.slos["availability"] = Standing(failing=0.38)
        world.fire("ServiceOutage")
        page.get_by_role("heading", name="People cannot work with the copilot").wait_for()
        assert page.locator("li.alert").count() == 1
        assert page.title().startswith("critical")
        world.firing.clear()
        world.held.clear()
        world.slos["availability"] = Standing()
        page.get_by_text("People are well").wait_for()
        assert page.locator("li.alert").count() == 0
        assert page.evaluate("window.stillHere") is True
        assert seen.complaints == []


def test_a_refresh_keeps_focus_and_what_was_opened(browser: Browser) -> None:
    world = incident()
    with served(world) as home, opened(browser, home) as (page, _):
        page.goto(home + "/alerts/LLMAPIHighErrorRate")
        page.get_by_text("As a table").click()
        page.locator("main a").first.focus()
        focused = page.evaluate("document.activeElement.textContent")
        world.now += 63
        page.get_by_text("(4 min 3 s)").wait_for()
        assert page.evaluate("document.activeElement.textContent") == focused
        assert page.locator("details").get_attribute("open") is not None


def test_a_console_that_is_gone_is_said(browser: Browser) -> None:
    with opened(browser, "http://127.0.0.1") as (page, _):
        with served(World()) as home:
            page.goto(home)
        page.get_by_role("alert").get_by_text("The console does not answer.").wait_for()


def test_hostile_text_runs_nothing(browser: Browser) -> None:
    world = World()
    payloads = (
        "<img src=x onerror=window.pwned=1>",
        "</script><script>window.pwned=1</script>",
        "<svg/onload=window.pwned=1>",
        "\"><iframe srcdoc='<script>parent.pwned=1</script>'>",
        "javascript:window.pwned=1",
    )
    for index, text in enumerate(payloads):
        labels = {"alertname": f"A{index}", "severity": "critical", "kind": "symptom", "provider": text}
        world.add(labels, {"summary": text, "impact": text, "actions": f"1. {text}", "threshold": text})
    with served(world) as home, opened(browser, home) as (page, seen):
        for path in ("/", "/alerts", "/alerts/A0", "/alerts/A1"):
            page.goto(home + path)
            first = page.locator("#asof time").text_content()
            world.now += 1
            page.wait_for_function("before => document.querySelector('#asof time').textContent !== before", arg=first)
            assert page.evaluate("window.pwned") is None
        assert seen.complaints == []
        assert seen.foreign == []


def test_it_can_be_read_without_scripts(browser: Browser) -> None:
    with served(incident()) as home, opened(browser, home, scripts=False) as (page, _):
        page.goto(home)
        page.get_by_role("heading", name="People cannot work with the copilot").wait_for()
        assert page.locator("noscript meta[http-equiv=refresh]").count() == 1
        assert not page.locator("#theme").is_visible()


def test_the_theme_can_be_chosen_and_stays(browser: Browser) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with served(World()) as home, opened(browser, home, theme="light") as (page, seen):
        page.goto(home)
        light = page.evaluate(ground)
        page.get_by_role("button", name="Theme: system").click()
        page.get_by_role("button", name="Theme: light").click()
        page.get_by_role("button", name="Theme: dark").wait_for()
        dark = page.evaluate(ground)
        assert dark != light
        page.goto(home + "/alerts")
        assert page.evaluate(ground) == dark
        assert seen.complaints == []
