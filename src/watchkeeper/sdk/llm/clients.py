"""The official clients, wrapped in place: every model call goes through the one method that we stand in front of.

All of a client's resources end in `client.request`, whatever helper was used (`create`, `stream`, `parse`, `beta`),
every HTTP attempt passes `client._prepare_request` and every answer taken `client._process_response`. Nothing else of
it is touched, and it stays the same object.
"""

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

import msgspec

from watchkeeper.sdk.containment import attempt
from watchkeeper.sdk.llm.calls import CALL, Call, LlmInstruments
from watchkeeper.sdk.llm.reading import (
    AnthropicStream,
    ChatStream,
    ResponsesStream,
    StreamReader,
    anthropic_usage,
    openai_usage,
    text_at,
    value_of,
)
from watchkeeper.sdk.llm.streams import Wanted, watch
from watchkeeper.sdk.prices import Usage

P = ParamSpec("P")
R = TypeVar("R")

_WRAPPED = "_watchkeeper_wrapped"
_METHODS = ("request", "_prepare_request", "_process_response", "copy")
_RETRIES = "x-stainless-retry-count"
_RAW = "x-stainless-raw-response"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of call, and how its answers are read."""

    provider: str
    """Whose price list holds when the client talks to an address that no provider is known by."""
    usage: Callable[[object], Usage | None]
    reader: Callable[[], StreamReader]


_ENDPOINTS = {
    "anthropic": {"/v1/messages": Endpoint("anthropic", anthropic_usage, AnthropicStream)},
    "openai": {
        "/chat/completions": Endpoint("openai", openai_usage, ChatStream),
        "/responses": Endpoint("openai", openai_usage, ResponsesStream),
    },
}


def vendor_of(client: object) -> str | None:
    """Whose official client this is, subclasses for clouds included."""
    packages = {kind.__module__.partition(".")[0] for kind in type(client).__mro__}
    return next((vendor for vendor in _ENDPOINTS if vendor in packages and callable(value_of(client, "request"))), None)


class ClientWrapper:
    """Stands in front of one client."""

    def __init__(self, vendor: str, instruments: LlmInstruments, *, provider: str, include_usage: bool) -> None:
        self._endpoints = _ENDPOINTS[vendor]
        self._instruments = instruments
        self._provider = provider
        self._include_usage = include_usage

    def wrap(self, client: object) -> None:
        """Wrap in place, once."""
        own = vars(client)
        if _WRAPPED in own:
            return
        plan = self._plan(client)
        own.update(plan)
        own[_WRAPPED] = True

    def _plan(self, client: object) -> dict[str, object]:
        request, prepare, process, copy = (_method(client, name) for name in _METHODS)
        plan: dict[str, object] = {}
        if inspect.iscoroutinefunction(request):
            plan["request"] = self._async_request(client, request)
        elif request is not None:
            plan["request"] = self._request(client, request)
        if prepare is not None:
            plan["_prepare_request"] = _counting_attempts(prepare)
        if process is not None:
            plan["_process_response"] = _hearing(process)
        if copy is not None:
            plan["copy"] = plan["with_options"] = self._copying(copy)
        return plan

    def _copying(self, copy: Callable[P, R]) -> Callable[P, R]:
        """A client made from a wrapped one is wrapped too."""

        @functools.wraps(copy)
        def copied(*args: P.args, **kwargs: P.kwargs) -> R:
            made = copy(*args, **kwargs)
            attempt(self._instruments.requests, "llm.copy", lambda: self.wrap(made), None)
            return made

        return copied

    def _request(self, client: object, request: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(request)
        def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            begun = self._begin(client, args, kwargs)
            if begun is None:
                return request(*args, **kwargs)
            outer = CALL.get()
            CALL.set(begun.call)
            try:
                answer = request(*args, **kwargs)
            except BaseException as error:
                begun.call.failed(error)
                raise
            finally:
                CALL.set(outer)
            begun.answered(answer)
            return answer

        return counted

    def _async_request(self, client: object, request: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(request)
        async def counted(*args: P.args, **kwargs: P.kwargs) -> R:
            begun = self._begin(client, args, kwargs)
            if begun is None:
                return await request(*args, **kwargs)
            outer = CALL.get()
            CALL.set(begun.call)
            try:
                answer = await request(*args, **kwargs)
            except BaseException as error:
                begun.call.failed(error)
                raise
            finally:
                CALL.set(outer)
            begun.answered(answer)
            return answer

        return counted

    def _begin(self, client: object, args: tuple[object, ...], kwargs: Mapping[str, object]) -> "Begun | None":
        return attempt(self._instruments.requests, "llm.begin", lambda: self._begun(client, args, kwargs), None)

    def _begun(self, client: object, args: tuple[object, ...], kwargs: Mapping[str, object]) -> "Begun | None":
        options = kwargs.get("options", args[1] if len(args) > 1 else None)
        endpoint = self._endpoints.get(text_at(options, "url").partition("?")[0])
        if endpoint is None or text_at(options, "method").lower() != "post":
            return None
        body = value_of(options, "json_data")
        raw = _is_raw(value_of(options, "headers"))
        asked = self._include_usage and not raw and endpoint.reader is ChatStream and _ask_for_usage(options, body)
        call = Call(self._instruments, self._provider_of(client, endpoint), text_at(body, "model") or "unknown")
        return Begun(call, endpoint, _not_usage_alone if asked else _everything)

    def _provider_of(self, client: object, endpoint: Endpoint) -> str:
        """By the address that serves the call; behind a gateway by the client's own vendor."""
        known = self._instruments.book.provider_at(str(value_of(client, "base_url")))
        return self._provider or known or endpoint.provider


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that is under way, and how its answer will be read."""

    call: Call
    endpoint: Endpoint
    wanted: Wanted

    def answered(self, answer: object) -> None:
        attempt(self.call, "answered", lambda: self._read(answer), None)

    def _read(self, answer: object) -> None:
        if hasattr(answer, "_iterator"):
            self.call.reader = self.endpoint.reader()
            watch(answer, self.call, self.wanted)
            return
        body = _raw_body(answer)
        whole = answer if body is None else body
        self.call.answered(self.endpoint.usage(value_of(whole, "usage")), text_at(whole, "model"))


def _method(client: object, name: str) -> Callable[..., object] | None:
    method = getattr(client, name, None)
    return method if callable(method) else None


def _counting_attempts(prepare: Callable[P, R]) -> Callable[P, R]:
    """The client calls this before every HTTP attempt; an asynchronous one awaits what comes back."""

    @functools.wraps(prepare)
    def counted(*args: P.args, **kwargs: P.kwargs) -> R:
        call = CALL.get()
        if call is not None:
            attempt(call, "attempts", lambda: _note_attempt(call, args[0] if args else kwargs.get("request")), None)
        return prepare(*args, **kwargs)

    return counted


def _note_attempt(call: Call, request: object) -> None:
    call.attempts = int(text_at(value_of(request, "headers"), _RETRIES) or 0) + 1


def _hearing(process: Callable[P, R]) -> Callable[P, R]:
    """The client calls this with the HTTP answer it took; an asynchronous one awaits what comes back."""

    @functools.wraps(process)
    def heard(*args: P.args, **kwargs: P.kwargs) -> R:
        call = CALL.get()
        if call is not None:
            call.heard(kwargs.get("response"))
        return process(*args, **kwargs)

    return heard


def _is_raw(headers: object) -> bool:
    return isinstance(headers, Mapping) and any(str(name).lower() == _RAW for name in headers)


def _raw_body(answer: object) -> object | None:
    """The body behind a raw response, when the client has read it."""
    response = value_of(answer, "http_response")
    content = value_of(response, "_content")
    decoded: object = msgspec.json.decode(content) if isinstance(content, bytes) else None
    return decoded


def _ask_for_usage(options: object, body: object) -> bool:
    """A chat stream says what it used only when it is asked to."""
    if not isinstance(body, Mapping) or not body.get("stream") or "stream_options" in body:
        return False
    setattr(options, "json_data", {**body, "stream_options": {"include_usage": True}})  # noqa: B010 - the vendor's type
    return True


def _everything(_: object) -> bool:
    return True


def _not_usage_alone(piece: object) -> bool:
    """The last piece, with usage and without choices, exists only because we asked for it."""
    return bool(value_of(piece, "choices")) or value_of(piece, "usage") is None
