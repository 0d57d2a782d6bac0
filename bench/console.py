"""What the console's first page takes on a running stack: `python bench/console.py [--state DIR | --url URL]`.

Prints the time until the page *Now* is ready in Chromium (median and worst of the runs), console errors, requests to
anywhere else, and accessibility violations in both themes. Exit code 1 when a target is missed.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TARGET_SECONDS = 1.0
RUNS = 9
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@dataclass
class Measured:
    ready: list[float] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    violations: dict[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        clean = not (self.complaints or self.foreign or any(self.violations.values()))
        return clean and statistics.median(self.ready) <= TARGET_SECONDS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, default=Path(".watchkeeper"), help="state directory of the running stack")
    parser.add_argument("--url", help="address of the console; read from the state directory when it is not given")
    asked = parser.parse_args()
    home = asked.url or address(asked.state)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        found = measure(browser, home.rstrip("/"))
        browser.close()
    print(report(home, found))
    return 0 if found.good else 1


def address(state: Path) -> str:
    config = state / "config" / "console.json"
    try:
        return f"http://127.0.0.1:{json.loads(config.read_text())['port']}"
    except OSError as error:
        sys.exit(f"no running stack in {state} ({error.strerror}: {config}); start one with `watchkeeper up --demo`")


def measure(browser: Browser, home: str) -> Measured:
    found = Measured()
    for theme in THEMES:
        context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=theme)
        page = context.new_page()
        page.on(
            "console", lambda line: found.complaints.append(line.text) if line.type in {"error", "warning"} else None
        )
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(home) else found.foreign.append(asked.url))
        for _ in range(RUNS):
            began = time.perf_counter()
            page.goto(home + "/", wait_until="load")
            page.get_by_role("heading", level=1).wait_for()
            # a picture is taken only when everything before it has been drawn
            page.screenshot()
            found.ready.append(time.perf_counter() - began)
        found.violations[theme] = int(Axe().run(page).violations_count)
        context.close()
    return found


def report(home: str, found: Measured) -> str:
    median, worst = statistics.median(found.ready), max(found.ready)
    lines = (
        f"console at {home}, page Now, {len(found.ready)} loads",
        f"ready               median {median:.2f} s, worst {worst:.2f} s (target {TARGET_SECONDS:g} s)",
        f"console errors      {len(found.complaints)} {'; '.join(found.complaints[:3])}",
        f"external requests   {len(found.foreign)} {'; '.join(found.foreign[:3])}",
        *(f"axe, {theme:<5}          {count} violations" for theme, count in found.violations.items()),
        "all targets met" if found.good else "TARGETS MISSED",
    )
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main())
