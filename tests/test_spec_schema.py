"""The JSON Schema for editors: it knows every key, requires nothing, and agrees with what `load` accepts."""

import json
import re

import pytest

from watchkeeper import spec
from watchkeeper.spec import schema
from watchkeeper.spec.log_schema import LogAlert
from watchkeeper.spec.written import Written


@pytest.fixture(scope="module")
def tree() -> dict[str, object]:
    tree: dict[str, object] = json.loads(json.dumps(spec.json_schema()))
    return tree


def part(tree: object, *path: str) -> object:
    for key in path:
        assert isinstance(tree, dict), path
        tree = tree[key]
    return tree


def keys(tree: dict[str, object], definition: str) -> set[str]:
    properties = part(tree, "$defs", definition, "properties")
    assert isinstance(properties, dict)
    return set(properties)


def test_it_is_a_schema_of_our_file(tree: dict[str, object]) -> None:
    assert tree["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert tree["title"] == "watchkeeper.yaml"
    assert tree["additionalProperties"] is False


def test_it_names_keys_as_they_are_written(tree: dict[str, object]) -> None:
    assert {"for", "within", "above", "below", "guard", "enabled", "because", "until"} <= keys(tree, "Alert")
    assert "class" in keys(tree, "Slo")
    assert "for_" not in keys(tree, "Alert")


def test_nothing_is_required_of_an_override(tree: dict[str, object]) -> None:
    assert '"required": [' not in json.dumps(tree)


def test_choices_are_listed(tree: dict[str, object]) -> None:
    assert "critical" in json.dumps(part(tree, "$defs", "Alert", "properties", "severity"))
    assert "workbook-low" in json.dumps(part(tree, "$defs", "Slo", "properties", "burn_alerts"))


def test_a_label_is_a_list_or_a_cap(tree: dict[str, object]) -> None:
    either = part(tree, "$defs", "LabelDomain", "anyOf")
    assert isinstance(either, list)
    assert part(either[0], "type") == "array"
    assert part(either[1], "properties", "cap", "anyOf")


def test_patterns_are_those_of_the_reader(tree: dict[str, object]) -> None:
    pattern = part(tree, "$defs", "Intervals", "properties", "rules_slow", "pattern")
    assert isinstance(pattern, str)
    assert re.search(pattern, "1h30m")
    assert not re.search(pattern, "30m1h")


def test_every_section_is_known_to_the_rules_of_merging() -> None:
    fields = set(schema.File.model_fields)
    assert set(schema.NAMED) <= fields
    assert set(schema.ALTERNATIVES) <= set(schema.NAMED)
    assert set(schema.PER_SERVICE) < fields


@pytest.mark.parametrize(
    ("section", "model"),
    [
        ("alerts", schema.Alert),
        ("receivers", schema.Receiver),
        ("schedules", schema.Schedule),
        ("slos", schema.Slo),
        ("log_alerts", LogAlert),
    ],
)
def test_alternatives_are_keys_that_exist(section: str, model: type[Written]) -> None:
    known = {field.alias or name for name, field in model.model_fields.items()}
    for group in schema.ALTERNATIVES[section]:
        for names in group:
            assert names <= known


MODELS = (
    schema.Alert,
    schema.LabelDomain,
    schema.Metric,
    schema.PagerDuty,
    schema.Receiver,
    schema.Route,
    schema.Slack,
    schema.Slo,
)


def test_what_mistaken_keys_mean_exists() -> None:
    known: set[str] = set()
    for model in MODELS:
        known |= {field.alias or name for name, field in model.model_fields.items()}
    assert set(schema.MISTAKEN.values()) | set(schema.SECRETS.values()) <= known
