"""genai-prices' data as a small dated text."""

import json
from datetime import date, time
from decimal import Decimal

import pytest
from genai_prices import types
from genai_prices.data import providers

from watchkeeper.compile.prices import snapshot

MODEL = types.ModelInfo(
    id="m-1",
    match=types.ClauseOr(
        [
            types.ClauseEquals("M-1"),
            types.ClauseAnd([types.ClauseStartsWith("m-"), types.ClauseEndsWith("-1"), types.ClauseContains("x")]),
            types.ClauseRegex("^m-1-\\d{8}$"),
        ]
    ),
    price_comments="verified on 2026-05-04; retires on 2027-01-01",
    prices=[
        types.ConditionalPrice(prices=types.ModelPrice(input_mtok=Decimal("3.00"), output_mtok=Decimal(15))),
        types.ConditionalPrice(
            types.StartDateConstraint(date(2026, 12, 1)),
            prices=types.ModelPrice(
                input_mtok=types.TieredPrices(Decimal(2), [types.Tier(200_000, Decimal("4.5"))]),
                cache_read_mtok=Decimal("0.20"),
                input_audio_mtok=Decimal(9),
            ),
        ),
        types.ConditionalPrice(
            types.TimeOfDateConstraint(time(16, 30), time(0, 30)), prices=types.ModelPrice(requests_kcount=Decimal(12))
        ),
    ],
)


def provider(*models: types.ModelInfo, fallback: list[str] | None = None) -> types.Provider:
    return types.Provider(
        "p", "P", "https://p", models=list(models), fallback_model_providers=fallback, price_comments="as of 2026-03-01"
    )


def test_a_provider_and_its_model() -> None:
    made = snapshot([provider(MODEL, fallback=["q"])], "9.9")
    assert [json.loads(line) for line in made.text.splitlines()] == [
        {"source": "genai-prices 9.9", "dated": "2026-05-04"},
        {"provider": "p", "url": "https://p", "fallback": ["q"]},
        {
            "model": "m-1",
            "match": [
                "or",
                ["equals", "m-1"],
                ["and", ["starts", "m-"], ["ends", "-1"], ["contains", "x"]],
                ["regex", "^m-1-\\d{8}$"],
            ],
            "prices": [
                {"input": "3", "output": "15"},
                {"from": "2026-12-01", "input": ["2", [200000, "4.5"]], "cache_read": "0.2"},
                {"between": ["16:30:00", "00:30:00"], "request": "12"},
            ],
        },
    ]


def test_a_model_without_a_price_by_the_token_stays_in_its_place() -> None:
    """It may stand before a broader match, which must not price it."""
    free = types.ModelInfo("m:free", types.ClauseEquals("m:free"), prices=types.ModelPrice(audio_hours=Decimal(1)))
    broad = types.ModelInfo("m", types.ClauseStartsWith("m"), prices=types.ModelPrice(input_mtok=Decimal(1)))
    lines = snapshot([provider(free, broad)], "9.9").lines
    assert [json.loads(line)["model"] for line in lines[1:]] == ["m:free", "m"]
    assert json.loads(lines[1])["prices"] == []


def test_a_window_is_told_where_it_is_known() -> None:
    known = types.ModelInfo("m", types.ClauseEquals("m"), context_window=200_000, prices=types.ModelPrice())
    made = [json.loads(line) for line in snapshot([provider(known, MODEL)], "9.9").lines[1:]]
    assert [line.get("window") for line in made] == [200_000, None]
    assert "window" not in made[1]


def test_without_remarks_there_is_no_date() -> None:
    assert snapshot([types.Provider("p", "P", "https://p")], "9.9").dated == date.min


def test_the_installed_data_is_compiled_whole() -> None:
    made = snapshot(providers, "0")
    assert len(made.lines) == len(providers) + sum(len(known.models) for known in providers)
    assert made.text == snapshot(providers, "0").text
    assert made.text.isascii()
    assert '"""' not in made.text


@pytest.mark.parametrize("line", snapshot(providers, "0").lines[:3])
def test_lines_are_compact(line: str) -> None:
    assert json.dumps(json.loads(line), separators=(",", ":")) == line
