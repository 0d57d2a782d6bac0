"""The inbox' page in Chromium: silent, self-contained, accessible in both themes and on a phone, renewed by itself."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import httpx2
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

from watchkeeper.inbox.app import create
from watchkeeper.inbox.reception import Reception
from watchkeeper.inbox.store import Store

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
KEY = "0123456789abcdef0123456789abcdef"
SLACK = "/slack/services/T01/B01/secret-of-incidents"
HOSTILE = '<script>document.title = "taken"</script> <img src=http://127.0.0.1:9/x onerror=alert(1)> '


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("chromium is missing; get it with: apt-get install chromium libatomic1")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield launched
        launched.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "pagerduty-critical").write_text(KEY)
    (tmp_path / "slack-incidents").write_text(f"http://127.0.0.1:1{SLACK}")
    store = Store(tmp_path / "data")
    store.open()
    with _served(Reception(store, tmp_path)) as address:
        yield address
    store.close()


@contextmanager
def _served(reception: Reception) -> Iterator[str]:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create(reception), log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)
    listener.close()


def page(home: str, action: str, key: str, severity: str = "critical") -> None:
    event = {"routing_key": KEY, "event_action": action, "dedup_key": key}
    payload = {"summary": HOSTILE + key, "source": "am", "severity": severity, "custom_details": {"what": HOSTILE}}
    answer = httpx2.post(f"{home}/pagerduty/v2/enqueue", json={**event, "payload": payload}, trust_env=False)
    assert answer.status_code == 202


def post(home: str, text: str) -> None:
    assert httpx2.post(home + SLACK, json={"text": text}, trust_env=False).status_code == 200


def fill(home: str) -> None:
    """One of everything the page can show."""
    for key, action in (("open", "trigger"), ("over", "trigger"), ("over", "resolve"), ("seen", "trigger")):
        page(home, action, key, "warning" if key == "seen" else "critical")
    page(home, "acknowledge", "seen", "error")
    post(home, HOSTILE + "x" * 500)
    assert httpx2.post(f"{home}/webhook/guess", content=HOSTILE.encode(), trust_env=False).status_code == 404


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_the_page_is_clean(
    browser: Browser, home: str, theme: Literal["light", "dark"], width: int, *, filled: bool
) -> None:
    """Console errors include every breach of the content security policy."""
    if filled:
        fill(home)
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    complaints: list[str] = []
    foreign: list[str] = []
    shown = context.new_page()
    shown.on("console", lambda message: complaints.append(message.text))
    shown.on("request", lambda request: None if request.url.startswith(home) else foreign.append(request.url))
    shown.goto(home)
    for details in shown.locator("details").all():
        details.locator("summary").click()
    found = Axe().run(shown)
    overflow = shown.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    title = shown.title()
    context.close()
    assert found.violations_count == 0, found.generate_report()
    assert (complaints, foreign) == ([], [])
    assert overflow <= 0
    assert title == ("(2) Inbox · Watchkeeper" if filled else "Inbox · Watchkeeper")


def test_a_new_message_shows_itself(browser: Browser, home: str) -> None:
    context = browser.new_context()
    shown = context.new_page()
    shown.goto(home)
    post(home, "somebody calls")
    shown.get_by_role("strong").filter(has_text="somebody calls").wait_for(timeout=10_000)
    context.close()


def test_a_reader_is_told_instead_of_interrupted(browser: Browser, home: str) -> None:
    page(home, "trigger", "first")
    context = browser.new_context()
    shown = context.new_page()
    shown.goto(home)
    shown.locator("summary").first.click()
    post(home, "somebody calls")
    link = shown.get_by_role("link", name="New messages have arrived: show them")
    link.wait_for(timeout=10_000)
    assert shown.locator("details[open]").count() == 1
    link.click()
    shown.get_by_role("strong").filter(has_text="somebody calls").wait_for(timeout=10_000)
    context.close()
