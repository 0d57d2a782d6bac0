"""What tests of traces share: the compiled documents as trees, and a reader of sampling policies that is not ours."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from watchkeeper.compile import tracing
from watchkeeper.compile.reference import reference
from watchkeeper.compile.versions import DEFAULT, Versions
from watchkeeper.model import Catalog

Node = dict[str, Any]


def texts(catalog: Catalog, environment: str = "production", versions: Versions = DEFAULT) -> dict[str, str]:
    documents = tracing.documents(catalog, reference(catalog, environment), versions)
    return {document.path: document.text for document in documents}


def tree(catalog: Catalog, path: str, environment: str = "production", versions: Versions = DEFAULT) -> Node:
    loaded = yaml.safe_load(texts(catalog, environment, versions)[path])
    assert isinstance(loaded, dict)
    return loaded


@dataclass(frozen=True)
class Span:
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    start: float = 0
    """Seconds."""
    end: float = 0.1
    error: bool = False


Trace = Sequence[Span]


def chance(policy: Node, trace: Trace) -> float:
    """With which probability a policy keeps a trace, as the processor's documentation says it; caps left aside.

    https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor
    """
    settings = policy[policy["type"]]
    if policy["type"] == "and":
        return math.prod(chance(part, trace) for part in settings["and_sub_policy"])
    if policy["type"] == "probabilistic":
        return float(settings["sampling_percentage"]) / 100
    return float(_MEETS[policy["type"]](settings, trace))


def _erroneous(settings: Node, trace: Trace) -> bool:
    return "ERROR" in settings["status_codes"] and any(span.error for span in trace)


def _between(settings: Node, trace: Trace) -> bool:
    values = [span.attributes.get(settings["key"]) for span in trace]
    return any(isinstance(value, int) and settings["min_value"] <= value <= settings["max_value"] for value in values)


def _longer(settings: Node, trace: Trace) -> bool:
    took = max(span.end for span in trace) - min(span.start for span in trace)
    return bool(took * 1000 > settings["threshold_ms"])


def _has(settings: Node, trace: Trace) -> bool:
    values = [span.attributes.get(settings["key"]) for span in trace]
    texts = [value for value in values if isinstance(value, str) and value]
    if settings.get("enabled_regex_matching"):
        return any(re.search(pattern, text) for pattern in settings["values"] for text in texts)
    return any(text in settings["values"] for text in texts)


def _meets_attribute(settings: Node, trace: Trace) -> bool:
    return _has(settings, trace) is not settings.get("invert_match", False)


_MEETS: dict[str, Callable[[Node, Trace], bool]] = {
    "status_code": _erroneous,
    "numeric_attribute": _between,
    "latency": _longer,
    "string_attribute": _meets_attribute,
    "rate_limiting": lambda _settings, _trace: True,
}


def is_share(policy: Node) -> bool:
    parts = policy["and"]["and_sub_policy"] if policy["type"] == "and" else [policy]
    return any(part["type"] == "probabilistic" for part in parts)


def kept(policies: Sequence[Node], trace: Trace) -> float:
    """Policies are OR-ed, and all draw from one hash of the trace id: the greatest chance is the chance."""
    return max(chance(policy, trace) for policy in policies)


def shares(policies: Sequence[Node], trace: Trace) -> list[str]:
    """The policies with a share of their own that a trace meets."""
    return [policy["name"] for policy in policies if is_share(policy) and chance(policy, trace) > 0]
