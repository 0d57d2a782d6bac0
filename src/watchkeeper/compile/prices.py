"""The price snapshot: what genai-prices knows about text tokens, as a small dated text that the SDK reads without it.

The text is JSON Lines. The first says source and date; each other one is a provider or, below it, one of its models:

    {"provider":"anthropic","url":"https://api\\.anthropic\\.com"}
    {"model":"claude-x","match":["starts","claude-x"],"prices":[{"input":"3"},{"from":"2026-11-01","input":"2"}],"window":200000}

Prices are dollars for a million tokens (`request`: for a thousand calls). Of several, the last that applies holds;
`from` is a day, `between` two times of day, both UTC. One that depends on the size of the input: `["3",[200000,"6"]]`.
`window` is how many tokens of input fit, where the source knows it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from genai_prices import types

from watchkeeper.quantity import plain

Json = str | int | Sequence["Json"] | dict[str, "Json"]

KINDS = {
    "input_mtok": "input",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "output_reasoning_mtok": "reasoning",
    "requests_kcount": "request",
}
"""What the SDK counts, by genai-prices' name of its price."""

_CHECKED = re.compile(r"(?:verified|checked|as of)(?: on)? (20\d\d-\d\d-\d\d)")


@dataclass(frozen=True, slots=True)
class PriceSnapshot:
    source: str
    """Where the prices come from, with its version: `genai-prices 0.2.3`."""
    dated: date
    """The newest day on which the source says that it looked at a price list."""
    lines: tuple[str, ...]
    """Providers, each followed by its models."""

    @property
    def text(self) -> str:
        head = _compact({"source": self.source, "dated": self.dated.isoformat()})
        return "".join(f"{line}\n" for line in (head, *self.lines))


def snapshot(providers: Iterable[types.Provider], version: str) -> PriceSnapshot:
    """Compile genai-prices' own data, `genai_prices.data.providers`, of the version named."""
    known = tuple(providers)
    lines = tuple(line for provider in known for line in _lines(provider))
    return PriceSnapshot(f"genai-prices {version}", _dated(known), lines)


def _dated(providers: Iterable[types.Provider]) -> date:
    """Releases carry no date, but the remarks beside the prices say when somebody checked them."""
    comments = (
        comment
        for provider in providers
        for comment in (provider.price_comments, *(model.price_comments for model in provider.models))
        if comment
    )
    return max((date.fromisoformat(day) for text in comments for day in _CHECKED.findall(text)), default=date.min)


def _lines(provider: types.Provider) -> Iterator[str]:
    head: dict[str, Json] = {"provider": provider.id, "url": provider.api_pattern}
    if provider.fallback_model_providers:
        head["fallback"] = provider.fallback_model_providers
    yield _compact(head)
    for model in provider.models:
        yield _compact(_model(model))


def _model(model: types.ModelInfo) -> dict[str, Json]:
    line: dict[str, Json] = {"model": model.id, "match": _match(model.match), "prices": _prices(model)}
    return line if model.context_window is None else {**line, "window": model.context_window}


def _match(logic: types.MatchLogic) -> Json:
    match logic:
        case types.ClauseOr(or_=clauses):
            return ["or", *map(_match, clauses)]
        case types.ClauseAnd(and_=clauses):
            return ["and", *map(_match, clauses)]
        case types.ClauseRegex(regex=pattern):
            return ["regex", pattern]
        case _:
            return _comparison(logic)


def _comparison(
    clause: types.ClauseEquals | types.ClauseStartsWith | types.ClauseEndsWith | types.ClauseContains,
) -> Json:
    match clause:
        case types.ClauseEquals(equals=text):
            name = "equals"
        case types.ClauseStartsWith(starts_with=text):
            name = "starts"
        case types.ClauseEndsWith(ends_with=text):
            name = "ends"
        case types.ClauseContains(contains=text):
            name = "contains"
    return [name, text.lower()]


def _prices(model: types.ModelInfo) -> Json:
    """Empty for a model that has no price by the token: it stays in, because it may stand before a broader match."""
    if isinstance(model.prices, types.ModelPrice):
        prices = [_rates(model.prices)]
    else:
        prices = [{**_condition(price.constraint), **_rates(price.prices)} for price in model.prices]
    return prices if any(price.keys() & KINDS.values() for price in prices) else []


def _rates(price: types.ModelPrice) -> dict[str, Json]:
    given = ((kind, getattr(price, key)) for key, kind in KINDS.items())
    return {kind: _rate(rate) for kind, rate in given if rate is not None}


def _rate(rate: Decimal | types.TieredPrices) -> Json:
    if isinstance(rate, Decimal):
        return plain(rate)
    tiers: list[Json] = [[tier.start, plain(tier.price)] for tier in rate.tiers]
    return [plain(rate.base), *tiers]


def _condition(constraint: types.StartDateConstraint | types.TimeOfDateConstraint | None) -> dict[str, Json]:
    if constraint is None:
        return {}
    if isinstance(constraint, types.StartDateConstraint):
        return {"from": constraint.start_date.isoformat()}
    return {"between": [_utc(constraint.start_time), _utc(constraint.end_time)]}


def _utc(at: time) -> str:
    aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return datetime.combine(date(2000, 1, 1), aware).astimezone(UTC).strftime("%H:%M:%S")


def _compact(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))
