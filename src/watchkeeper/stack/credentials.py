"""Secrets of one stack: made at its first start, kept in files that only their owner can read."""

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import bcrypt

from watchkeeper import files
from watchkeeper.model import Catalog, PagerDuty, Receiver, Slack, Webhook
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import Ports
from watchkeeper.stack.ready import USERNAME

SMTP_PASSWORD = "smtp-password"  # noqa: S105 - the name of a file

# A slow hash protects passwords that people choose. This one has 256 random bits, and is checked at every scrape.
_BCRYPT_COST = 4


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where notifications of one stack go: its own inbox, whatever the definitions name."""

    receivers: tuple[Receiver, ...]
    webhooks: tuple[tuple[str, str], ...]


def ensure(layout: Layout) -> None:
    """Make what every stack needs and does not have yet."""
    layout.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in ("engine-password", "deadman", "probe", SMTP_PASSWORD):
        _kept(layout.secrets / name, secrets.token_hex(32))


def addressed(catalog: Catalog, layout: Layout, ports: Ports) -> Addresses:
    """The catalog's receivers with this stack's keys, all leading to its inbox: a try-out must never page anyone."""
    receivers = tuple(_receiver(receiver, layout, ports.url("inbox")) for receiver in catalog.receivers)
    keys = [receiver.sends.address for receiver in catalog.receivers if isinstance(receiver.sends, Webhook)]
    return Addresses(receivers, tuple((key, _webhook(key, layout, ports.url("inbox"))) for key in keys))


def web_config(layout: Layout) -> str:
    """Basic authentication for both engines, in the format they share."""
    password = layout.password.read_text().encode()
    known = layout.config / "web.yml"
    hashed = _hash_in(known)
    # the salt is random: a new hash at every start would be a new file for nothing
    if hashed is None or not bcrypt.checkpw(password, hashed.encode()):
        hashed = bcrypt.hashpw(password, bcrypt.gensalt(_BCRYPT_COST)).decode()
    return f'basic_auth_users:\n  {USERNAME}: "{hashed}"\n'


def _hash_in(web_yml: Path) -> str | None:
    if not web_yml.is_file():
        return None
    quoted = web_yml.read_text().split('"')
    return quoted[1] if len(quoted) == 3 else None


def _receiver(receiver: Receiver, layout: Layout, inbox: str) -> Receiver:
    match receiver.sends:
        case PagerDuty():
            path = layout.secrets / _named("pagerduty", receiver.name)
            _kept(path, secrets.token_hex(16))
            return replace(receiver, sends=PagerDuty(str(path)))
        case Slack(channel):
            path = layout.secrets / _named("slack", receiver.name)
            _write_slack(path, inbox)
            return replace(receiver, sends=Slack(channel, str(path)))
        case _:
            return receiver


def _named(kind: str, receiver: str) -> str:
    """The inbox tells the kinds apart by how their files begin."""
    return receiver if receiver.startswith(f"{kind}-") else f"{kind}-{receiver}"


def _write_slack(path: Path, inbox: str) -> None:
    """Slack's secret is an address; the inbox's port in it may have changed since."""
    marker = "/slack/services/"
    old = path.read_text() if path.is_file() else ""
    parts = old.partition(marker)[2] or f"T{secrets.token_hex(4)}/B{secrets.token_hex(4)}/{secrets.token_hex(12)}"
    if old != (new := f"{inbox}{marker}{parts}"):
        files.write(path, new, mode=0o600)


def _webhook(key: str, layout: Layout, inbox: str) -> str:
    if key == "deadman":
        return f"{inbox}/deadman/{(layout.secrets / 'deadman').read_text()}"
    return f"{inbox}/webhook/{_kept(layout.secrets / f'webhook-{key}', secrets.token_hex(16))}"


def _kept(path: Path, new: str) -> str:
    """What the file says; `new`, written to it, when there was none."""
    if not path.is_file():
        files.write(path, new, mode=0o600)
    return path.read_text()
