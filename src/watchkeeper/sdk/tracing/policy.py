"""What the definitions say about traces, as the generated module carries it. Without definitions: the defaults here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """How much is kept of one kind of trace."""

    shares: tuple[tuple[str, float], ...] = ()
    """By environment; one that is not named has the smallest. Empty: all."""
    slow_seconds: float = 2.0
    """Longer than this is slow, and slow traces are kept whatever the share."""

    def share(self, environment: str) -> float:
        shares = dict(self.shares)
        return shares.get(environment, min(shares.values(), default=1.0))


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind of trace: any of these makes it one."""

    name: str
    kept: Kept
    routes: tuple[str, ...] = ()
    request_classes: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Propagation:
    """Headers that carry a trace from one service to the next: `w3c`, `b3`, `jaeger`."""

    extract: tuple[str, ...] = ("w3c",)
    """Where a request carries several, the first wins."""
    inject: tuple[str, ...] = ("w3c",)
    inject_on_request: tuple[str, ...] = ()
    baggage_keys: tuple[str, ...] = ()
    baggage_hosts: tuple[str, ...] = ()
    """Names, or `*.` and a domain; baggage goes to no other host."""


@dataclass(frozen=True, slots=True)
class Scrubbing:
    """What leaves the process only masked, shortened or as a pseudonym. Patterns are those of the gateway."""

    keys: tuple[str, ...] = ()
    """Patterns of attribute names whose whole value is masked."""
    values: tuple[str, ...] = ()
    """Patterns of what is masked in any text."""
    query_parameters: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    """Attributes with a database statement, whose literals are left out."""
    literals: tuple[tuple[str, str], ...] = ()
    """Patterns of a literal in a statement, each with what stands in its place."""
    pseudonyms: tuple[str, ...] = ()
    ids_in_path: str = ""
    limits: tuple[tuple[str, int], ...] = ()
    """Characters that an attribute may have."""


@dataclass(frozen=True, slots=True)
class TracePolicy:
    names: tuple[tuple[str, str], ...] = ()
    """By kind of span, a pattern with `{fields}`."""
    propagation: Propagation = Propagation()
    rules: tuple[Rule, ...] = ()
    """The first that fits says the share."""
    others: Kept = Kept()
    """Traces that no rule speaks of."""
    cap_per_second: int = 1000
    """Traces that may be kept by their share in a second. Errors and slow ones are never cut."""
    scrubbing: Scrubbing = Scrubbing()
    batch_spans: int = 512
    batch_seconds: float = 5.0
