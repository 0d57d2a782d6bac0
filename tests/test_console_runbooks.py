"""Runbooks: rendered from Markdown; nothing in a page runs, loads or leads anywhere it should not."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from console_world import pages
from watchkeeper.console import runbooks
from watchkeeper.console.runbooks import Runbooks, rendered

DANGEROUS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "java&#115;cript:alert(1)",
    "&#x6A;avascript:alert(1)",
    " javascript:alert(1)",
    "\x01javascript:alert(1)",
    "javascript&colon;alert(1)",
    "javascript:%61lert(1)",
    "vbscript:msgbox(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD4=",
    "data:image/svg+xml,<svg onload=alert(1)>",
    "file:///etc/passwd",
    "//evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "blob:https://x/y",
    "ftp://x/y",
    "mailto:a@b",
    "../../etc/passwd",
    "..%2f..%2fetc",
    "/alerts/../../x",
    "?format=json",
    "http:javascript:alert(1)",
    "https:evil",
    "feed:javascript:alert(1)",
    "view-source:javascript:alert(1)",
    "x.md?y=javascript:alert(1)",
    '#"onclick=alert(1)',
]
WRITTEN = [
    "[a]({url})",
    "[a](<{url}>)",
    "[a][r]\n\n[r]: {url}",
    '[a]({url} "title")',
    "![a]({url})",
    "<{url}>",
    "[![a]({url})]({url})",
]
RAW = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{background:url(http://evil)}</style>",
    "<math><mi xlink:href=javascript:alert(1)>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<details open ontoggle=alert(1)>",
    '```html"onload=alert(1)\n<b>\n```',
    "`<script>alert(1)</script>`",
    "    <script>alert(1)</script>",
    "# <img src=x onerror=alert(1)>",
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    '"><img src=x onerror=alert(1)>',
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<xmp><img src=x onerror=alert(1)></xmp>",
    "<object data=javascript:alert(1)>",
    "<base href=//evil>",
    "<meta http-equiv=refresh content=0;url=//evil>",
    "<form action=//evil><button>",
    "<template><script>alert(1)</script></template>",
]
ALLOWED_TAGS = {
    *("p", "a", "em", "strong", "code", "pre", "ol", "ul", "li", "blockquote", "hr", "br"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
ALLOWED_ATTRIBUTES = {"href", "rel", "id", "start", "title"}


class _Audit(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [text or "" for name, text in attrs if name == "href"]


def audit(html: str) -> _Audit:
    parser = _Audit()
    parser.feed(html)
    return parser


def assert_harmless(html: str) -> None:
    found = audit(html)
    assert found.tags <= ALLOWED_TAGS, html
    assert found.attributes <= ALLOWED_ATTRIBUTES, html
    for link in found.links:
        assert re.match(r"https?://|#page-|/runbooks/[a-z0-9]", link), html


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("url", DANGEROUS)
def test_a_dangerous_address_stays_text(url: str, written: str) -> None:
    html = rendered(written.replace("{url}", url))
    assert_harmless(html)
    assert not [link for link in audit(html).links if "evil" in link and link.startswith("/")]


@pytest.mark.parametrize("text", RAW)
def test_html_stays_text(text: str) -> None:
    assert_harmless(rendered(text))
    assert_harmless(rendered(f"# Title\n\n{text}\n", deeper=2))


def test_good_links_work() -> None:
    text = (
        "[a](https://status.example/x?y=1#z) [b](database-down.md) [c](latency.md#first-three-minutes) [d](#diagnosis)"
    )
    assert audit(rendered(text)).links == [
        "https://status.example/x?y=1#z",
        "/runbooks/database-down",
        "/runbooks/latency#page-first-three-minutes",
        "#page-diagnosis",
    ]
    assert 'rel="noopener noreferrer external"' in rendered("[a](https://status.example)")


def test_headings_sink_below_the_page_and_the_title_is_left_to_it() -> None:
    assert rendered("# Title\n\n## Meaning") == '<h2 id="page-meaning">Meaning</h2>\n'
    html = rendered("# Title\n\n## Meaning\n\n### Deep\n", deeper=2)
    assert "Title" not in html
    assert '<h4 id="page-meaning">Meaning</h4>' in html
    assert '<h5 id="page-deep">Deep</h5>' in html
    assert rendered("###### x", deeper=2).startswith("<h6")


def test_anchors_of_links_and_headings_agree() -> None:
    html = rendered("## First three minutes\n\n[go](#first-three-minutes)")
    assert 'id="page-first-three-minutes"' in html
    assert 'href="#page-first-three-minutes"' in html


def test_every_shipped_page_is_harmless_and_found() -> None:
    names = [page.stem for page in Path("src/watchkeeper/pack/runbooks").glob("*.md")]
    assert len(names) > 20
    for name in names:
        text = pages().text(name)
        assert text
        assert_harmless(rendered(text, deeper=2))


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "a\\b", ".hidden", "A", "x.md", "a\0b", "%2e%2e", "a" * 5000]
)
def test_only_names_are_names(name: str) -> None:
    assert pages().text(name) is None


def test_a_projects_own_page_wins(tmp_path: Path) -> None:
    (tmp_path / "latency.md").write_text("# Ours\n")
    shipped = Path("src/watchkeeper/pack/runbooks")
    both = Runbooks((tmp_path, shipped))
    assert both.text("latency") == "# Ours\n"
    assert both.text("availability") == (shipped / "availability.md").read_text()
    assert both.text("nothing-here") is None


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "odd.md").write_bytes(b"# \xff\xfe\n")
    assert Runbooks((tmp_path,)).text("odd") == "# ��\n"


def test_the_name_of_a_file() -> None:
    assert runbooks.name_of("database-down.md") == "database-down"
    assert runbooks.name_of("../x.md") == ""
    assert runbooks.name_of("") == ""
