"""The price book against genai-prices itself: the same data, read and reckoned by two programs."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers

from watchkeeper.copilot import Instruments
from watchkeeper.sdk.prices import Price, PriceBook, Usage

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MOMENTS = (
    NOW,
    datetime(2026, 11, 23, 18, tzinfo=UTC),
    datetime(2025, 1, 1, tzinfo=UTC),
    datetime(2027, 3, 1, tzinfo=UTC),
)
USAGES = (
    Usage(input=1000, cache_read=200, cache_write=100, output=50, reasoning=10, cache_write_1h=40),
    Usage(input=1_000_000, cache_read=200, cache_write=100, output=50, reasoning=10, cache_write_1h=40),
    Usage(input=7),
    Usage(output=3),
)


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(Instruments.prices)


def judged(provider: str, model: str, usage: Usage, at: datetime) -> Decimal:
    theirs = genai_prices.Usage(
        input_tokens=usage.whole_input,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        cache_write_1h_tokens=usage.cache_write_1h,
        output_tokens=usage.output + usage.reasoning,
        output_reasoning_tokens=usage.reasoning,
    )
    return genai_prices.calc_price(theirs, model, provider_id=provider, genai_request_timestamp=at).total_price


@pytest.mark.parametrize("at", MOMENTS, ids=str)
def test_every_model_of_every_provider_costs_what_genai_prices_says(book: PriceBook, at: datetime) -> None:
    compared = 0
    for provider in providers:
        for model in provider.models:
            for usage in USAGES[:2]:
                ours = book.cost(provider.id, model.id, usage, at)
                if ours is not None:
                    compared += 1
                    assert abs(ours - judged(provider.id, model.id, usage, at)) <= Decimal("1e-9"), (
                        provider.id,
                        model.id,
                    )
    assert compared > 3800


def test_what_has_no_price_is_never_free(book: PriceBook) -> None:
    """Everything that we do not price costs nothing there either: there it looks free, here it is counted."""
    for provider in providers:
        for model in provider.models:
            if book.cost(provider.id, model.id, USAGES[2], NOW) is None:
                with suppress(LookupError):  # entries that no name leads to
                    assert judged(provider.id, model.id, USAGES[2], NOW) == 0


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("anthropic", "gpt-4o"),
        ("openai", "claude-sonnet-5"),
        ("openai", "nothing-like-it"),
        ("nobody", "gpt-4o"),
        ("", ""),
    ],
)
def test_unknown_models_have_no_price(book: PriceBook, provider: str, model: str) -> None:
    assert book.cost(provider, model, Usage(input=1), NOW) is None


def test_names_are_matched_as_genai_prices_matches_them(book: PriceBook) -> None:
    for name in ("GPT-4o", "gpt-4o-2024-08-06", "gpt-4o-mini-20240718", "claude-sonnet-5", "o3-mini"):
        for provider in ("openai", "anthropic", "azure", "google", "aws"):
            ours = book.cost(provider, name, USAGES[0], NOW)
            try:
                theirs = judged(provider, name, USAGES[0], NOW)
            except LookupError:
                assert ours is None
            else:
                assert ours is None or abs(ours - theirs) <= Decimal("1e-9")


def test_a_cost_by_hand(book: PriceBook) -> None:
    # claude-sonnet-5: 2 in, 0.2 read, 2.5 written, 10 out, for a million tokens
    usage = Usage(input=10, cache_read=100, cache_write=5, output=40)
    assert book.cost("anthropic", "claude-sonnet-5", usage, NOW) == Decimal("0.0004525")


def test_the_address_names_the_provider(book: PriceBook) -> None:
    assert book.provider_at("https://api.anthropic.com") == "anthropic"
    assert book.provider_at("https://api.openai.com/v1/") == "openai"
    assert book.provider_at("https://bedrock-runtime.eu-west-1.amazonaws.com") == "aws"
    assert book.provider_at("http://127.0.0.1:8467") is None


def test_the_snapshot_says_what_it_is(book: PriceBook) -> None:
    assert book.source.startswith("genai-prices ")
    assert book.dated >= date(2026, 1, 1)


def test_no_snapshot_at_all() -> None:
    assert PriceBook("").cost("openai", "gpt-4o", Usage(input=1), NOW) is None
    assert PriceBook("").provider_at("https://api.openai.com") is None


def test_windows_are_those_of_genai_prices(book: PriceBook) -> None:
    known = 0
    for provider in providers:
        for model in provider.models:
            window = book.window(provider.id, model.id)
            if window is not None:
                known += 1
                _, judge = genai_prices.data_snapshot.get_snapshot().find_provider_model(
                    model.id, None, provider.id, None
                )
                assert window == judge.context_window, (provider.id, model.id)
    assert known > 1300


def test_windows_by_hand(book: PriceBook) -> None:
    assert book.window("anthropic", "claude-haiku-4-5") == 200_000
    assert book.window("anthropic", "claude-haiku-4-5-20251001") == 200_000
    assert book.window("openai", "nothing-like-it") is None
    assert book.window("anthropic", "gpt-4o") is None


# --- one price by hand ----------------------------------------------------------------------------


def test_steps_apply_to_every_token() -> None:
    price = Price(input=["1", (100, "2"), (200, "3")])
    for tokens, dollars in ((100, "100"), (101, "202"), (200, "400"), (201, "603")):
        assert price.cost(Usage(input=tokens)) == Decimal(dollars) / 1_000_000


def test_cached_tokens_count_towards_the_step() -> None:
    assert Price(input=["1", (100, "2")], cache_read="0").cost(Usage(input=1, cache_read=100)) == Decimal("0.000002")


def test_kinds_without_a_price_of_their_own() -> None:
    price = Price(input="1", output="10")
    assert price.cost(Usage(1, 1, 1, 1, 1, 1)) == Decimal(1 + 1 + 1 + 10 + 10) / 1_000_000
    assert Price(input="1").cost(Usage(output=1)) is None
    assert Price(input="1").cost(Usage(input=1)) == Decimal("0.000001")


def test_a_price_by_the_call() -> None:
    assert Price(input="0", request="12").cost(Usage()) == Decimal("0.012")


@pytest.mark.parametrize(("hour", "holds"), [(15, False), (17, True), (23, True), (0, True), (1, False)])
def test_hours_over_midnight(hour: int, holds: bool) -> None:
    at = datetime(2026, 11, 23, hour, tzinfo=UTC)
    price = Price(between=(datetime(2000, 1, 1, 16, 30).time(), datetime(2000, 1, 1, 0, 30).time()))  # noqa: DTZ001
    assert price.holds(at) is holds
