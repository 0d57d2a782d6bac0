"""The OpenAI Chat Completions protocol: one JSON answer, or `data:` chunks up to `[DONE]`, usage just before it."""

import time
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from watchkeeper.demo.providers.allowance import Allowance
from watchkeeper.demo.providers.call import MODELS, Call, Json, Provider, Refusal, Reply, Usage

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "invalid_request_error",
    404: "invalid_request_error",
    429: "requests",
    500: "server_error",
    503: "server_error",
}


class _Part(msgspec.Struct):
    type: str
    text: str = ""


class _Message(msgspec.Struct):
    role: Literal["developer", "system", "user", "assistant", "tool"]
    content: str | list[_Part] = ""


class _StreamOptions(msgspec.Struct):
    include_usage: bool = False


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    max_completion_tokens: int = 4096
    stream: bool = False
    stream_options: _StreamOptions | None = None


class OpenAIWire:
    provider = Provider.OPENAI

    def parse(self, body: bytes) -> Call:
        try:
            request = msgspec.json.decode(body, type=_Request)
        except msgspec.DecodeError as error:
            raise Refusal(400, str(error)) from error
        if request.model not in MODELS[self.provider]:
            raise Refusal(404, f"The model `{request.model}` does not exist or you do not have access to it.")
        if not request.messages:
            raise Refusal(400, "Invalid 'messages': empty array.")
        head, *tail = request.messages
        return Call(
            provider=self.provider,
            model=request.model,
            stream=request.stream,
            max_tokens=request.max_completion_tokens,
            prefix=_text(head),
            prompt="".join(map(_text, tail)),
            says_usage=not request.stream or bool(request.stream_options and request.stream_options.include_usage),
        )

    def refused(self, refusal: Refusal, request_id: str) -> bytes:  # noqa: ARG002  the shape of Wire
        code = "model_not_found" if refusal.status == 404 else "rate_limit_exceeded" if refusal.status == 429 else None
        error = {"message": refusal.message, "type": _ERROR_TYPES[refusal.status], "param": None, "code": code}
        return msgspec.json.encode({"error": error})

    def limits(self, allowance: Allowance) -> dict[str, str]:
        headers: dict[str, str] = {}
        for kind, bucket in (("requests", allowance.requests), ("tokens", allowance.tokens)):
            headers[f"x-ratelimit-limit-{kind}"] = str(bucket.limit)
            headers[f"x-ratelimit-remaining-{kind}"] = str(bucket.left)
            headers[f"x-ratelimit-reset-{kind}"] = f"{bucket.full_in * 1000:.0f}ms"
        return headers

    def whole(self, call: Call, reply: Reply) -> bytes:
        message = {"role": "assistant", "content": "".join(reply.chunks), "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        body = _frame("chat.completion", call, reply)
        return msgspec.json.encode({**body, "choices": [choice], "usage": _usage(reply.usage)})

    def opening(self, call: Call, reply: Reply) -> bytes:
        return _chunk(call, reply, {"role": "assistant", "content": "", "refusal": None})

    def piece(self, call: Call, reply: Reply, text: str) -> bytes:
        return _chunk(call, reply, {"content": text})

    def closing(self, call: Call, reply: Reply) -> Iterator[bytes]:
        yield _chunk(call, reply, {}, finish="stop")
        if call.says_usage:
            frame = _frame("chat.completion.chunk", call, reply)
            yield _data({**frame, "choices": [], "usage": _usage(reply.usage)})
        yield b"data: [DONE]\n\n"


def _text(message: _Message) -> str:
    content = message.content
    return content if isinstance(content, str) else "".join(part.text for part in content)


def _frame(kind: str, call: Call, reply: Reply) -> dict[str, str | int]:
    return {
        "id": reply.request_id.replace("req_", "chatcmpl-"),
        "object": kind,
        "created": int(time.time()),
        "model": call.model,
        "service_tier": "default",
    }


def _chunk(call: Call, reply: Reply, delta: Mapping[str, str | None], finish: str | None = None) -> bytes:
    choice: Json = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    usage = {"usage": None} if call.says_usage else {}
    return _data({**_frame("chat.completion.chunk", call, reply), "choices": [choice], **usage})


def _data(body: Mapping[str, Json]) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(body)


def _usage(usage: Usage) -> dict[str, int | dict[str, int]]:
    """OpenAI's `prompt_tokens` include cached ones, its `completion_tokens` include reasoning."""
    prompt = usage.input + usage.cache_read + usage.cache_write
    completion = usage.output + usage.reasoning
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
