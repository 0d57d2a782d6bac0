"""Closes PagerDuty incidents that Alertmanager has opened and, by its schedules and inhibitions, left open.

Run as `python -m watchkeeper.stack.reconciler --config FILE`, one beside each Alertmanager. What it knows to be open is
on the disk before anything is done about it, so that it can be killed at any moment.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from watchkeeper import files
from watchkeeper.entry import Misuse, decoded, log, run, stopped
from watchkeeper.formats.alertmanager_reading import Configuration, Matcher, UnreadableError
from watchkeeper.formats.alertmanager_reading import read as read_configuration
from watchkeeper.live.alertmanager import Alertmanager, Silence, SilenceState
from watchkeeper.live.errors import LiveError
from watchkeeper.live.pagerduty import PagerDuty
from watchkeeper.model import Credentials, Kind
from watchkeeper.routing.reconciling import Incident, Observation, due, observe

_FRESH = timedelta(seconds=1)
"""An observation older than this is no ground for closing anything: the alert may be back."""
_MISSED = 3
"""So many looks may fail in a row before something can have happened unseen."""


_UNFED = "the watchdog alert does not reach Alertmanager: nobody knows what has ended"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    alertmanager: str
    configuration: str
    """The file that Alertmanager was started with; secret files are relative to it."""
    state: str
    every_seconds: float = 5.0
    username: str = ""
    """Empty where Alertmanager asks for none."""
    password_file: str = ""


def _now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    """One look after the other; all it remembers is in `incidents` and, of them, on the disk."""

    def __init__(
        self,
        config: Config,
        configuration: Configuration,
        alertmanager: Alertmanager,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._config = config
        self._configuration = configuration
        self._alertmanager = alertmanager
        self._clock = clock
        self._seen_at: datetime | None = None
        self._alertmanager_since: datetime | None = None
        self._said = ""
        self.incidents = _load(Path(config.state))

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.look()
            stop.wait(self._config.every_seconds)

    def look(self) -> None:
        """One observation, and what follows from it. Failures of the others are said once, and looked past."""
        try:
            seen = self._observation()
            if seen is None:
                raise LiveError(self._config.alertmanager, _UNFED)
            self._remember(observe(self.incidents, seen, self._configuration))
            self._close(due(self.incidents, seen.at), seen.at)
        except (LiveError, OSError) as failure:
            self._say(str(failure))
        else:
            self._say("")

    def _close(self, incidents: Sequence[Incident], seen_at: datetime) -> None:
        """As many as there is time for; one that cannot be closed keeps no other open. Raises what kept it."""
        failure: LiveError | None = None
        for incident in incidents:
            if self._clock() - seen_at > _FRESH:
                break
            try:
                self._resolve(incident)
            except LiveError as refused:
                failure = refused
        if failure:
            raise failure

    def _observation(self) -> Observation | None:
        """None while Alertmanager is not fed: what is not there has then not ended."""
        since = self._alertmanager.status().started_at
        silences = self._alertmanager.silences()
        firing = tuple(dict(alert.labels) for alert in self._alertmanager.alerts())
        if not any(labels.get("kind") == Kind.WATCHDOG for labels in firing):
            return None
        at = self._clock()
        longest = timedelta(seconds=_MISSED * self._config.every_seconds)
        watched = self._seen_at is not None and timedelta() <= at - self._seen_at <= longest
        continuous = watched and since == self._alertmanager_since
        self._seen_at, self._alertmanager_since = at, since
        in_force = tuple(_matchers(silence) for silence in silences if silence.state is SilenceState.ACTIVE)
        return Observation(at, firing, in_force, continuous)

    def _resolve(self, incident: Incident) -> None:
        for receiver in self._configuration.receivers:
            for sends in receiver.pagerduty if receiver.name == incident.receiver else ():
                path = Path(self._config.configuration).parent / sends.routing_key_file
                with PagerDuty(sends.url) as pagerduty:
                    pagerduty.resolve(_secret(path), incident.dedup_key, _summary(incident))
        log(f"resolved at {incident.receiver}: {incident.group_key}")
        self._remember(tuple(other for other in self.incidents if other.key != incident.key))

    def _remember(self, incidents: tuple[Incident, ...]) -> None:
        if incidents != self.incidents:
            files.write(Path(self._config.state), msgspec.json.encode(incidents).decode(), mode=0o600)
            self.incidents = incidents

    def _say(self, text: str) -> None:
        """A state that lasts is one line, not one every few seconds."""
        if text != self._said:
            self._said = text
            log(text or "watching again")


def _matchers(silence: Silence) -> tuple[Matcher, ...]:
    return tuple(Matcher(one.name, one.value, one.operator) for one in silence.matchers)


def _summary(incident: Incident) -> str:
    """As Alertmanager's own title."""
    labels = incident.alerts[0]
    what = " ".join(labels.get(name, "") for name in ("alertname", "service", "environment"))
    return f"[resolved] {what} (Alertmanager did not send it)"


def _load(path: Path) -> tuple[Incident, ...]:
    """A file that cannot be read is the end of the memory, not of the process."""
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Incident, ...])
    except (OSError, msgspec.MsgspecError) as failure:
        log(f"{path} cannot be read, beginning anew: {failure}")
        return ()


def _secret(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as failure:
        raise LiveError(str(path), f"routing key file {path} cannot be read: {failure.strerror}") from failure


def read(path: Path) -> tuple[Config, Configuration]:
    config = decoded(path, Config)
    try:
        return config, read_configuration(Path(config.configuration).read_text(encoding="utf-8"))
    except OSError as error:
        raise Misuse(f"{error.filename} cannot be read: {error.strerror}") from error
    except UnreadableError as error:
        raise Misuse(f"{config.configuration}: {error}") from error


def serve(config: Config, configuration: Configuration) -> None:
    """Until SIGTERM or SIGINT."""
    stop = stopped()
    credentials = Credentials(config.username, config.password_file) if config.username else None
    with Alertmanager(config.alertmanager, credentials) as alertmanager:
        Reconciler(config, configuration, alertmanager).run(stop)


def main() -> int:
    return run("stack.reconciler", __doc__, lambda path: serve(*read(path)))


if __name__ == "__main__":
    sys.exit(main())
