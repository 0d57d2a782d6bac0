"""One engine's HTTP address: credentials, deadlines, and failures turned into `LiveError`."""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from time import monotonic
from typing import Self, TypeVar

import httpx2
import msgspec

from watchkeeper.live.errors import LiveError, Refused, Rejected, Unreachable, Unreadable
from watchkeeper.model.deployment import Credentials

Pairs = Mapping[str, str | list[str]]
Explain = Callable[[bytes], str]

ANSWER_LIMIT = 64 * 1024 * 1024
"""Larger answers are a mistake in the query, and would take the memory of the process that asks."""

T = TypeVar("T")


class _PasswordFile(httpx2.Auth):
    """Basic authentication that reads its password file at every request, so that a new password needs no restart."""

    def __init__(self, credentials: Credentials) -> None:
        self._username = credentials.username
        self._path = Path(credentials.password_file)

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        password = self._path.read_text(encoding="utf-8").strip()
        yield from httpx2.BasicAuth(self._username, password).auth_flow(request)


class Connection:
    """Requests to one base address. Proxies of the environment are ignored: engines stand beside us."""

    def __init__(self, name: str, url: str, credentials: Credentials | None, timeout_seconds: float) -> None:
        self.url = url.rstrip("/")
        self._name = name
        self._timeout_seconds = timeout_seconds
        self._client = httpx2.Client(
            auth=_PasswordFile(credentials) if credentials else None,
            timeout=timeout_seconds,
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, *, explain: Explain, query: Pairs | None = None) -> bytes:
        """The body of a successful answer."""
        return self._accepted(self._send("GET", path, query=query), explain)

    def post(
        self,
        path: str,
        *,
        explain: Explain,
        form: Pairs | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a successful answer."""
        return self._accepted(self._send("POST", path, form=form, content=content, headers=headers), explain)

    def status(self, path: str) -> int:
        """The status code of a GET, whatever it is; only credentials that are not accepted raise `Refused`."""
        status, _ = self._send("GET", path)
        self._check_credentials(status)
        return status

    def unreadable(self, reason: str) -> Unreadable:
        return Unreadable(self.url, f"{self._name} at {self.url} gave an answer that is not its own: {reason}")

    def decode(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (ValueError, RecursionError) as error:
            raise self.unreadable(str(error)) from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Pairs | None = None,
        form: Pairs | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        deadline = monotonic() + self._timeout_seconds
        try:
            with self._client.stream(
                method, self.url + path, params=query, data=form, content=content, headers=headers
            ) as response:
                return response.status_code, self._body(response, deadline)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise self._failure(error) from error

    def _body(self, response: httpx2.Response, deadline: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if monotonic() > deadline:
                raise httpx2.ReadTimeout("the answer trickles", request=response.request)
            if len(body) > ANSWER_LIMIT:
                raise Rejected(self.url, f"{self._name} answered with more than {ANSWER_LIMIT >> 20} MiB: ask for less")
        return bytes(body)

    def _failure(self, error: Exception) -> LiveError:
        who = f"{self._name} at {self.url}"
        if isinstance(error, httpx2.TimeoutException):
            return Unreachable(self.url, f"{who} did not answer within {self._timeout_seconds:g} s")
        if isinstance(error, httpx2.HTTPError):
            return Unreachable(self.url, f"{who} cannot be reached: {str(error) or type(error).__name__}")
        if isinstance(error, OSError):
            return Refused(self.url, f"password file {error.filename} for {who} cannot be read: {error.strerror}")
        return Unreachable(self.url, f"{self._name}: {self.url!r} is not an address: {error}")

    def _accepted(self, answer: tuple[int, bytes], explain: Explain) -> bytes:
        status, body = answer
        self._check_credentials(status)
        if 200 <= status < 300:
            return body
        message = explain(body) or f"status {status}"
        if 400 <= status < 500:
            raise Rejected(self.url, f"{self._name} rejected the request: {message}")
        raise Refused(self.url, f"{self._name} at {self.url} cannot serve the request: {message}")

    def _check_credentials(self, status: int) -> None:
        if status in {401, 403}:
            raise Refused(self.url, f"{self._name} at {self.url} does not accept our credentials (status {status})")


class Client:
    """What speaks to one process, over one connection that is closed with it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    @property
    def url(self) -> str:
        return self._connection.url


def plain_text(body: bytes) -> str:
    """What an error answer in plain text says, in one line."""
    return " ".join(body[:2000].decode("utf-8", "replace").split())
