"""One model call, from its beginning to the one moment at which it is counted."""

import time
from contextvars import ContextVar
from dataclasses import asdict
from datetime import UTC, datetime

from watchkeeper.sdk.containment import contained
from watchkeeper.sdk.instruments import Counter, Gauge, Histogram
from watchkeeper.sdk.llm.failures import CallOutcome, outcome_of
from watchkeeper.sdk.llm.ratelimits import remaining
from watchkeeper.sdk.llm.reading import StreamReader, value_of
from watchkeeper.sdk.prices import PriceBook, Usage
from watchkeeper.sdk.tracing.spans import Kind
from watchkeeper.sdk.tracing.tracer import Tracer

CALL: ContextVar["Call | None"] = ContextVar("watchkeeper_llm_call", default=None)
"""The call whose HTTP attempts are being made."""

_MOST_EXPECTED = 200
_KINDS = ("input", "cache_read", "cache_write", "output", "reasoning")


class LlmInstruments:
    """The metrics that every model call moves, and what it costs."""

    def __init__(
        self,
        *,
        requests: Counter,
        duration: Histogram,
        first_token: Histogram,
        tokens: Counter,
        cost: Counter,
        unpriced: Counter,
        missing: Counter,
        retries: Counter,
        context: Histogram,
        remaining: Gauge,
        prices: str,
        tracer: Tracer,
    ) -> None:
        self.requests = requests
        self.duration = duration
        self.first_token = first_token
        self.tokens = tokens
        self.cost = cost
        self.unpriced = unpriced
        self.missing = missing
        self.retries = retries
        self.context = context
        self.remaining = remaining
        self.tracer = tracer
        self._expected: set[tuple[str, str]] = set()
        self._text = prices
        self._book: PriceBook | None = None

    @property
    def book(self) -> PriceBook:
        """Opened when it is needed first."""
        if self._book is None:
            self._book = PriceBook(self._text)
        return self._book

    def expect(self, provider: str, model: str) -> None:
        """A model that is called for the first time: its series begin at zero."""
        if (provider, model) in self._expected or len(self._expected) >= _MOST_EXPECTED:
            return
        self._expected.add((provider, model))
        for outcome in CallOutcome:
            self.requests.touch((provider, model, outcome.value))
        for kind in _KINDS:
            self.tokens.touch((provider, model, kind))
        for counter in (self.cost, self.unpriced, self.missing, self.retries):
            counter.touch((provider, model))

    def bill(self, provider: str, label: str, models: tuple[str, ...], usage: Usage) -> None:
        """Count tokens, dollars and how full the context was; the first of the models that is known was served."""
        counts = asdict(usage)
        for kind in _KINDS:
            if counts[kind]:
                self.tokens.add((provider, label, kind), counts[kind])
        now = datetime.now(UTC)
        costs = (self.book.cost(provider, model, usage, now) for model in models if model)
        cost = next((dollars for dollars in costs if dollars is not None), None)
        if cost is None:
            self.unpriced.add((provider, label))
        else:
            self.cost.add((provider, label), float(cost))
        windows = (self.book.window(provider, model) for model in models if model)
        window = next((tokens for tokens in windows if tokens), None)
        if window is not None:
            self.context.record((provider, label), usage.whole_input / window)


class Call:
    """Counted once, by whichever end comes first. No method raises."""

    def __init__(self, instruments: LlmInstruments, provider: str, model: str) -> None:
        self.provider = provider
        self.model = model
        self.attempts = 1
        self.reader: StreamReader | None = None
        """Follows the answer once it has begun to stream."""
        self._instruments = instruments
        self._started = time.perf_counter()
        self._counted = False
        self._first_token_seen = False
        instruments.expect(provider, model)
        tracer = instruments.tracer
        self._span = tracer.start(tracer.name("llm", provider, model), Kind.CLIENT)
        self._span.put("gen_ai.provider.name", provider)
        self._span.put("gen_ai.request.model", model)

    def internal_error(self, where: str) -> None:
        self._instruments.requests.registry.internal_error(f"llm.{where}")

    @contained
    def heard(self, response: object) -> None:
        """An HTTP answer came, of whatever kind: its headers may say what is left of the provider's rate limits."""
        for kind, ratio in remaining(value_of(response, "headers")).items():
            self._instruments.remaining.write((self.provider, kind), ratio)

    @contained
    def answered(self, usage: Usage | None, model: str) -> None:
        """A whole answer came."""
        self._count(CallOutcome.OK, usage, model, began=True)

    @contained
    def failed(self, error: BaseException) -> None:
        """The call raised; or its stream did, after it had begun."""
        self.heard(value_of(error, "response"))
        reader = self.reader
        if reader is not None and reader.began and _is_farewell(error):
            self.left()
            return
        outcome = outcome_of(error, streaming=reader is not None)
        self._count(outcome, None, "", began=reader is not None, error=error)

    @contained
    def event(self, event: object) -> None:
        """A piece of the streamed answer."""
        if self.reader is None:
            return
        self.reader.see(event)
        if self.reader.began and not self._first_token_seen:
            self._first_token_seen = True
            waited = time.perf_counter() - self._started
            self._instruments.first_token.record((self.provider, self.model), waited)

    @contained
    def exhausted(self) -> None:
        """The stream has no more pieces; without its own end among them it was cut."""
        if self.reader is not None:
            outcome = CallOutcome.OK if self.reader.finished else CallOutcome.CUT
            self._count(outcome, self.reader.usage, self.reader.model, began=True)

    @contained
    def left(self) -> None:
        """The caller wants no more of the stream, which is no fault of the provider's."""
        if self.reader is not None:
            self._count(CallOutcome.OK, self.reader.usage, self.reader.model, began=True)

    def _count(
        self,
        outcome: CallOutcome,
        usage: Usage | None,
        model: str,
        *,
        began: bool,
        error: BaseException | None = None,
    ) -> None:
        if self._counted:
            return
        self._counted = True
        self._end_span(outcome, usage, error)
        labels = self.provider, self.model
        instruments = self._instruments
        instruments.requests.add((*labels, outcome.value))
        instruments.duration.record(labels, time.perf_counter() - self._started)
        if self.attempts > 1:
            instruments.retries.add(labels, self.attempts - 1)
        if usage is not None:
            instruments.bill(self.provider, self.model, (model, self.model), usage)
        elif began:
            instruments.missing.add(labels)

    @contained
    def _end_span(self, outcome: CallOutcome, usage: Usage | None, error: BaseException | None) -> None:
        """The conventions of GenAI count what came from a cache among the input."""
        if usage is not None:
            self._span.put("gen_ai.usage.input_tokens", usage.whole_input)
            self._span.put("gen_ai.usage.output_tokens", usage.output)
        if outcome is not CallOutcome.OK:
            self._span.error = outcome.value
        self._instruments.tracer.finish(self._span, None if error is None or _is_farewell(error) else error)


def _is_farewell(error: BaseException) -> bool:
    return not isinstance(error, Exception)
