"""Slack's incoming webhooks, from the receiving side."""

from urllib.parse import parse_qs

from watchkeeper.inbox.json_values import Object, decode_object, objects, text
from watchkeeper.inbox.keyring import Keyring, SlackAddress, same
from watchkeeper.inbox.message import Action, Draft, Kind, Reply, SlackAttachment, SlackMessage, Verdict, rejected

BODY_LIMIT = 1024 * 1024
TEXT_LIMIT = 40_000
ATTACHMENT_LIMIT = 100
BLOCK_LIMIT = 50
SECTION_LIMIT = 3000
HEADER_LIMIT = 150

_FORM = "application/x-www-form-urlencoded"
_PLAIN = "text/plain"
_SEVERITY = {"danger": "critical", "warning": "warning", "good": "info"}


def validate(content_type: str, body: bytes) -> SlackMessage | str:
    """The message, or the one word by which Slack refuses it."""
    payload = decode_object(_json_of(content_type, body))
    if payload is None or len(body) > BODY_LIMIT or not _well_typed(payload):
        return "invalid_payload"
    if len(objects(payload, "attachments")) > ATTACHMENT_LIMIT:
        return "too_many_attachments"
    if not all(_block_is_valid(block) for block in objects(payload, "blocks")):
        return "invalid_blocks"
    if len(objects(payload, "blocks")) > BLOCK_LIMIT:
        return "invalid_blocks"
    if len(text(payload, "text")) > TEXT_LIMIT:
        return "msg_too_long"
    message = _message(payload)
    return message if _says_something(message) else "no_text"


def receive(address: SlackAddress, content_type: str, body: bytes, keyring: Keyring) -> Verdict:
    receiver, refusal = _addressee(address, keyring)
    if refusal:
        return _refused(403 if refusal == "invalid_token" else 404, refusal, body)
    message = validate(content_type, body)
    if isinstance(message, str):
        return _refused(400, message, body, receiver)
    draft = Draft(
        kind=Kind.SLACK,
        receiver=receiver,
        action=Action.MESSAGE,
        summary=_summary(message),
        payload=message,
        severity=next((_SEVERITY.get(one.color, "") for one in message.attachments), ""),
    )
    return Verdict(draft, Reply(200, "ok", _PLAIN))


def _addressee(address: SlackAddress, keyring: Keyring) -> tuple[str, str]:
    """The receiver, or the refusal that tells how far the address was right."""
    known = keyring.slack()
    team = [(name, one) for name, one in known if same(one.team, address.team)]
    service = [(name, one) for name, one in team if same(one.service, address.service)]
    for name, one in service:
        if same(one.secret, address.secret):
            return name, ""
    return "", "invalid_token" if service else "no_service" if team else "no_team"


def _refused(status: int, word: str, body: bytes, receiver: str = "") -> Verdict:
    return rejected("slack", Reply(status, word, _PLAIN), (word,), body=body, receiver=receiver)


def _json_of(content_type: str, body: bytes) -> bytes:
    if content_type.partition(";")[0].strip().lower() != _FORM:
        return body
    try:
        return parse_qs(body.decode(), max_num_fields=10).get("payload", [""])[0].encode()
    except ValueError:
        return b""


def _well_typed(payload: Object) -> bool:
    lists = (payload.get("attachments"), payload.get("blocks"))
    return isinstance(payload.get("text") or "", str) and all(
        value is None or (isinstance(value, list) and all(isinstance(item, dict) for item in value)) for value in lists
    )


def _block_is_valid(block: Object) -> bool:
    kind = text(block, "type")
    limit = HEADER_LIMIT if kind == "header" else SECTION_LIMIT
    return bool(kind) and len(_block_text(block)) <= limit


def _block_text(block: Object) -> str:
    inner = block.get("text")
    return text(inner, "text") if isinstance(inner, dict) else ""


def _message(payload: Object) -> SlackMessage:
    return SlackMessage(
        text=text(payload, "text"),
        attachments=tuple(_attachment(one) for one in objects(payload, "attachments")),
        blocks=tuple(words for block in objects(payload, "blocks") if (words := _block_text(block))),
    )


def _attachment(attachment: Object) -> SlackAttachment:
    return SlackAttachment(
        title=text(attachment, "title"),
        title_link=text(attachment, "title_link"),
        text=text(attachment, "text"),
        fallback=text(attachment, "fallback"),
        color=text(attachment, "color"),
    )


def _says_something(message: SlackMessage) -> bool:
    words = (message.text, *message.blocks, *(one.title + one.text + one.fallback for one in message.attachments))
    return any(word.strip() for word in words)


def _summary(message: SlackMessage) -> str:
    titles = (one.title or one.fallback or one.text for one in message.attachments)
    candidates = (message.text, *message.blocks, *titles)
    return next(words for words in candidates if words.strip()).strip().partition("\n")[0][:1024]
