"""E-mail, from the receiving side: one message as SMTP delivers it."""

import email
import email.policy
from collections.abc import Sequence
from email.message import EmailMessage

from watchkeeper.conventions import MAIL_RECEIVER_HEADER
from watchkeeper.inbox.message import Action, Draft, Kind, Mail, Reply, Verdict, rejected

SUBJECT_LIMIT = 998
BODY_LIMIT = 1024 * 1024
_PLAIN = "text/plain"


def receive(sender: str, recipients: Sequence[str], body: bytes) -> Verdict:
    message = email.message_from_bytes(body, policy=email.policy.default)
    subject = _header(message, "Subject")
    # one server takes the mail of all receivers
    receiver = _header(message, MAIL_RECEIVER_HEADER) or ", ".join(recipients)
    content = Mail(sender, tuple(recipients), _part(message, "plain"), _part(message, "html"))
    if not subject or not (content.text or content.html):
        reason = "a mail needs a subject and a text"
        return rejected("mail", Reply(554, reason, _PLAIN), (reason,), body=body, receiver=receiver)
    draft = Draft(kind=Kind.MAIL, receiver=receiver, action=Action.MESSAGE, summary=subject, payload=content)
    return Verdict(draft, Reply(250, "OK", _PLAIN))


def _header(message: EmailMessage, name: str) -> str:
    return " ".join(str(message[name] or "").split())[:SUBJECT_LIMIT]


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except (LookupError, ValueError):
        # a character set nobody knows: the bytes as they came
        content = part.get_payload()
    return content.replace("\r\n", "\n").strip() if isinstance(content, str) else ""
