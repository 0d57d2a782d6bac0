"""What the SDK has to know about traces: the same names, shares, limits and patterns as the Collectors have."""

from watchkeeper.compile.pysource import call, items, text, texts
from watchkeeper.compile.scrubbing import Net
from watchkeeper.model import (
    ID_IN_PATH,
    STATEMENT_NUMBER,
    STATEMENT_TEXT,
    Logs,
    Propagation,
    Sampling,
    SamplingRule,
    Tracing,
)
from watchkeeper.quantity import Ratio

_INDENT = 4


def trace_policy(tracing: Tracing, logs: Logs | None) -> str:
    """The source of a `TracePolicy`."""
    sampling = tracing.sampling
    arguments = (
        ("names", items(_pair(name.kind, text(name.pattern)) for name in tracing.names)),
        ("propagation", _propagation(tracing.propagation)),
        ("rules", items(_rule(sampling, rule) for rule in sampling.rules)),
        ("others", _kept(sampling.environments, float(sampling.slow_after.seconds))),
        ("cap_per_second", str(sampling.cap_per_second)),
        ("scrubbing", _scrubbing(tracing, Net.of(tracing, logs))),
        ("batch_spans", str(tracing.export.batch_spans)),
        ("batch_seconds", repr(float(tracing.export.batch_delay.seconds))),
    )
    return call("TracePolicy", arguments, _INDENT)


def _pair(first: str, second: str) -> str:
    return f"({text(first)}, {second})"


def _propagation(propagation: Propagation) -> str:
    arguments = (
        ("extract", texts(propagation.extract)),
        ("inject", texts(propagation.inject)),
        ("inject_on_request", texts(propagation.inject_on_request)),
        ("baggage_keys", texts(propagation.baggage.keys)),
        ("baggage_hosts", texts(propagation.baggage.hosts)),
    )
    return call("Propagation", arguments, 2 * _INDENT)


def _rule(sampling: Sampling, rule: SamplingRule) -> str:
    shares = tuple((name, sampling.share_of(rule, name)) for name, _ in sampling.environments)
    arguments = (
        ("name", text(rule.name)),
        ("kept", _kept(shares, float(rule.slow_after.seconds))),
        ("routes", texts(rule.routes)),
        ("request_classes", texts(rule.request_classes)),
        ("attributes", texts(rule.attributes)),
    )
    return call("Rule", arguments, 2 * _INDENT)


def _kept(shares: tuple[tuple[str, Ratio], ...], slow_seconds: float) -> str:
    parts = items(_pair(name, repr(float(share.value))) for name, share in shares)
    return f"Kept(shares={parts}, slow_seconds={slow_seconds!r})"


def _scrubbing(tracing: Tracing, net: Net) -> str:
    limited = ((each.name, each.limit) for each in tracing.attributes if each.limit is not None)
    arguments = (
        ("keys", texts(key.removeprefix("(?i)") for key in net.keys)),
        ("values", texts(net.secrets)),
        ("query_parameters", texts(tracing.redaction.query_parameters)),
        ("statements", texts(tracing.redaction.statements)),
        ("literals", items((_pair(STATEMENT_TEXT, text("?")), _pair(STATEMENT_NUMBER, text("\\1?"))))),
        ("pseudonyms", texts(net.pseudonyms)),
        ("ids_in_path", text(ID_IN_PATH)),
        ("limits", items(_pair(name, str(limit)) for name, limit in limited)),
    )
    return call("Scrubbing", arguments, 2 * _INDENT)
