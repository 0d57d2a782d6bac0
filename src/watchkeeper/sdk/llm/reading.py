"""What the vendors' answers say: tokens, model, first token, end. Read by attribute, so that no vendor is imported.

Anthropic counts cached input beside `input_tokens`, OpenAI within it; both count reasoning within the output.
"""

from collections.abc import Mapping
from typing import Protocol

from watchkeeper.sdk.prices import Usage


def value_of(thing: object, *path: str) -> object:
    """The value at the end of a path of attributes or keys; None where the path breaks off."""
    for name in path:
        thing = thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)
    return thing


def tokens(thing: object, *path: str) -> int:
    """A count, never negative; 0 where there is none."""
    value = value_of(thing, *path)
    return max(value, 0) if isinstance(value, int) else 0


def text_at(thing: object, *path: str) -> str:
    value = value_of(thing, *path)
    return value if isinstance(value, str) else ""


def anthropic_usage(usage: object) -> Usage | None:
    if usage is None:
        return None
    whole_output = tokens(usage, "output_tokens")
    reasoning = min(tokens(usage, "output_tokens_details", "thinking_tokens"), whole_output)
    return Usage(
        input=tokens(usage, "input_tokens"),
        cache_read=tokens(usage, "cache_read_input_tokens"),
        cache_write=tokens(usage, "cache_creation_input_tokens"),
        cache_write_1h=tokens(usage, "cache_creation", "ephemeral_1h_input_tokens"),
        output=whole_output - reasoning,
        reasoning=reasoning,
    )


def openai_usage(usage: object) -> Usage | None:
    """Of chat completions (`prompt_tokens`) and of responses (`input_tokens`)."""
    if usage is None:
        return None
    side_in, side_out = (
        ("prompt", "completion") if value_of(usage, "prompt_tokens") is not None else ("input", "output")
    )
    whole_input, whole_output = tokens(usage, f"{side_in}_tokens"), tokens(usage, f"{side_out}_tokens")
    cache_read = min(tokens(usage, f"{side_in}_tokens_details", "cached_tokens"), whole_input)
    written = tokens(usage, f"{side_in}_tokens_details", "cache_write_tokens")
    cache_write = min(written, whole_input - cache_read)
    reasoning = min(tokens(usage, f"{side_out}_tokens_details", "reasoning_tokens"), whole_output)
    return Usage(
        input=whole_input - cache_read - cache_write,
        cache_read=cache_read,
        cache_write=cache_write,
        output=whole_output - reasoning,
        reasoning=reasoning,
    )


class StreamReader(Protocol):
    """Follows the events of one streamed answer."""

    model: str
    began: bool
    """A token has come."""
    finished: bool
    """The answer came to its own end."""

    @property
    def usage(self) -> Usage | None: ...

    def see(self, event: object) -> None: ...


class AnthropicStream:
    def __init__(self) -> None:
        self.model = ""
        self.began = False
        self.finished = False
        self._said: dict[str, object] = {}
        """Usage so far: what the end of the stream says replaces what its beginning said."""

    @property
    def usage(self) -> Usage | None:
        return anthropic_usage(self._said) if self.finished and self._said else None

    def see(self, event: object) -> None:
        kind = text_at(event, "type")
        if kind == "content_block_delta":
            self.began = True
        elif kind == "message_start":
            self.model = text_at(event, "message", "model")
            self._note(value_of(event, "message", "usage"))
        elif kind == "message_delta":
            self._note(value_of(event, "usage"))
        elif kind == "message_stop":
            self.finished = True

    def _note(self, usage: object) -> None:
        for name in _ANTHROPIC_FIELDS:
            value = value_of(usage, name)
            if value is not None:
                self._said[name] = value


_ANTHROPIC_FIELDS = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
    "output_tokens",
    "output_tokens_details",
)


class ChatStream:
    """Chat completions of OpenAI and everybody who speaks its protocol."""

    def __init__(self) -> None:
        self.model = ""
        self.began = False
        self.finished = False
        self.usage: Usage | None = None

    def see(self, event: object) -> None:
        self.model = self.model or text_at(event, "model")
        usage = value_of(event, "usage")
        if usage is not None:
            self.usage = openai_usage(usage)
            self.finished = True
        choices = value_of(event, "choices")
        for choice in choices if isinstance(choices, list) else ():
            self.finished = self.finished or value_of(choice, "finish_reason") is not None
            self.began = self.began or any(value_of(choice, "delta", name) for name in _CHAT_CONTENT)


_CHAT_CONTENT = ("content", "tool_calls", "function_call", "refusal", "reasoning_content", "reasoning")


class ResponsesStream:
    """OpenAI's Responses API."""

    def __init__(self) -> None:
        self.model = ""
        self.began = False
        self.finished = False
        self.usage: Usage | None = None

    def see(self, event: object) -> None:
        kind = text_at(event, "type")
        if kind.endswith(".delta"):
            self.began = True
        elif kind in {"response.completed", "response.incomplete"}:
            self.finished = True
            self.usage = openai_usage(value_of(event, "response", "usage"))
        elif kind == "response.created":
            self.model = text_at(event, "response", "model")
