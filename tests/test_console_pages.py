"""Pages over HTTP: one address, three prints of the same facts; hostile text stays text."""

import json
import re
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from console_world import NOW, SERVICE, World, incident, message, pages
from watchkeeper.console import app
from watchkeeper.console.definitions import Definitions
from watchkeeper.console.facts import Presence

PORT = 8460
HOME = f"http://127.0.0.1:{PORT}"


def client(world: World) -> TestClient:
    return TestClient(app(world.sources(), port=PORT, pages=pages()), base_url=HOME)


ADDRESSES = [
    "/",
    "/alerts",
    "/alerts/ServiceOutage",
    "/alerts/ErrorBudgetBurnRateCritical?slo=availability",
    "/alerts/Watchdog",
    "/runbooks/database-down",
]


def query(address: str, asked: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}format={asked}"


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def read(html: str) -> _Text:
    parser = _Text()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_prints_in_three_formats(address: str) -> None:
    with client(incident()) as http:
        html = http.get(address)
        assert html.status_code == 200
        assert html.headers["content-type"] == "text/html; charset=utf-8"
        as_json = http.get(query(address, "json"))
        assert as_json.headers["content-type"] == "application/json"
        assert json.loads(as_json.content)
        markdown = http.get(query(address, "md"))
        assert markdown.headers["content-type"].startswith("text/markdown")
        assert markdown.text.startswith("# ")


def test_an_unknown_format_is_refused_with_the_ones_there_are() -> None:
    with client(World()) as http:
        answer = http.get("/?format=xml")
        assert (answer.status_code, answer.text) == (400, "format must be one of html, json, md\n")


def test_the_three_prints_of_now_say_the_same() -> None:
    with client(incident()) as http:
        facts = json.loads(http.get("/?format=json").content)
        text = read(http.get("/").text).text
        markdown = http.get("/?format=md").text.replace("\\", "")
    verdict = facts["verdict"]
    for part in ("headline", "pace", "cause", "first"):
        assert verdict[part] in text
        assert verdict[part] in markdown
    for alert in facts["situation"]["alerts"]:
        assert alert["name"] in text
        assert alert["name"] in markdown
    assert facts["situation"]["told"]["value"]["pages"] == 2
    assert "2 pages, 4 messages" in text
    assert "2 pages, 4 messages" in markdown
    assert "llm-copilot-agent: version 1.0.0 → 1.1.0" in text
    assert "llm-copilot-agent: version 1.0.0 → 1.1.0" in markdown


def test_the_first_heading_is_the_verdict() -> None:
    with client(incident()) as http:
        html = http.get("/").text
    assert re.findall(r"<h1[^>]*>([^<]*)", html) == [
        "People cannot work with the copilot since 14:03 (4 min): 38 % of requests fail."
    ]


def test_an_infinite_pace_is_null_and_not_a_broken_document() -> None:
    world = World()
    world.slos["availability"].failing = 0.0
    with client(world) as http:
        facts = json.loads(http.get("/?format=json").content, parse_constant=pytest.fail)
    assert facts["situation"]["slos"][0]["exhausted_in"] == {
        "presence": "present",
        "value": None,
        "at": NOW,
        "why": "",
    }


# --- the alert page --------------------------------------------------------------------------------


def test_an_alert_shows_value_threshold_impact_actions_and_its_runbook() -> None:
    with client(incident()) as http:
        text = read(http.get("/alerts/LLMAPIHighErrorRate?provider=anthropic").text).text
    for part in (
        "97 %",
        "above 10% for 30 s",
        "firing since 14:04 (3 min)",
        "Questions that need this provider are answered with errors.",
        "Switch the traffic to the other provider.",
        "When it fires: mail to copilot-team@example.com, Slack #llm-monitoring, PagerDuty (pagerduty-business-hours),",
        "[critical] LLMAPIHighErrorRate",
        "First three minutes",
        "It must hold for 30 s.",
    ):
        assert part in text


def test_labels_in_the_address_choose_among_alerts_of_one_name() -> None:
    world = World()
    world.fire("LLMAPIHighErrorRate", value=0.11, provider="anthropic")
    world.fire("LLMAPIHighErrorRate", value=0.22, provider="openai")
    with client(world) as http:
        both = read(http.get("/alerts/LLMAPIHighErrorRate").text).text
        one = read(http.get("/alerts/LLMAPIHighErrorRate?provider=openai").text).text
    assert "11 %" in both
    assert "22 %" in both
    assert "22 %" in one
    assert "11 %" not in one


def test_a_burn_alert_explains_its_numbers() -> None:
    with client(World()) as http:
        text = read(http.get("/alerts/ErrorBudgetBurnRateCritical?slo=availability").text).text
    # 2 % of 30 d in 1 h is 0.02 * 720 = 14.4; times 0.1 % is 1.44 %; 30 d / 14.4 is 50 h
    for part in ("14.4x", "1.44 %", "2 d 2 h", "28.8x", "2.88 %", "both over 1 h and over 5 min"):
        assert part in text
    # 2 % of the budget of 2592 s is 51.84 s of total outage
    assert "51.8 s" in text


def test_an_alert_that_does_not_fire_is_shown_from_its_definition() -> None:
    with client(World()) as http:
        text = read(http.get("/alerts/DatabaseDown").text).text
    assert "does not fire" in text
    assert "below 1 for 1 min" in text
    assert "Fail over if it does not come back within five minutes." in text


def test_the_chart_has_a_title_a_description_and_a_table() -> None:
    with client(incident()) as http:
        html = http.get("/alerts/LLMAPIHighErrorRate?provider=anthropic").text
    page = read(html)
    drawings = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("role") == "img"]
    assert len(drawings) == 2
    for drawing in drawings:
        names = (drawing["aria-labelledby"] or "").split()
        assert len(names) == 2
        assert all(f'id="{name}"' in html for name in names)
    assert (
        "Now provider=anthropic: 97 %, provider=openai: 2.4 %. The line it is compared with stands at 10 %."
        in page.text
    )
    assert "<caption>provider=anthropic</caption>" in html


def test_nothing_to_draw_says_why() -> None:
    world = World(down={"Prometheus"})
    with client(world) as http:
        html = http.get("/alerts/DatabaseDown").text
    assert 'data-state="backend-down"' in html
    assert "Connection refused" in html
    with client(World()) as http:
        assert 'data-state="never-seen"' in http.get("/alerts/DatabaseDown").text


def test_an_unknown_alert_is_not_found_and_while_starting_not_known_yet() -> None:
    with client(World()) as http:
        answer = http.get("/alerts/NoSuchThing")
        assert answer.status_code == 404
        assert "No alert of this name is defined, and none fires." in answer.text
    with client(World(definitions=None)) as http:
        answer = http.get("/alerts/DatabaseDown")
        assert answer.status_code == 200
        assert 'data-presence="starting"' in answer.text


def test_a_foreign_alert_is_shown_from_what_the_engine_says() -> None:
    world = World()
    world.add({"alertname": "NodeDisk", "severity": "high"}, {"summary": "Disk is full.", "runbook": "https://x/y"})
    with client(world) as http:
        text = read(http.get("/alerts/NodeDisk").text).text
        index = read(http.get("/alerts").text).text
    assert "Disk is full." in text
    assert "not from these definitions" in text
    assert "This alert names no runbook." in text
    assert "NodeDisk not from these definitions" in index


def test_muted_says_by_what() -> None:
    with client(incident()) as http:
        text = read(http.get("/alerts/ErrorBudgetBurnRateHigh?slo=availability").text).text
    assert "nobody is told: explained by ErrorBudgetBurnRateCritical" in text


def test_the_index_lists_every_alert_of_the_definitions() -> None:
    world = World()
    with client(world) as http:
        html = http.get("/alerts").text
    assert world.definitions is not None
    for alert in world.definitions.alerts:
        assert f">{alert.name}</a>" in html
    hrefs = re.findall(r'class="name" href="([^"]+)"', html)
    assert len(hrefs) == len(set(hrefs)) == len(world.definitions.alerts)


def test_every_link_of_the_index_leads_to_a_page_with_a_runbook() -> None:
    world = World()
    with client(world) as http:
        hrefs = re.findall(r'class="name" href="([^"]+)"', http.get("/alerts").text)
        for href in hrefs:
            answer = http.get(href.replace("&amp;", "&"))
            assert answer.status_code == 200
            assert "There is no page named" not in answer.text, href
            assert "names no runbook" not in answer.text, href


# --- runbooks, empty states ------------------------------------------------------------------------


def test_a_runbook_has_its_own_page_and_leads_back_to_its_alerts() -> None:
    with client(World()) as http:
        html = http.get("/runbooks/database-down").text
        same = http.get("/runbooks/database-down.md").text
        missing = http.get("/runbooks/no-such-page")
    assert 'href="/alerts/DatabaseDown"' in html
    assert read(html).text.split("Skip")[1] == read(same).text.split("Skip")[1].replace(
        "database-down.md", "database-down"
    )
    assert missing.status_code == 404


EMPTY = [
    (World(started=NOW - 5, slos={}), "starting"),
    (World(slos={}), "never-seen"),
    (World(remembered={"availability": (NOW - 900, 0.0004)}), "stale"),
    (World(down={"Prometheus"}), "backend-down"),
    (World(idle=True), "idle"),
]


@pytest.mark.parametrize(("world", "presence"), EMPTY)
def test_empty_is_told_apart_on_the_page(world: World, presence: str) -> None:
    assert presence in set(Presence)
    with client(world) as http:
        html = http.get("/").text
    assert f'class="reading" data-presence="{presence}"' in html
    assert "no data" not in html.lower()


def test_problems_in_the_definitions_are_shown_on_every_page() -> None:
    world = World(definitions=Definitions(None, ("watchkeeper.yaml:3: unknown key",), ()))
    with client(world) as http:
        assert "watchkeeper.yaml:3: unknown key" in http.get("/").text
        assert "watchkeeper.yaml:3: unknown key" in http.get("/alerts").text
        assert "watchkeeper.yaml:3: unknown key" in http.get("/alerts?format=md").text.replace("\\", "")


@pytest.mark.parametrize("asked", ["html", "md", "json"])
@pytest.mark.parametrize("backend", ["Prometheus", "Alertmanager", "inbox"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_stands_without_any_one_backend(address: str, backend: str, asked: str) -> None:
    world = incident()
    world.down = {backend}
    with client(world) as http:
        assert http.get(query(address, asked)).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES[:5])
def test_every_page_stands_with_nothing_at_all(address: str) -> None:
    world = World(down={"Prometheus", "Alertmanager", "inbox"}, definitions=None)
    with client(world) as http:
        assert http.get(address).status_code == 200


# --- hostile text ----------------------------------------------------------------------------------

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "</svg><script>alert(1)</script>",
    "</desc></svg><img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "'><svg/onload=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    "` onload=`alert(1)",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://evil.example/x.png)",
    "{{ 7 * 7 }}",
    "{% raw %}",
    "${alert(1)}",
    "<!--",
    "--><script>alert(1)</script>",
    "<![CDATA[<script>]]>",
    "&lt;script&gt;",
    "\x00<script>alert(1)</script>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "\u202etxet desrever",
    "a\n\n# heading\n\n<script>",
    "| a | b |\n|---|---|",
    "<" * 500,
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "＜script＞",
]
PLACES = ["label", "summary", "impact", "actions", "threshold", "name", "message", "version"]


def poisoned(text: str, place: str) -> tuple[World, str]:
    """A world with the text in one place, and the address of the page that shows most of it."""
    world = World()
    name = text if place == "name" else "Poisoned"
    labels = {"alertname": name, "severity": "critical", "kind": "symptom", "service": SERVICE}
    texts = {"summary": "s", "impact": "i", "actions": "1. a", "threshold": "t", "runbook": "latency.md"}
    if place == "label":
        labels["provider"] = text
    if place in texts:
        texts[place] = text
    world.add(labels, texts)
    if place == "message":
        world.received = [message("Poisoned", title=text)]
    if place == "version":
        from console_world import curve

        seen = {"__name__": "service_build_info", "service": text}
        world.changing = [
            curve(*[1.0] * 60, labels=seen | {"version": text}, end=NOW - 400),
            curve(*[1.0] * 10, labels=seen | {"version": "2"}, end=NOW),
        ]
    return world, "/alerts/Poisoned"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str, place: str) -> None:
    world, address = poisoned(text, place)
    calm = {tag for tag, _ in read(client(incident()).get("/").text).tags} | {"figure", "article", "br"}
    with client(world) as http:
        for page in ("/", "/alerts", address):
            answer = http.get(page)
            assert answer.status_code in {200, 404}
            found = read(answer.text)
            assert {tag for tag, _ in found.tags} <= calm | _TAGS, page
            for tag, attributes in found.tags:
                assert not [name for name in attributes if name.startswith("on")], (page, tag)
                assert tag != "script" or attributes.get("src") == "/static/console.js"
                link = attributes.get("href") or attributes.get("src") or ""
                assert re.match(r"(/|#|\?|$)", link), link
            assert json.loads(http.get(f"{page}?format=json").content)
            assert "\n<script" not in http.get(f"{page}?format=md").text


_TAGS = {
    "figcaption",
    "details",
    "summary",
    "caption",
    "pre",
    "code",
    "h3",
    "h4",
    "h5",
    "path",
    "text",
    "title",
    "desc",
    "em",
}


def test_markdown_keeps_foreign_text_on_its_line_and_without_meaning() -> None:
    world, _ = poisoned("a\n# b | [c](javascript:d) <e> `f`", "summary")
    with client(world) as http:
        markdown = http.get("/?format=md").text
    assert "a \\# b \\| \\[c\\](javascript:d) \\<e\\> \\`f\\`" in markdown


def test_a_very_long_name_is_cut_and_harmless() -> None:
    with client(World()) as http:
        assert http.get("/alerts/" + "a" * 50_000).status_code == 404
