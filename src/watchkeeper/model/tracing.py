"""Traces: what spans are called and carry, what leaves the process beside them, and which are kept."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from watchkeeper.quantity import Duration, Ratio

_FIELD = re.compile(r"\{([a-z_]+)\}")

ID_IN_PATH = r"/(?:[0-9]+|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b"
"""A number or UUID as a segment of a path: a name with one in it is a name per object. For Python and RE2 alike."""

STATEMENT_TEXT = "'(?:[^']|'')*'"
"""What `?` takes the place of in a database statement: a text."""

STATEMENT_NUMBER = r"(^|[^$0-9A-Za-z_.])[0-9]+(?:\.[0-9]+)?\b"
"""And a number, after what its group holds; not the `1` of a parameter `$1`."""

PSEUDONYM = "^[0-9a-f]{64}$"
"""The hexadecimal digits of an HMAC-SHA-256."""

HEADROOM = Decimal("1.5")
"""Traces wait longer than the decision wait while the sampler is busy: its memory holds half as many again."""


class SpanNameError(ValueError):
    """A span's name cannot be made: a field is missing, or its value would not be one word."""


@dataclass(frozen=True, slots=True)
class SpanName:
    """How spans of one kind are called: `DB {operation} {table}`. A field's value is one word."""

    kind: str
    pattern: str
    example: str

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(_FIELD.findall(self.pattern))

    def render(self, values: Mapping[str, str]) -> str:
        """Raises SpanNameError."""
        for field in self.fields:
            if not re.fullmatch(r"\S+", values.get(field, "")):
                raise SpanNameError(f"{self.kind}: `{field}` of `{self.pattern}` needs one word")
        return _FIELD.sub(lambda match: values[match[1]], self.pattern)

    def fits(self, name: str) -> bool:
        """Whether a name could have been made by `render`, from words that are no ids."""
        if re.search(ID_IN_PATH, name):
            return False
        parts = _FIELD.split(self.pattern)
        literals = (re.escape(text) if index % 2 == 0 else r"\S+" for index, text in enumerate(parts))
        return re.fullmatch("".join(literals), name) is not None


class Carrier(StrEnum):
    """Formats of the headers that carry a trace from one service to the next."""

    W3C = "w3c"
    B3 = "b3"
    JAEGER = "jaeger"


@dataclass(frozen=True, slots=True)
class Baggage:
    keys: tuple[str, ...]
    """Each a pseudonym, see `Pseudonyms`."""
    hosts: tuple[str, ...]
    """Names, or `*.` and a domain; baggage goes to no other host."""

    def goes_to(self, host: str) -> bool:
        return any(fnmatchcase(host.lower(), allowed) for allowed in self.hosts)


@dataclass(frozen=True, slots=True)
class Propagation:
    extract: tuple[Carrier, ...]
    """Where a request carries several, the first wins."""
    inject: tuple[Carrier, ...]
    inject_on_request: tuple[Carrier, ...]
    """Only where a service asks for it by name."""
    baggage: Baggage


@dataclass(frozen=True, slots=True)
class SamplingRule:
    """A kind of trace with a share of its own: any span of it has one of the routes, classes or attributes."""

    name: str
    routes: tuple[str, ...]
    request_classes: tuple[str, ...]
    attributes: tuple[str, ...]
    share: Ratio
    slow_after: Duration


@dataclass(frozen=True, slots=True)
class Sampling:
    """Errors and slow traces are always kept. Of the others the first rule that fits says the share."""

    environments: tuple[tuple[str, Ratio], ...]
    """Share of the traces that no rule speaks of."""
    slow_after: Duration
    rules: tuple[SamplingRule, ...]
    cap_per_second: int
    """Traces that may be kept by their share in a second. Errors and slow traces are never cut."""
    decision_wait: Duration
    decision_wait_after_root: Duration
    traces_in_memory: int
    spans_per_trace: int
    """What sizes in spans are computed with."""

    def share(self, environment: str) -> Ratio:
        """An environment that is not named has the smallest share of those that are."""
        shares = dict(self.environments)
        return shares[environment] if environment in shares else min(shares.values())

    def share_of(self, rule: SamplingRule, environment: str) -> Ratio:
        """A rule that keeps more than the smallest share of all keeps nowhere less than the environment itself."""
        more = rule.share >= min(share for _, share in self.environments)
        return max(rule.share, self.share(environment)) if more else rule.share

    def memory_needed(self, traces_per_second: Decimal) -> int:
        """Traces that wait for their decision at once."""
        waiting = traces_per_second * self.decision_wait.seconds * HEADROOM
        return int(waiting.to_integral_value(rounding=ROUND_CEILING))

    @property
    def holds(self) -> Decimal:
        """Traces per second up to which the memory suffices."""
        return self.traces_in_memory / (self.decision_wait.seconds * HEADROOM)


@dataclass(frozen=True, slots=True)
class SpanAttribute:
    name: str
    group: str
    limit: int | None
    """Characters; None for numbers and what is short by itself."""
    replaces: str
    """The specification's own name, where it could not be kept."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Attributes whose value leaves the process only as HMAC-SHA-256 of it, in 64 hexadecimal digits."""

    attributes: tuple[str, ...]
    key_file: str


@dataclass(frozen=True, slots=True)
class SpanRedaction:
    """What is masked in spans beside the private data that no log line may show either."""

    query_parameters: tuple[str, ...]
    statements: tuple[str, ...]
    """Attributes with a database statement: every literal becomes `?`."""


@dataclass(frozen=True, slots=True)
class Export:
    batch_spans: int
    batch_delay: Duration
    compression: str


@dataclass(frozen=True, slots=True)
class Tracing:
    names: tuple[SpanName, ...]
    propagation: Propagation
    client_timeouts: tuple[tuple[str, Duration], ...]
    """The longest a call of this kind of span takes, retries included."""
    sampling: Sampling
    attributes: tuple[SpanAttribute, ...]
    pseudonyms: Pseudonyms
    redaction: SpanRedaction
    export: Export
    duration_buckets: tuple[Duration, ...]
    """Of the histogram made from all spans before sampling, ascending."""
    retention: Duration

    @property
    def searchable(self) -> Duration:
        """Jaeger must look one day further back than traces are kept: the oldest day is a whole one."""
        return self.retention + Duration.of(days=1)
