"""A mail server on loopback that delivers to nobody: whoever knows the password is listened to, and told the truth."""

import asyncio
import logging
import socket
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from watchkeeper.inbox.mail import BODY_LIMIT
from watchkeeper.inbox.reception import Reception

_ANSWERS = frozenset({250, 554})
"""What the reception says of a mail; anything else is about the disk, and the sender may try again."""


@asynccontextmanager
async def serving(reception: Reception, listener: socket.socket) -> AsyncIterator[None]:
    """Takes mail while the block lasts."""
    # it says of every connection that the password is not encrypted; on loopback nobody stands in between
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    server = await asyncio.get_running_loop().create_server(Door(reception).session, sock=listener)
    try:
        yield
    finally:
        server.close()


class Door:
    """What the protocol asks: who may send, and what becomes of a message."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._refusals: set[asyncio.Task[object]] = set()

    def session(self) -> SMTP:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS")
            return self._protocol()

    def _protocol(self) -> SMTP:
        return SMTP(
            self,
            loop=asyncio.get_running_loop(),
            hostname="localhost",
            ident="Watchkeeper inbox",
            data_size_limit=BODY_LIMIT,
            authenticator=self.authenticate,
            auth_required=True,
            auth_require_tls=False,
            # Alertmanager takes the first mechanism offered, and stumbles over this library's prompt of LOGIN
            auth_exclude_mechanism=["LOGIN"],
        )

    def authenticate(
        self,
        server: SMTP,  # noqa: ARG002 - the library's signature
        session: Session,  # noqa: ARG002
        envelope: Envelope,  # noqa: ARG002
        mechanism: str,
        credentials: object,
    ) -> AuthResult:
        """Only the password counts: there is one."""
        password = credentials.password if isinstance(credentials, LoginPassword) else b""
        if self._reception.keyring.smtp(password.decode("utf-8", "replace")):
            return AuthResult(success=True, auth_data=credentials)
        refusal = self._reception.refuse("mail", 535, f"wrong password (AUTH {mechanism})", b"")
        # the protocol does not wait; the loop keeps only a weak hold on what nobody waits for
        task = asyncio.get_running_loop().create_task(refusal)
        self._refusals.add(task)
        task.add_done_callback(self._refusals.discard)
        return AuthResult(success=False, handled=False)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802, ARG002 - the library's name
        body = envelope.content
        content = body if isinstance(body, bytes) else b""
        reply = await self._reception.mail(envelope.mail_from or "", envelope.rcpt_tos, content)
        return f"{reply.status if reply.status in _ANSWERS else 451} {reply.body}"
