"""The secrets by which senders are recognised: one file each, read at every use so that rotation needs no restart."""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class SlackAddress:
    """The three parts of an incoming webhook's path."""

    team: str
    service: str
    secret: str


class Keyring:
    """Files in one directory: `pagerduty-*` routing keys, `slack-*` webhook addresses, `smtp-password`, `deadman`,
    `webhook*`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def pagerduty(self, routing_key: str) -> str:
        """The receiver with this routing key; empty when there is none."""
        return self._named("pagerduty-*", routing_key)

    def webhook(self, secret: str) -> str:
        return self._named("webhook*", secret)

    def smtp(self, password: str) -> str:
        return self._named("smtp-password", password)

    def deadman(self, token: str) -> str:
        return self._named("deadman", token)

    def slack(self) -> tuple[tuple[str, SlackAddress], ...]:
        """Every Slack receiver with the path of its address."""
        return tuple(
            (name, SlackAddress(*parts))
            for name, value in self._read("slack-*")
            if len(parts := urlsplit(value).path.removeprefix("/slack/services/").split("/")) == 3
        )

    def mask(self, text: str) -> str:
        """`text` without any of the secrets."""
        for _, value in self._read("*"):
            for secret in (value, value.rpartition("/")[2]):
                text = text.replace(secret, "***") if len(secret) >= 8 else text
        return text

    def _named(self, pattern: str, given: str) -> str:
        for name, value in self._read(pattern):
            if value and same(value, given):
                return name
        return ""

    def _read(self, pattern: str) -> Iterator[tuple[str, str]]:
        for path in sorted(self._directory.glob(pattern)):
            if path.is_file():
                yield path.name, path.read_text(encoding="utf-8").strip()


def same(secret: str, given: str) -> bool:
    """Equal, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace"))
