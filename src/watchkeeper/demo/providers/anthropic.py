"""The Anthropic Messages protocol: one JSON answer, or server-sent events from `message_start` to `message_stop`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from watchkeeper.demo.providers.allowance import Allowance
from watchkeeper.demo.providers.call import MODELS, Call, Json, Provider, Refusal, Reply, Usage

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class _CacheControl(msgspec.Struct):
    type: Literal["ephemeral"]


class _Block(msgspec.Struct):
    type: str
    text: str = ""
    cache_control: _CacheControl | None = None


class _Message(msgspec.Struct):
    role: Literal["user", "assistant"]
    content: str | list[_Block]


class _Request(msgspec.Struct):
    model: str
    max_tokens: int
    messages: list[_Message]
    system: str | list[_Block] = ""
    stream: bool = False


class AnthropicWire:
    provider = Provider.ANTHROPIC

    def parse(self, body: bytes) -> Call:
        try:
            request = msgspec.json.decode(body, type=_Request)
        except msgspec.DecodeError as error:
            raise Refusal(400, str(error)) from error
        if request.model not in MODELS[self.provider]:
            raise Refusal(404, f"model: {request.model}")
        if not request.messages or request.messages[0].role != "user":
            raise Refusal(400, "messages: first message must use the user role")
        prefix, system = _split_system(request.system)
        return Call(
            provider=self.provider,
            model=request.model,
            stream=request.stream,
            max_tokens=request.max_tokens,
            prefix=prefix,
            prompt=system + "".join(_text(message.content) for message in request.messages),
        )

    def refused(self, refusal: Refusal, request_id: str) -> bytes:
        return msgspec.json.encode(
            {
                "type": "error",
                "error": {"type": _ERROR_TYPES[refusal.status], "message": refusal.message},
                "request_id": request_id,
            }
        )

    def limits(self, allowance: Allowance) -> dict[str, str]:
        headers: dict[str, str] = {}
        for kind, bucket in (("requests", allowance.requests), ("tokens", allowance.tokens)):
            full = datetime.now(UTC) + timedelta(seconds=bucket.full_in)
            headers[f"anthropic-ratelimit-{kind}-limit"] = str(bucket.limit)
            headers[f"anthropic-ratelimit-{kind}-remaining"] = str(bucket.left)
            headers[f"anthropic-ratelimit-{kind}-reset"] = f"{full:%Y-%m-%dT%H:%M:%SZ}"
        return headers

    def whole(self, call: Call, reply: Reply) -> bytes:
        text = "".join(reply.chunks)
        return msgspec.json.encode(
            {
                **_message(call, reply),
                "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn",
                "usage": _usage(reply.usage),
            }
        )

    def opening(self, call: Call, reply: Reply) -> bytes:
        started = Usage(reply.usage.input, reply.usage.cache_read, reply.usage.cache_write, output=1)
        message: Json = {**_message(call, reply), "content": [], "stop_reason": None, "usage": _usage(started)}
        block = _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        return _event("message_start", message=message) + block + _event("ping")

    def piece(self, call: Call, reply: Reply, text: str) -> bytes:  # noqa: ARG002  the shape of Wire
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def closing(self, call: Call, reply: Reply) -> Iterator[bytes]:  # noqa: ARG002  the shape of Wire
        yield _event("content_block_stop", index=0)
        delta = {"stop_reason": "end_turn", "stop_sequence": None}
        yield _event("message_delta", delta=delta, usage=_usage(reply.usage))
        yield _event("message_stop")


def _split_system(system: str | list[_Block]) -> tuple[str, str]:
    """Everything up to the last block marked for caching, and the rest."""
    if isinstance(system, str):
        return "", system
    marked = max((place for place, block in enumerate(system, 1) if block.cache_control), default=0)
    return _text(system[:marked]), _text(system[marked:])


def _text(content: str | list[_Block]) -> str:
    return content if isinstance(content, str) else "".join(block.text for block in content)


def _message(call: Call, reply: Reply) -> dict[str, str | None]:
    return {
        "id": reply.request_id.replace("req_", "msg_"),
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "stop_sequence": None,
    }


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output + usage.reasoning,
    }


def _event(kind: str, **fields: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))
