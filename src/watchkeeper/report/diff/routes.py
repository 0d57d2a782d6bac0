"""Routing itself: where receivers send, how often they repeat, and what silences what. Who hears is told by alert."""

from collections.abc import Iterator

from watchkeeper.model import Catalog, Inhibition, PagerDuty, Receiver, Route, Slack, Webhook
from watchkeeper.report.diff.change import Change, Meaning
from watchkeeper.report.diff.pairing import pairs


def changes(old: Catalog, new: Catalog) -> Iterator[Change]:
    for pair in pairs(old.receivers, new.receivers, lambda receiver: receiver.name):
        if pair.old != pair.new:
            before, after = (_destination(side) if side else "" for side in (pair.old, pair.new))
            yield Change(Meaning.OTHER, f"receiver {pair.name}", before, after, "messages go somewhere else")
    yield from _repeats(old, new)
    yield from _silences(old, new)


def _destination(receiver: Receiver) -> str:
    match receiver.sends:
        case PagerDuty():
            return f"PagerDuty with {receiver.sends.routing_key_file}"
        case Slack():
            return f"Slack {receiver.sends.channel} with {receiver.sends.url_file}"
        case Webhook():
            return f"webhook {receiver.sends.address}"
        case None:
            return "the console only"


def _repeats(old: Catalog, new: Catalog) -> Iterator[Change]:
    for pair in pairs(old.routing.routes, new.routing.routes, _name):
        if pair.both and pair.both[0].timing.repeat_interval != pair.both[1].timing.repeat_interval:
            before, after = (route.timing.repeat_interval for route in pair.both)
            longer = after > before
            yield Change(
                Meaning.QUIETER if longer else Meaning.LOUDER,
                f"route {pair.name}",
                f"again after {before.words}",
                f"again after {after.words}",
                "how often what still fires is told again",
            )


def _name(route: Route) -> str:
    return _match(route.match) or "all"


def _silences(old: Catalog, new: Catalog) -> Iterator[Change]:
    before, after = (side.routing.inhibitions for side in (old, new))
    for gone in (each for each in before if each not in after):
        yield Change(Meaning.LOUDER, _match(gone.target), _said(gone), "", "no longer silent while this fires")
    for added in (each for each in after if each not in before):
        yield Change(Meaning.QUIETER, _match(added.target), "", _said(added), "silent while this fires")


def _said(inhibition: Inhibition) -> str:
    return f"{_match(inhibition.source)} for the same {', '.join(inhibition.equal)}"


def _match(match: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f"{label}={value}" for label, value in match)
