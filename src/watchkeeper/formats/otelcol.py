"""The parts of a Collector's configuration that its own `validate` does not judge, typed; the rest is plain trees.

`validate` lets pass a latency policy without a threshold (it keeps every trace), 300 %, unknown policies and unsorted
buckets (https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/main/processor/tailsamplingprocessor).
Such values cannot be made here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from watchkeeper.formats.yaml import Tree
from watchkeeper.quantity import Duration, Ratio


class CollectorError(ValueError):
    """A configuration that a Collector would take and not mean."""


def literal(text: str) -> str:
    """A text that the Collector shall not expand: `$` begins a variable."""
    return text.replace("$", "$$")


def ottl_string(text: str) -> str:
    """A text inside a statement of the transformation language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def number(value: Decimal) -> int | float:
    return int(value) if value % 1 == 0 else float(value)


def go_duration(duration: Duration) -> str:
    """Go knows no days, and nobody needs to read `2m` and `120s` in one file."""
    whole = duration.milliseconds % 1000 == 0
    return f"{duration.milliseconds // 1000}s" if whole else f"{duration.milliseconds}ms"


@dataclass(frozen=True, slots=True)
class Erroneous:
    """Any span has the status ERROR."""

    def tree(self) -> dict[str, Tree]:
        return {"type": "status_code", "status_code": {"status_codes": ["ERROR"]}}


@dataclass(frozen=True, slots=True)
class Between:
    """Any span has a number in this range."""

    key: str
    least: int
    most: int

    def __post_init__(self) -> None:
        # the processor takes 0 for unset
        if not 0 < self.least <= self.most:
            raise CollectorError(f"{self.key}: {self.least} to {self.most} is no range")

    def tree(self) -> dict[str, Tree]:
        bounds = {"min_value": self.least, "max_value": self.most}
        return {"type": "numeric_attribute", "numeric_attribute": {"key": self.key, **bounds}}


@dataclass(frozen=True, slots=True)
class Longer:
    """From the first span's start to the last one's end it took longer."""

    than: Duration

    def __post_init__(self) -> None:
        if self.than.milliseconds < 1:
            raise CollectorError("a latency policy without a threshold keeps every trace")

    def tree(self) -> dict[str, Tree]:
        return {"type": "latency", "latency": {"threshold_ms": self.than.milliseconds}}


@dataclass(frozen=True, slots=True)
class Has:
    """Any span, or its resource, has one of the values; without values: has the attribute at all."""

    key: str
    values: tuple[str, ...] = ()

    def tree(self) -> dict[str, Tree]:
        return {"type": "string_attribute", "string_attribute": self._fields()}

    def _fields(self) -> dict[str, Tree]:
        if self.values:
            return {"key": self.key, "values": [literal(value) for value in self.values]}
        return {"key": self.key, "values": [".+"], "enabled_regex_matching": True}


@dataclass(frozen=True, slots=True)
class HasNot:
    """No span has it."""

    of: Has

    def tree(self) -> dict[str, Tree]:
        return {"type": "string_attribute", "string_attribute": {**self.of._fields(), "invert_match": True}}


@dataclass(frozen=True, slots=True)
class Chance:
    share: Ratio

    def __post_init__(self) -> None:
        if not 0 < self.share.value <= 1:
            raise CollectorError(f"{self.share} is no share of a whole")

    def tree(self) -> dict[str, Tree]:
        return {"type": "probabilistic", "probabilistic": {"sampling_percentage": number(self.share.percent)}}


@dataclass(frozen=True, slots=True)
class AtMost:
    spans_per_second: int

    def __post_init__(self) -> None:
        if self.spans_per_second < 1:
            raise CollectorError("a rate of nothing keeps nothing")

    def tree(self) -> dict[str, Tree]:
        return {"type": "rate_limiting", "rate_limiting": {"spans_per_second": self.spans_per_second}}


Condition = Erroneous | Between | Longer | Has | HasNot | Chance | AtMost


@dataclass(frozen=True, slots=True)
class Policy:
    """A trace is kept that meets all conditions of one policy."""

    name: str
    conditions: tuple[Condition, ...]

    def __post_init__(self) -> None:
        if not self.conditions:
            raise CollectorError(f"policy {self.name} has no condition")

    def tree(self) -> dict[str, Tree]:
        if len(self.conditions) == 1:
            return {"name": self.name, **self.conditions[0].tree()}
        parts = [{"name": f"{index}", **each.tree()} for index, each in enumerate(self.conditions, 1)]
        return {"name": self.name, "type": "and", "and": {"and_sub_policy": parts}}


@dataclass(frozen=True, slots=True)
class TailSampling:
    policies: tuple[Policy, ...]
    decision_wait: Duration
    after_root: Duration | None
    """None where the Collector does not know it."""
    traces: int
    new_traces_per_second: int
    largest_trace_bytes: int | None
    """None likewise."""

    def __post_init__(self) -> None:
        twice = [name for name, count in Counter(policy.name for policy in self.policies).items() if count > 1]
        if twice or not self.policies:
            raise CollectorError(f"policies need names of their own: {', '.join(twice) or 'there are none'}")
        after_root = self.decision_wait if self.after_root is None else self.after_root
        if not Duration.of() < after_root <= self.decision_wait:
            raise CollectorError("the wait after the root must be a part of the whole wait")
        if min(self.traces, self.new_traces_per_second) < 1:
            raise CollectorError("a sampler that remembers nothing drops everything")

    def tree(self) -> dict[str, Tree]:
        since = {
            "decision_wait_after_root_received": None if self.after_root is None else go_duration(self.after_root),
            "maximum_trace_size_bytes": self.largest_trace_bytes,
        }
        return {
            "decision_wait": go_duration(self.decision_wait),
            "num_traces": self.traces,
            "expected_new_traces_per_sec": self.new_traces_per_second,
            **{key: value for key, value in since.items() if value is not None},
            # late spans follow the decision; most traces are not kept
            "decision_cache": {"sampled_cache_size": self.traces * 10, "non_sampled_cache_size": self.traces * 20},
            "policies": [policy.tree() for policy in self.policies],
        }


def histogram(bounds: tuple[Duration, ...]) -> Mapping[str, Tree]:
    """Of span durations, in milliseconds."""
    if list(bounds) != sorted(set(bounds)) or not bounds:
        raise CollectorError("buckets ascend, each once")
    return {"unit": "ms", "explicit": {"buckets": [go_duration(bound) for bound in bounds]}}
