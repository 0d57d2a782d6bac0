"""The receiving side of the process: judge, keep, then answer; and raise the alarm when nothing is heard."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from watchkeeper.inbox import mail, pagerduty, slack, webhook
from watchkeeper.inbox.deadman import DEDUP_KEY, Deadman
from watchkeeper.inbox.keyring import Keyring, SlackAddress
from watchkeeper.inbox.message import Action, Draft, Kind, Rejection, Reply, Verdict
from watchkeeper.inbox.rate import Rate
from watchkeeper.inbox.store import Store, utc_now

REJECTIONS_PER_MINUTE = 60
"""Beyond this refusals are answered but no longer kept: noise must not push real pages out of the store."""

WATCH_SECONDS = 1.0

_UNSTORED = Reply(503, "the message could not be stored", "text/plain")

Judge = Callable[[bytes], Verdict]


class Reception:
    """One at a time, in the order of arrival: messages are few, and their order matters."""

    def __init__(self, store: Store, secrets: Path) -> None:
        self.store = store
        self.keyring = Keyring(secrets)
        self.deadman = Deadman(alarmed=_alarm_is_open(store))
        self._events = Rate(pagerduty.EVENTS_PER_MINUTE, 60)
        self._rejections = Rate(REJECTIONS_PER_MINUTE, 60)
        self._turn = asyncio.Lock()

    async def pagerduty(self, body: bytes) -> Reply:
        return await self._receive(body, lambda body: pagerduty.receive(body, self.keyring, self._events))

    async def slack(self, address: SlackAddress, content_type: str, body: bytes) -> Reply:
        return await self._receive(body, lambda body: slack.receive(address, content_type, body, self.keyring))

    async def mail(self, sender: str, recipients: Sequence[str], body: bytes) -> Reply:
        return await self._receive(body, lambda body: mail.receive(sender, recipients, body))

    async def webhook(self, secret: str, body: bytes) -> Reply:
        return await self._receive(body, lambda body: webhook.receive(secret, body, self.keyring))

    async def heartbeat(self, token: str, body: bytes) -> Reply:
        """Any post with the right token is a sign of life, except the notice that the watchdog alert has ended."""
        if not await asyncio.to_thread(self.keyring.deadman, token):
            return await self.refuse("deadman", 404, "no heartbeat has this address", body)
        notification = webhook.validate(body)
        if isinstance(notification, webhook.Notification) and notification.status == "resolved":
            return await self.refuse("deadman", 400, "the watchdog alert has ended: this is no heartbeat", body)
        recovery = self.deadman.beat(utc_now())
        if recovery is not None:
            await self._keep(recovery)
        return Reply(200, "ok", "text/plain")

    async def refuse(self, door: str, status: int, reason: str, body: bytes) -> Reply:
        return await self._receive(body, lambda body: webhook.refused(door, status, reason, body))

    async def watch(self) -> None:
        """Runs for as long as the process does."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            before = self.deadman.state
            alarm = self.deadman.check()
            if alarm is not None and not await self._keep(alarm):
                self.deadman.state = before

    async def _receive(self, body: bytes, judge: Judge) -> Reply:
        async with self._turn:
            return await asyncio.to_thread(self._judge_and_keep, body, judge)

    async def _keep(self, draft: Draft) -> bool:
        async with self._turn:
            return await asyncio.to_thread(self._stored, draft)

    def _judge_and_keep(self, body: bytes, judge: Judge) -> Reply:
        verdict = judge(body)
        draft = verdict.draft
        if isinstance(draft.payload, Rejection):
            if not self._rejections.take("all"):
                return verdict.reply
            draft = self._masked(draft, draft.payload)
        return verdict.reply if self._stored(draft) else _UNSTORED

    def _masked(self, draft: Draft, payload: Rejection) -> Draft:
        excerpt = self.keyring.mask(payload.excerpt)
        masked = Rejection(payload.door, payload.status, payload.reasons, excerpt)
        return replace(draft, payload=masked)

    def _stored(self, draft: Draft) -> bool:
        try:
            self.store.append(draft)
        except OSError as error:
            print(f"a {draft.kind} message could not be stored: {error}", file=sys.stderr, flush=True)  # noqa: T201
            return False
        return True


def _alarm_is_open(store: Store) -> bool:
    newest = store.select(kind=Kind.DEADMAN, limit=1)
    return bool(newest) and newest[0].action is Action.TRIGGER and newest[0].dedup_key == DEDUP_KEY
