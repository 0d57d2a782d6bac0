"""Who may ask, how, and what the browser is told about it."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console_world import World, pages
from watchkeeper.console import app
from watchkeeper.console.guard import HEADERS

PORT = 8460


@pytest.fixture
def http() -> TestClient:
    return TestClient(app(World().sources(), port=PORT, pages=pages()), base_url=f"http://127.0.0.1:{PORT}")


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_this_machine_is_answered(http: TestClient, host: str) -> None:
    assert http.get("/health", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        f"evil.example:{PORT}",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:8461",
        f"127.0.0.1.nip.io:{PORT}",
        f"127.0.0.1:{PORT}.evil.example",
        f"user@127.0.0.1:{PORT}",
        f"evil.example#127.0.0.1:{PORT}",
        f"0.0.0.0:{PORT}",
        f"2130706433:{PORT}",
        f"localhost.:{PORT}",
        f"[::ffff:127.0.0.1]:{PORT}",
        f" 127.0.0.1:{PORT},evil.example",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/health", "/static/console.css", "/alerts/x", "/?format=json"])
def test_any_other_name_is_refused_everywhere(http: TestClient, host: str, path: str) -> None:
    answer = http.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert "127.0.0.1 and localhost" in answer.text


def test_forwarded_headers_change_nothing(http: TestClient) -> None:
    forged = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example", "x-forwarded-for": "8.8.8.8"}
    assert http.get("/health", headers=forged).status_code == 200
    assert http.get("/health", headers=forged | {"host": "evil.example"}).status_code == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/alerts", "/health"])
def test_only_reading(http: TestClient, method: str, path: str) -> None:
    answer = http.request(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


def test_head_is_reading(http: TestClient) -> None:
    answer = http.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


@pytest.mark.parametrize(
    ("site", "mode", "target", "status"),
    [
        ("same-origin", "cors", "empty", 200),
        ("none", "navigate", "document", 200),
        ("cross-site", "navigate", "document", 200),
        ("cross-site", "navigate", "iframe", 403),
        ("cross-site", "no-cors", "image", 403),
        ("cross-site", "cors", "empty", 403),
        ("same-site", "no-cors", "script", 403),
    ],
)
def test_other_sites_may_link_and_nothing_else(
    http: TestClient, site: str, mode: str, target: str, status: int
) -> None:
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": target}
    assert http.get("/health", headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/", "/alerts", "/health", "/static/console.js", "/nothing-here"])
def test_every_answer_carries_the_security_headers(http: TestClient, path: str) -> None:
    answer = http.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value


def test_a_refusal_carries_them_too(http: TestClient) -> None:
    answer = http.get("/", headers={"host": "evil.example"})
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_nothing_inline_is_allowed_and_nothing_inline_is_written(http: TestClient) -> None:
    policy = HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "http" not in policy
    html = http.get("/").text
    assert " style=" not in html
    assert "<style" not in html
    assert html.count("<script") == 1


def test_pages_are_not_kept_and_files_are_checked_again(http: TestClient) -> None:
    assert http.get("/").headers["cache-control"] == "no-store"
    assert http.get("/static/console.css").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["console.css", "console.js", "icon.svg"])
def test_files(http: TestClient, name: str) -> None:
    assert http.get(f"/static/{name}").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/../guard.py",
        "/static/%2e%2e/guard.py",
        "/static/..%2fguard.py",
        "/static/guard.py",
        "/static",
    ],
)
def test_nothing_but_the_three_files(http: TestClient, path: str) -> None:
    assert http.get(path).status_code == 404


def test_our_script_makes_no_markup_from_text() -> None:
    script = Path("src/watchkeeper/console/static/console.js").read_text()
    for banned in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "http:",
        "https:",
    ):
        assert banned not in script


def test_our_files_load_nothing_from_elsewhere() -> None:
    for path in Path("src/watchkeeper/console").rglob("*.*"):
        if path.suffix in {".css", ".html", ".js"}:
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            assert "//" not in text.replace("// ", "").replace("http-equiv", ""), path
