"""What is measured and recorded: dearer and cheaper series, and whether somebody still reads what is gone."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper import measured, promql
from watchkeeper.formats.prometheus import Alerting
from watchkeeper.model import Catalog, Metric
from watchkeeper.report.capacity import storage
from watchkeeper.report.capacity.counting import Counting, parse
from watchkeeper.report.capacity.evaluation import costs
from watchkeeper.report.capacity.figure import Unit, grouped, said
from watchkeeper.report.capacity.load import Load
from watchkeeper.report.diff.change import Change, Meaning, both
from watchkeeper.report.diff.pairing import pairs
from watchkeeper.spec.series import HISTOGRAM_ENDINGS

_HEAVIEST = 10**9
"""What everything comes to stands before its parts."""
_STORAGE = f"all series of the reference deployment, on disk for {measured.RETENTION.words}"
_RULES = "processor time of all evaluations in the reference deployment"


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    before, after = (Counting(Load(catalog, 1)) for catalog in (old, new))
    yield from _reference(old, new)
    yield from _totals(before, after)
    for pair in pairs(old.metrics, new.metrics, lambda metric: metric.name):
        if pair.both:
            yield from _changed(new, *pair.both)
        elif pair.old is not None:
            yield _gone(before, after, pair.old)
        elif pair.new is not None:
            why = f"measured from now on; {_read_by(after, pair.name)}"
            yield Change(Meaning.DEARER, pair.name, "", _series(new, pair.new), why)
    yield from _recordings(before, after)


def readers(counting: Counting, series: str) -> tuple[str, ...]:
    """Alerts, recorded series, panels and runbook pages that read a metric or recorded series."""
    wanted = {series, *(series + ending for ending in HISTOGRAM_ENDINGS)}
    catalog = counting.load.catalog
    found = [rule.name for rule in counting.rules if wanted & set(promql.metrics(rule.node))]
    found += [f"panel {board}/{panel}" for board, panel, names in _panels(catalog) if wanted & names]
    found += [page.name for page in catalog.pages if series in page.text]
    return tuple(name for name in dict.fromkeys(found) if name != series)


def _panels(catalog: Catalog) -> Iterator[tuple[str, str, set[str]]]:
    for board in catalog.dashboards:
        for panel in board.panels:
            names = {name for query in panel.queries for name in promql.metrics(parse(query.value))}
            yield board.key, panel.key, names


def _read_by(counting: Counting, series: str) -> str:
    found = readers(counting, series)
    return f"read by {_first(found)}" if found else "nobody reads it"


def _first(names: tuple[str, ...], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


# --- metrics ----------------------------------------------------------------------------------------


def _series(catalog: Catalog, metric: Metric) -> str:
    return f"{Load(catalog, 1).series(metric):,} series"


def _gone(before: Counting, after: Counting, metric: Metric) -> Change:
    still, old = readers(after, metric.name), before.load.catalog
    if still:
        why = f"no longer measured, but still read by {_first(still)}"
        return Change(Meaning.BLIND, metric.name, _series(old, metric), "", why, len(still))
    return Change(Meaning.CHEAPER, metric.name, _series(old, metric), "", "no longer measured, and nobody reads it")


def _changed(new: Catalog, before: Metric, after: Metric) -> Iterator[Change]:
    """Both in the new reference deployment, so that only the metric itself differs."""
    load = Load(new, 1)
    if load.series(before) != load.series(after):
        dearer = load.series(after) > load.series(before)
        why = f"{before.planned} a process become {after.planned}"
        told = both(lambda each: _series(new, each), before, after)
        yield Change(Meaning.DEARER if dearer else Meaning.CHEAPER, after.name, *told, why, load.series(after))
    if load.scrape(before) != load.scrape(after):
        dearer = load.scrape(after) < load.scrape(before)
        told = both(lambda each: f"every {load.scrape(each).words}", before, after)
        why = "more samples a second" if dearer else "fewer samples a second, and changes are seen later"
        yield Change(Meaning.DEARER if dearer else Meaning.CHEAPER, after.name, *told, why)
    if before.retention != after.retention:
        longer = after.retention > before.retention
        told = both(lambda each: f"kept {each.retention.words}", before, after)
        why = "takes disk for longer" if longer else "what is older can no longer be asked for"
        yield Change(Meaning.DEARER if longer else Meaning.CHEAPER, after.name, *told, why)
    yield from _shape(before, after)


def _shape(before: Metric, after: Metric) -> Iterator[Change]:
    labels = both(lambda each: ", ".join(label.name for label in each.labels) or "no labels", before, after)
    if labels[0] != labels[1]:
        yield Change(Meaning.OTHER, after.name, *labels, "other labels: queries of your own may group by them")
    if before.buckets != after.buckets:
        bounds = both(lambda each: ", ".join(f"{bound:f}" for bound in each.buckets), before, after)
        yield Change(Meaning.OTHER, after.name, *bounds, "other buckets: quantiles jump when both are within a window")
    if before.type is not after.type:
        yield Change(Meaning.OTHER, after.name, before.type, after.type, "another type: functions that fitted do not")


# --- recorded series --------------------------------------------------------------------------------


def _recordings(before: Counting, after: Counting) -> Iterator[Change]:
    old, new = _recorded(before), _recorded(after)
    for name in dict.fromkeys((*old, *new)):
        made, makes = old.get(name), new.get(name)
        if makes is None:
            yield _no_longer(before, after, name, made or 0)
        elif made is None:
            why = f"recorded from now on; {_read_by(after, name)}"
            yield Change(Meaning.DEARER, name, "", f"{makes:,} series", why)
        elif made != makes:
            meaning = Meaning.DEARER if makes > made else Meaning.CHEAPER
            yield Change(meaning, name, f"{made:,} series", f"{makes:,} series", "recorded for more or fewer labels")


def _recorded(counting: Counting) -> dict[str, int]:
    found: dict[str, int] = {}
    for rule in counting.rules:
        if not isinstance(rule.rule, Alerting):
            found[rule.name] = found.get(rule.name, 0) + counting.recorded(rule)
    return found


def _no_longer(before: Counting, after: Counting, name: str, made: int) -> Change:
    still, read = readers(after, name), readers(before, name)
    if still:
        why = f"no longer recorded, but still read by {_first(still)}"
        return Change(Meaning.BLIND, name, f"{made:,} series", "", why, len(still))
    why = f"no longer recorded; was read by {_first(read)}" if read else "no longer recorded; nobody read it"
    return Change(Meaning.CHEAPER, name, f"{made:,} series", "", why)


# --- all together -----------------------------------------------------------------------------------


def _reference(old: Catalog, new: Catalog) -> Iterator[Change]:
    if old.reference.requests_per_month != new.reference.requests_per_month:
        told = both(lambda each: f"{each.reference.requests_per_month:,} requests a month", old, new)
        yield Change(Meaning.OTHER, "reference deployment", *told, "what series, storage and cost are computed for")
    if old.reference.instances != new.reference.instances:
        told = both(lambda each: ", ".join(f"{n} {by}" for by, n in each.reference.instances), old, new)
        yield Change(Meaning.OTHER, "reference deployment", *told, "what series, storage and cost are computed for")


@dataclass(frozen=True, slots=True)
class _Total:
    """What everything comes to in a second."""

    samples: Decimal
    cores: Decimal

    @property
    def storage(self) -> str:
        return f"{grouped(self.samples)} samples/s ({storage.disk(self.samples).words})"

    @property
    def evaluation(self) -> str:
        return f"{said(self.cores, Unit.SECONDS)} a second"


def _total(counting: Counting) -> _Total:
    samples = storage.per_second((*storage.scraped(counting), *storage.recorded(counting)))
    return _Total(samples, sum((cost.cores for cost in costs(counting)), Decimal(0)))


def _totals(before: Counting, after: Counting) -> Iterator[Change]:
    """What cannot be told apart in words is no change."""
    old, new = _total(before), _total(after)
    if old.storage != new.storage:
        meaning = Meaning.DEARER if new.samples > old.samples else Meaning.CHEAPER
        yield Change(meaning, "storage", old.storage, new.storage, _STORAGE, _HEAVIEST)
    if old.evaluation != new.evaluation:
        meaning = Meaning.DEARER if new.cores > old.cores else Meaning.CHEAPER
        yield Change(meaning, "rules", old.evaluation, new.evaluation, _RULES, _HEAVIEST)
