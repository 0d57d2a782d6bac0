"""The page on which a process exposes its metrics, read as a scrape does."""

from urllib.parse import urlsplit

from watchkeeper.formats import exposition
from watchkeeper.live.connection import Connection, plain_text

PATH = "/metrics"
"""Where a page is found when an address names none."""


def fetch(url: str, *, timeout_seconds: float = 10.0) -> tuple[str, tuple[exposition.Family, ...]]:
    """The text of a page, and what is on it. Raises `LiveError`."""
    address = url if urlsplit(url).path.strip("/") else url.rstrip("/") + PATH
    with Connection("the metrics page", address, None, timeout_seconds) as connection:
        body = connection.get("", explain=plain_text)
        try:
            text = body.decode("utf-8")
            return text, exposition.parse(text)
        except ValueError as error:
            raise connection.unreadable(str(error)) from error
