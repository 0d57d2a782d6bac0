"""One scrape: what was measured right before it, and the page."""

import time
from collections.abc import Callable, Iterator
from typing import Literal, get_args

from watchkeeper.sdk.exposition import Format, header, page
from watchkeeper.sdk.instruments import Cell, Gauge, Instrument, Registry

Scrape = Literal["critical", "standard", "all"]
SCRAPES: tuple[Scrape, ...] = get_args(Scrape)
Collector = Callable[[], None]


class Scraper:
    """Renders pages. A collector measures something right before; one that fails loses only its own series."""

    def __init__(self, registry: Registry, duration: Gauge) -> None:
        self._registry = registry
        self._duration = duration
        self._collectors: list[tuple[str, Collector]] = []

    def collect(self, name: str, collector: Collector) -> None:
        """Call this before every page."""
        self._collectors.append((name, collector))

    def page(self, scrape: Scrape, format_: Format) -> bytes:
        """The metrics of one scrape class, or of all. Never raises; a series that cannot be shown is left out."""
        started = time.perf_counter()
        for name, collector in self._collectors:
            self._attempt(name, collector)
        self._registry.drain()
        body = page(self._lines(scrape, format_), format_)
        self._duration.write((scrape,), time.perf_counter() - started)
        return body

    def _attempt(self, name: str, collector: Collector) -> None:
        try:
            collector()
        except Exception:  # noqa: BLE001 - the edge of the SDK: one collector must not cost the page
            self._registry.dropped("metrics", "error")
            self._registry.internal_error(f"collect.{name}")

    def _lines(self, scrape: Scrape, format_: Format) -> Iterator[str]:
        for instrument in tuple(self._registry.instruments):
            if scrape in {"all", instrument.definition.scrape}:
                yield from self._family(instrument, format_)

    def _family(self, instrument: Instrument[Cell], format_: Format) -> Iterator[str]:
        """The head of a family that has no series yet says that it is declared and simply never happened."""
        yield header(instrument.definition.name, instrument.kind, instrument.definition.help, format_)
        for cell in instrument.cells():
            try:
                lines = tuple(cell.lines())
            except Exception:  # noqa: BLE001 - the edge of the SDK: one bad series loses one
                self._registry.dropped("metrics", "error")
                self._registry.internal_error("exposition")
                continue
            yield from lines
