"""The one sentence: who is hurt, since when, how long the budget lasts at this rate, what to do first.

Pure. The order of the questions is the order of the functions: can anything be known at all, are people hurt,
would anybody be told, is anything else wrong.
"""

from datetime import tzinfo

from watchkeeper.console import words
from watchkeeper.console.facts import (
    ActiveAlert,
    Backend,
    Health,
    Level,
    Phase,
    Presence,
    Situation,
    SloRow,
    Verdict,
    Watch,
)
from watchkeeper.model import Kind, Severity

PROMETHEUS, ALERTMANAGER, INBOX = "Prometheus", "Alertmanager", "inbox"
_LEVELS = {
    Severity.CRITICAL: Level.CRITICAL,
    Severity.HIGH: Level.HIGH,
    Severity.WARNING: Level.WARNING,
    Severity.INFO: Level.INFO,
}
SEVERITY_ORDER = {severity: rank for rank, severity in enumerate(Severity)}
KIND_ORDER = {
    Kind.OUTAGE: 0,
    Kind.SYMPTOM: 1,
    Kind.CAUSE: 2,
    Kind.MONITORING: 3,
    Kind.COST: 4,
    Kind.WATCHDOG: 5,
}
_LOUD = (Severity.CRITICAL, Severity.HIGH)
_FELT = (Kind.OUTAGE, Kind.SYMPTOM)


def verdict(situation: Situation, zone: tzinfo) -> Verdict:
    """What the first line says."""
    for question in (_blind, _loud, _deaf, _restless, _quiet):
        answer = question(situation, zone)
        if answer is not None:
            return answer
    return _well(situation)


def order(alert: ActiveAlert) -> tuple[bool, bool, int, int, float, str, str]:
    """Firing before pending, heard before muted, most severe first, what people feel before its causes.

    Labels come last: two alerts of one moment must not change places from one look to the next.
    """
    return (
        alert.phase is not Phase.FIRING,
        not alert.told,
        SEVERITY_ORDER[alert.severity],
        KIND_ORDER[alert.kind],
        alert.since,
        alert.name,
        alert.identity,
    )


def _blind(situation: Situation, zone: tzinfo) -> Verdict | None:
    prometheus = situation.backend(PROMETHEUS)
    if situation.problems:
        return _unreadable(situation)
    if prometheus.health is Health.STARTING or situation.freshness.presence is Presence.STARTING:
        return Verdict(
            Level.STARTING,
            "Starting: nothing can be said yet.",
            "",
            "The first values are expected within a minute.",
            "",
            "",
        )
    if prometheus.health is Health.DOWN:
        return _prometheus_down(situation, prometheus, zone)
    if situation.freshness.presence is Presence.NEVER_SEEN:
        return Verdict(
            Level.BLIND,
            "Nobody can tell how people fare: no process has ever been measured.",
            "",
            "Prometheus runs, but nothing it was told to scrape has answered.",
            "First: see with `watchkeeper status` whether the service runs and its metrics port answers.",
            "",
        )
    if situation.freshness.presence is Presence.STALE:
        return _stale(situation, zone)
    return None


def _unreadable(situation: Situation) -> Verdict:
    count = len(situation.problems)
    return Verdict(
        Level.BLIND,
        f"The definitions cannot be read: {count} problem{'s' if count > 1 else ''}.",
        "",
        f"{words.clause(situation.problems[0])}.",
        "First: run `watchkeeper check`; it shows every problem with its line.",
        "",
    )


def _prometheus_down(situation: Situation, prometheus: Backend, zone: tzinfo) -> Verdict:
    held = [alert for alert in situation.firing if alert.severity in _LOUD]
    last = prometheus.last_answer
    since = f"; it last answered at {_since(last, situation.at, zone)}" if last is not None else ""
    cause = f"Alertmanager still holds: {', '.join(alert.name for alert in held)}." if held else ""
    return Verdict(
        Level.BLIND,
        f"Nobody can tell how people fare: Prometheus does not answer{since}.",
        "",
        cause or words.sentence(prometheus.why),
        "First: `watchkeeper status`, then `watchkeeper stack logs prometheus`.",
        held[0].address if held else "",
    )


def _stale(situation: Situation, zone: tzinfo) -> Verdict:
    at = situation.freshness.at
    when = f" since {_since(at, situation.at, zone)}" if at is not None else ""
    return Verdict(
        Level.BLIND,
        f"Nobody can tell how people fare: no measurement has arrived{when}.",
        "",
        "Prometheus answers, but what it knows is old; no alert can fire.",
        "First: `watchkeeper status`; restart Prometheus if its disk is full or its clock jumped.",
        "",
    )


def _loud(situation: Situation, zone: tzinfo) -> Verdict | None:
    """Alerts that page: the worst thing people feel, with its cause beside it."""
    loud = sorted((alert for alert in situation.firing if alert.severity in _LOUD), key=order)
    if not loud:
        return None
    felt = [alert for alert in loud if alert.kind in _FELT]
    worst = felt[0] if felt else loud[0]
    causes = _causes(situation, worst)
    row = _row(situation, worst) if worst.kind in _FELT else None
    guide = causes[0] if causes else worst
    return Verdict(
        _LEVELS[worst.severity],
        _headline(situation, worst, row, zone),
        _budget_pace(row) if row else "",
        _cause(situation, worst, causes, zone),
        _first(guide),
        guide.address,
    )


def _causes(situation: Situation, worst: ActiveAlert) -> list[ActiveAlert]:
    """Alerts that name a cause and would page for it themselves, firing ones first; a warning explains no outage."""
    return sorted(
        (a for a in situation.alerts if a.kind is Kind.CAUSE and a.severity in _LOUD and a is not worst), key=order
    )


def _headline(situation: Situation, worst: ActiveAlert, row: SloRow | None, zone: tzinfo) -> str:
    since = _since(_began(situation, worst, row), situation.at, zone)
    if _only_probe(situation, worst, row):
        return (
            f"People probably cannot reach the service since {since}: "
            f"the synthetic conversation from outside fails{_arriving(situation, row)}."
        )
    impact = words.clause(row.impact if row and worst.slo else worst.impact or worst.summary)
    if worst.kind not in _FELT:
        return f"{words.sentence(worst.summary).rstrip('.')} (since {since}). {words.sentence(worst.impact)}".rstrip()
    return f"{impact[:1].upper()}{impact[1:]} since {since}{_how_many(row)}."


def _how_many(row: SloRow | None) -> str:
    """An alert outlives its cause by the length of its window; that it may be over is worth saying."""
    failing = row.failing.current if row else None
    if row is None or failing is None:
        return ""
    if failing <= 1 - row.target:
        return f"; it may be over, now {words.share(failing)} of requests {_verb(row)}"
    return f": {words.share(failing)} of requests {_verb(row)}"


def _began(situation: Situation, worst: ActiveAlert, row: SloRow | None) -> float:
    """When the first alert as severe as this one began to hold for the same objective, fired or not."""
    if row is None:
        return worst.since
    alike = (
        alert.since
        for alert in situation.alerts
        if alert.kind in _FELT
        and SEVERITY_ORDER[alert.severity] <= SEVERITY_ORDER[worst.severity]
        and _row(situation, alert) is row
    )
    return min(alike, default=worst.since)


def _verb(row: SloRow | None) -> str:
    return "are too slow" if row and row.late else "fail"


def _only_probe(situation: Situation, worst: ActiveAlert, row: SloRow | None) -> bool:
    """The probe fails while the requests that arrive are answered, or none arrive."""
    component = dict(worst.labels).get("component", "")
    if situation.probe.current != 0 or not (worst.kind is Kind.OUTAGE or component == "ingress"):
        return False
    failing = row.failing.current if row else None
    return failing is None or failing < 0.05


def _arriving(situation: Situation, row: SloRow | None) -> str:
    failing = row.failing.current if row else None
    if failing is None or not situation.traffic.current:
        return ", and no requests arrive"
    return f", though {words.share(1 - failing)} of the requests that arrive are answered"


def _row(situation: Situation, alert: ActiveAlert) -> SloRow | None:
    """The objective an alert speaks of; one that names none speaks of the first of its service."""
    rows = [row for row in situation.slos if not alert.service or row.service == alert.service]
    named = [row for row in rows if row.name == alert.slo]
    return next(iter(named or (rows if not alert.slo else [])), None)


def _budget_pace(row: SloRow) -> str:
    """A history too young to judge counts as a whole budget, and that is said."""
    window = "month's error budget" if row.window == "30 d" else f"error budget of {row.window}"
    left, lasts = row.budget_left.current, row.exhausted_in.current
    if left is not None and left <= 0 and not row.young:
        return f"The {window} is spent already ({words.share(1 - left)} of it used)."
    if lasts is None or lasts > row.window_seconds:
        return ""
    counted = " (counted as whole: there is too little history to say what is spent)" if row.young else ""
    return f"At this rate the {window} lasts {words.lasting(lasts)}{counted}."


def _cause(situation: Situation, worst: ActiveAlert, causes: list[ActiveAlert], zone: tzinfo) -> str:
    muted = "" if worst.told else "It is silenced or inhibited, so nobody is paged for it."
    named = _named_causes(causes) or _just_before(situation, worst, zone) or _beside(situation)
    return " ".join(part for part in (named, muted, _untold(situation)) if part)


def _named_causes(causes: list[ActiveAlert]) -> str:
    if not causes:
        return ""
    first = causes[0]
    likely = "Likely cause" if first.phase is Phase.FIRING else "Possible cause, not yet confirmed"
    alike = [alert for alert in causes if alert.name == first.name and alert.phase is first.phase]
    others = dict.fromkeys(alert.name for alert in causes if alert.name != first.name and alert.phase is first.phase)
    also = f" Also: {', '.join(list(others)[:2])}." if others else ""
    return f"{likely}: {_named(first, alike)}.{also}"


def _beside(situation: Situation) -> str:
    """With nothing better to go by, what else is not as it should be."""
    quiet = dict.fromkeys(a.name for a in situation.firing if a.kind is Kind.CAUSE and a.severity not in _LOUD)
    return f"Perhaps related: {', '.join(list(quiet)[:2])}." if quiet else ""


def _just_before(situation: Situation, worst: ActiveAlert, zone: tzinfo) -> str:
    """Without an alert that names a cause, what changed shortly before is the next best guess."""
    for change in situation.changes.value or ():
        if worst.since - _BEFORE_SECONDS <= change.at <= worst.since + _AFTER_SECONDS:
            return f"Just before, at {words.clock(change.at, situation.at, zone)}: {words.clause(change.text)}."
    return ""


_BEFORE_SECONDS, _AFTER_SECONDS = 900, 60


def _named(alert: ActiveAlert, alike: list[ActiveAlert]) -> str:
    """Its summary and name, with what tells it apart from others of its name; `alike` fire together with it."""
    identities = " and ".join(dict.fromkeys(one.identity for one in alike if one.identity))
    identity = f"{alert.name}, {identities}" if identities else alert.name
    summary = words.clause(alert.summary)
    return f"{summary[:1].lower()}{summary[1:]} ({identity})" if summary else identity


def _untold(situation: Situation) -> str:
    if situation.backend(ALERTMANAGER).health is Health.DOWN:
        return "Nobody is being told: Alertmanager does not answer."
    if situation.watchdog is Watch.LOST:
        return "Nobody may be told: alerts do not arrive in Alertmanager."
    return ""


def _first(alert: ActiveAlert) -> str:
    if not alert.actions:
        return f"First: open the runbook of {alert.name}."
    first = words.sentence(alert.actions[0])
    if len(alert.actions) == 1:
        return f"First: {first}"
    return f"First: {first} Then: {words.sentence(alert.actions[1])}"


def _deaf(situation: Situation, zone: tzinfo) -> Verdict | None:
    """Nobody is hurt that we can see, and nobody would be told if they were."""
    alertmanager = situation.backend(ALERTMANAGER)
    calm = f"{_calm(situation)} "
    if alertmanager.health is Health.DOWN:
        last = alertmanager.last_answer
        since = f"; it last answered at {_since(last, situation.at, zone)}" if last is not None else ""
        return Verdict(
            Level.HIGH,
            f"{calm}But nobody would be told: Alertmanager does not answer{since}.",
            "",
            words.sentence(alertmanager.why),
            "First: `watchkeeper status`, then `watchkeeper stack logs alertmanager`.",
            "",
        )
    if situation.watchdog in (Watch.MISSING, Watch.LOST):
        where = (
            "the Watchdog alert, which always fires, is missing in Prometheus"
            if situation.watchdog is Watch.MISSING
            else "the Watchdog alert fires in Prometheus and does not arrive in Alertmanager"
        )
        return Verdict(
            Level.HIGH,
            f"{calm}But nobody may be told: {where}.",
            "",
            "",
            "First: see with `watchkeeper status` whether the rules are loaded and Alertmanager takes alerts.",
            "/alerts/Watchdog",
        )
    return None


def _restless(situation: Situation, _: tzinfo) -> Verdict | None:
    """Nothing pages yet, and the budget would not last a tenth of its window at the pace of this minute."""
    fast = [
        row
        for row in situation.slos
        if row.exhausted_in.current is not None and row.exhausted_in.current < row.window_seconds * _RESTLESS_SHARE
    ]
    if not fast:
        return None
    row = min(fast, key=lambda row: (row.exhausted_in.current or 0.0) / row.window_seconds)
    failing = row.failing.current or 0.0
    if failing <= 1 - row.target:
        # the budget is spent already; what fails now is within the objective
        return None
    return Verdict(
        Level.WARNING,
        f"{words.share(failing)} of requests {_verb(row)} at the moment, more than the objective allows.",
        _budget_pace(row),
        "No alert that pages fires yet.",
        "First: watch this page for a minute; compare with what changed.",
        "",
    )


_RESTLESS_SHARE = 0.1


def _quiet(situation: Situation, zone: tzinfo) -> Verdict | None:
    """Only what can wait."""
    firing = sorted(situation.firing, key=order)
    if firing:
        first = firing[0]
        more = len(firing) - 1
        also = f" and {more} more {'alert' if more == 1 else 'alerts'}" if more else ""
        return Verdict(
            _LEVELS[first.severity],
            f"{_calm(situation)} To look at when there is time: {_named(first, [first])}, since "
            f"{_since(first.since, situation.at, zone)}{also}.",
            "",
            "",
            _first(first),
            first.address,
        )
    unknown = [row for row in situation.slos if row.failing.presence is not Presence.PRESENT]
    if situation.slos and len(unknown) == len(situation.slos):
        return _unmeasured(situation, unknown[0], zone)
    return None


def _unmeasured(situation: Situation, row: SloRow, zone: tzinfo) -> Verdict:
    """Processes are scraped, and nothing is known about requests."""
    if row.failing.presence is Presence.IDLE and situation.probe.current == 1:
        return Verdict(
            Level.WELL,
            "Nobody asks anything at the moment; the synthetic conversation from outside succeeds.",
            "",
            "No alert fires.",
            "",
            "",
        )
    if row.failing.presence is Presence.STARTING:
        return Verdict(
            Level.STARTING,
            "Starting: no request has been counted yet.",
            "",
            "The first objective is known within a minute of the first requests.",
            "",
            "",
        )
    return Verdict(
        Level.BLIND,
        f"Nobody can tell how people fare: no request has been counted {_last_counted(situation, row, zone)}.",
        "",
        "Processes are measured, but no traffic reaches them or it is not instrumented.",
        "First: try the front door yourself, then see whether the service is wrapped (`wk.asgi`).",
        "/alerts/SLIMissing",
    )


def _last_counted(situation: Situation, row: SloRow, zone: tzinfo) -> str:
    if row.failing.presence is Presence.IDLE:
        return "in the last minute"
    return f"since {_since(row.failing.at, situation.at, zone)}" if row.failing.at is not None else "ever"


def _calm(situation: Situation) -> str:
    """Whether people are well, in one short sentence."""
    known = [row for row in situation.slos if row.failing.current is not None]
    if not known:
        return "Nothing is known to hurt people."
    worst = max(known, key=lambda row: (row.failing.current or 0) / (1 - row.target))
    judged = "fast enough" if worst.late else "answered well"
    return f"People are well: {words.share(1 - (worst.failing.current or 0))} of requests are {judged}."


def _well(situation: Situation) -> Verdict:
    known = [(row, left) for row in situation.slos if (left := row.budget_left.current) is not None]
    pace = ""
    if known:
        row, left = min(known, key=lambda pair: pair[1])
        history = f", from {words.share(row.coverage.current or 0)} of its history" if row.young else ""
        pace = f"Least error budget left: {words.share(left)} ({row.name}{history})."
    pending = situation.pending
    waiting = (
        f"{len(pending)} alert{'s' if len(pending) > 1 else ''} may fire soon: {', '.join(a.name for a in pending)}."
        if pending
        else "No alert fires, and alerts would reach people."
        if situation.watchdog is Watch.SEEN
        else "No alert fires."
    )
    return Verdict(Level.WELL, _calm(situation), pace, waiting, "", "")


def _since(at: float, now: float, zone: tzinfo) -> str:
    return f"{words.clock(at, now, zone)} ({words.lasting(max(0.0, now - at))})"
