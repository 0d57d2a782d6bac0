"""`metrics-catalog.yaml`: every metric and recorded series, with labels, retention and number of series."""

from collections.abc import Iterable, Mapping

from watchkeeper import conventions
from watchkeeper.compile.document import Document
from watchkeeper.compile.rules import Rules
from watchkeeper.formats.prometheus import Recording as Rule
from watchkeeper.formats.yaml import Tree, dump
from watchkeeper.model import Catalog, Label, Metric, Recording, Scrape

_UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_usd": "dollars", "_ratio": "ratio", "_cores": "processors"}


def document(catalog: Catalog, compiled: Rules) -> Document:
    recorded = compiled.recordings
    tree: dict[str, Tree] = {
        "reference": {
            "requests_per_month": catalog.reference.requests_per_month,
            "instances": {emitter.value: number for emitter, number in catalog.reference.instances},
        },
        "totals": _totals(catalog, len(recorded)),
        "categories": {
            category: {metric.name: _metric(catalog, metric) for metric in _of(catalog, category)}
            for category in _categories(catalog)
        },
        "recorded": _families(catalog, recorded),
    }
    return Document(conventions.METRICS_CATALOG_FILE, dump(tree))


def _categories(catalog: Catalog) -> Iterable[str]:
    return dict.fromkeys(metric.category for metric in catalog.metrics)


def _of(catalog: Catalog, category: str) -> list[Metric]:
    return [metric for metric in catalog.metrics if metric.category == category]


def planned(catalog: Catalog, metric: Metric) -> int:
    """Series in the reference deployment, of all services."""
    return metric.planned * catalog.reference.of(metric.emitter) * catalog.times(metric.emitter)


def unit(metric: Metric) -> str:
    """Told by the name, as Prometheus' naming conventions want it; what counts things has none."""
    name = metric.name.removesuffix("_total")
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")


def _totals(catalog: Catalog, recorded: int) -> Tree:
    by_scrape = {scrape: [m for m in catalog.metrics if m.scrape is scrape] for scrape in Scrape}
    scraped = sum(planned(catalog, metric) for metric in catalog.metrics)
    return {
        "metrics": len(catalog.metrics),
        "series": scraped,
        "series_by_category": {
            category: sum(planned(catalog, metric) for metric in _of(catalog, category))
            for category in _categories(catalog)
        },
        "series_by_scrape": {
            scrape.value: sum(planned(catalog, metric) for metric in metrics) for scrape, metrics in by_scrape.items()
        },
        "recording_rules": recorded,
    }


def _metric(catalog: Catalog, metric: Metric) -> Tree:
    critical = metric.scrape is Scrape.CRITICAL
    interval = catalog.intervals.scrape_critical if critical else catalog.intervals.scrape_standard
    tree: dict[str, Tree] = {"type": metric.type.value}
    tree |= {"unit": unit(metric)} if unit(metric) else {}
    tree |= {
        "help": metric.help,
        "labels": {label.name: _domain(label) for label in metric.labels},
        "scrape": {"class": metric.scrape.value, "every": interval.promql},
        "retention": metric.retention.promql,
        "emitter": metric.emitter.value,
        "series": {
            "per_process_at_most": metric.series,
            "per_process_planned": metric.planned,
            "reference": planned(catalog, metric),
        },
    }
    tree |= {"buckets": [float(bound) for bound in metric.buckets]} if metric.buckets else {}
    tree |= {"replaces": metric.replaces} if metric.replaces else {}
    return tree


def _domain(label: Label) -> Tree:
    return list(label.values) if label.values else {"cap": label.cap}


# --- recorded series --------------------------------------------------------------------------------


def _families(catalog: Catalog, recorded: Iterable[Rule]) -> Tree:
    """Written recordings by family; those the compiler makes of every objective under `objective`."""
    written = {each.name: each for service in catalog.services for each in service.recordings}
    families: dict[str, dict[str, Tree]] = {}
    for rule in recorded:
        own = written.get(rule.record)
        family = families.setdefault(own.family.value if own else "objective", {})
        family[rule.record] = _series(own, rule.record, _windows(recorded, rule.record))
    return dict[str, Tree](families)


def _windows(recorded: Iterable[Rule], name: str) -> list[Tree]:
    return list(dict.fromkeys(w for rule in recorded if rule.record == name and (w := dict(rule.labels).get("window"))))


def _series(own: Recording | None, name: str, windows: list[Tree]) -> Tree:
    said: Mapping[str, Tree] = (
        {"help": own.help, "unit": own.unit.value} if own else {"help": conventions.meaning_of_recorded(name)}
    )
    return {**said, **({"windows": windows} if windows else {})}
