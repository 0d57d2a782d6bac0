"""What surrounds every request: only this machine asks, nothing is changed, nothing is loaded from elsewhere."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """Answers 421 to a foreign Host, 403 to what another site embeds or fetches, 405 to anything that is no reading."""

    def __init__(self, app: ASGIApp, *, port: int) -> None:
        self._app = app
        self._hosts = frozenset(f"{name}:{port}" for name in _LOOPBACK) | (
            frozenset(_LOOPBACK) if port == 80 else frozenset()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            # a page whose name was pointed at 127.0.0.1 sends its own name
            return PlainTextResponse("This console answers to 127.0.0.1 and localhost at its own port only.\n", 421)
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("The console only shows: use GET.\n", 405, {"allow": "GET, HEAD"})
        if _foreign(headers):
            return PlainTextResponse("The console answers no other site.\n", 403)
        return None


def _foreign(headers: Headers) -> bool:
    """Another site may link here (chat, paging service), and nothing else."""
    site, mode = headers.get("sec-fetch-site", "none"), headers.get("sec-fetch-mode", "navigate")
    return site not in {"none", "same-origin"} and (
        mode != "navigate" or headers.get("sec-fetch-dest", "document") != "document"
    )
