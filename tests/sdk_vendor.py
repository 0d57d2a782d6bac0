"""A local server that speaks the wire formats of Anthropic and OpenAI, answering what a test tells it to."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Json = Mapping[str, object]


@dataclass
class Reply:
    """One HTTP answer. With `events` it is a server-sent stream, else `body` as JSON."""

    body: Json = field(default_factory=dict)
    status: int = 200
    events: tuple[bytes, ...] = ()
    cut: bool = False
    """Close the connection without the end of the body."""
    gate: threading.Event | None = None
    """Wait for it before everything, or, in a stream, after the first event."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Vendor:
    url: str
    replies: deque[Reply] = field(default_factory=deque)
    bodies: list[dict[str, object]] = field(default_factory=list)

    def plan(self, *replies: Reply) -> None:
        self.replies.extend(replies)


@contextmanager
def vendor() -> Iterator[Vendor]:
    """Runs until the end of the block; every gate must be open by then."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.vendor
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a full queue refuses connections, which clients count as attempts
    vendor: Vendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        assert isinstance(self.server, _Server)
        vendor = self.server.vendor
        length = int(self.headers.get("content-length", 0))
        vendor.bodies.append(json.loads(self.rfile.read(length)))
        reply = vendor.replies.popleft()
        try:
            self._stream(reply) if reply.events else self._whole(reply)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _whole(self, reply: Reply) -> None:
        if reply.gate is not None:
            reply.gate.wait(10)
        body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, reply: Reply) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        for number, event in enumerate(reply.events):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(event), event))
            self.wfile.flush()
            if number == 0 and reply.gate is not None:
                reply.gate.wait(10)
        if reply.cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Tests are quiet."""


# --- Anthropic ------------------------------------------------------------------------------------

SONNET = "claude-sonnet-5"
CLAUDE_USAGE = {
    "input_tokens": 10,
    "cache_read_input_tokens": 100,
    "cache_creation_input_tokens": 5,
    "output_tokens": 40,
}


def message(usage: Json | None = None, model: str = SONNET) -> Reply:
    return Reply(_message([{"type": "text", "text": "hello there"}], usage or CLAUDE_USAGE, model))


def _message(content: list[Json], usage: Json, model: str) -> Json:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": "end_turn", "stop_sequence": None, "usage": usage,
    }  # fmt: skip


def claude_event(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def claude_events(texts: tuple[str, ...] = ("hel", "lo"), model: str = SONNET) -> tuple[bytes, ...]:
    start = _message([], {**CLAUDE_USAGE, "output_tokens": 1}, model)
    return (
        claude_event("message_start", message={**start, "stop_reason": None}),
        claude_event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        claude_event("ping"),
        *(
            claude_event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})
            for text in texts
        ),
        claude_event("content_block_stop", index=0),
        claude_event(
            "message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 40}
        ),
        claude_event("message_stop"),
    )  # fmt: skip


def claude_error(status: int, kind: str, **headers: str) -> Reply:
    return Reply({"type": "error", "error": {"type": kind, "message": "no"}}, status, headers=headers)


# --- OpenAI ---------------------------------------------------------------------------------------

GPT = "gpt-4o"
GPT_USAGE = {
    "prompt_tokens": 110,
    "completion_tokens": 40,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 15},
}


def completion(usage: Json | None = GPT_USAGE, model: str = GPT) -> Reply:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}
    body = {"id": "c1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return Reply({**body, "usage": usage} if usage is not None else body)


def chat_chunk(choices: list[Json], **fields: object) -> bytes:
    body = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": GPT, "choices": choices, **fields}
    return f"data: {json.dumps(body)}\n\n".encode()


def chat_events(*, usage: bool, finished: bool = True) -> tuple[bytes, ...]:
    def choice(delta: Json, finish: str | None = None) -> Json:
        return {"index": 0, "delta": delta, "finish_reason": finish}

    events = [
        chat_chunk([choice({"role": "assistant", "content": ""})]),
        chat_chunk([choice({"content": "hel"})]),
        chat_chunk([choice({"content": "lo"})]),
    ]
    if finished:
        events.append(chat_chunk([choice({}, "stop")]))
    if usage:
        events.append(chat_chunk([], usage=GPT_USAGE))
    return (*events, b"data: [DONE]\n\n")


RESPONSES_USAGE = {
    "input_tokens": 110,
    "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 0},
    "output_tokens": 40,
    "output_tokens_details": {"reasoning_tokens": 15},
    "total_tokens": 150,
}


def response_body(**fields: object) -> Json:
    return {
        "id": "r1", "object": "response", "created_at": 1, "model": GPT, "status": "completed", "output": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [], "usage": RESPONSES_USAGE, **fields,
    }  # fmt: skip


def response_events() -> tuple[bytes, ...]:
    def event(kind: str, number: int, **fields: object) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': number, **fields})}\n\n".encode()

    delta = {"item_id": "i", "output_index": 0, "content_index": 0, "delta": "hello", "logprobs": []}
    return (
        event("response.created", 0, response=response_body(usage=None, status="in_progress")),
        event("response.output_text.delta", 1, **delta),
        event("response.completed", 2, response=response_body()),
    )


def gpt_error(status: int, code: str, **headers: str) -> Reply:
    return Reply({"error": {"message": "no", "type": code, "code": code}}, status, headers=headers)
