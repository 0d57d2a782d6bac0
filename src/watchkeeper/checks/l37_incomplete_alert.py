"""An alert that does not say what it is, how bad, or what to do.

Whoever is woken reads a title, and needs a page that says what to do first. An alert without `severity` is routed by
nobody's decision. A link to a page that is not there is found out at three in the morning.

Asked for are the label `severity`, an annotation `summary` (or `title`, `message`), and a runbook in an annotation
(`runbook`, `runbook_url`) of each alert that is more than `info`. With `--runbooks`, links to pages are followed
there. Definitions are refused without each of these, with an unknown severity, without an owner, and when a runbook
does not exist; alerts compiled from them carry a `team`.

Bad:

```yaml
rules:
- alert: QueueLong
  expr: max by (queue) (queue_length) > 1000
  labels: {severity: critical}
  annotations: {summary: "Queue {{ $labels.queue }} is long"}
```

Good:

```yaml
rules:
- alert: QueueLong
  expr: max by (queue) (queue_length) > 1000
  labels: {severity: critical}
  annotations:
    summary: Queue {{ $labels.queue }} is long
    runbook_url: https://runbooks.example.com/queue-long.md
```
"""

from collections.abc import Iterator

from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions
from watchkeeper.checks.rules import Rules
from watchkeeper.checks.subject import Alerting, Pair
from watchkeeper.problem import Severity
from watchkeeper.spec.wording import closest

_TITLES = ("summary", "title", "message")
_RUNBOOKS = ("runbook", "runbook_url", "runbook_link", "playbook", "playbook_url")
_SHOWN_ONLY = frozenset({"info", "none"})
_DOOR = ("bad-choice", "missing-key", "unknown-runbook")


def find(rules: Rules) -> Iterator[Finding]:
    for alert in rules.alerting():
        severity = alert.fixed_labels.get("severity", "")
        if not severity:
            yield _lacks(alert, "severity", "a label `severity`", "add one that your routes know: critical, warning")
        if not any(_annotation(alert, name) for name in _TITLES):
            yield _lacks(alert, "title", "an annotation `summary`", "say in a line what is wrong")
        runbook = next((found for name in _RUNBOOKS if (found := _annotation(alert, name))), None)
        if runbook is None and severity not in _SHOWN_ONLY:
            yield _lacks(alert, "runbook", "an annotation `runbook_url`", "name the page that says what to do")
        elif runbook is not None and rules.runbooks is not None:
            yield from _dead(alert, runbook, rules.runbooks)


def owners(_definitions: Definitions, rules: Rules) -> Iterator[Finding]:
    """Whoever breaks the compiler is told: the door lets no alert without an owner in."""
    for alert in rules.alerting():
        if not alert.fixed_labels.get("team"):
            yield _lacks(alert, "team", "a label `team`", "say whose it is")


def _annotation(alert: Alerting, name: str) -> Pair | None:
    return next((pair for pair in alert.annotations if pair.name == name and pair.value.text.strip()), None)


def _lacks(alert: Alerting, what: str, allowed: str, fix: str) -> Finding:
    return Finding(alert.name.whole, f"{alert.called} has no {what}", found=f"no {what}", allowed=allowed, fix=fix)


def _dead(alert: Alerting, runbook: Pair, pages: frozenset[str]) -> Iterator[Finding]:
    """A link that names a page; one that says nothing of files cannot be followed here."""
    page = runbook.value.text.strip().partition("#")[0].rpartition("/")[2]
    if not page.endswith(".md") or page in pages:
        return
    near = closest(page, pages)
    yield Finding(
        runbook.value.whole,
        f"{alert.called}: there is no runbook `{page}`",
        found=runbook.value.text,
        allowed=near or "a page that exists",
        fix=f"write `{near}`, or add the page" if near else "add the page, or name another",
        severity=Severity.ERROR,
    )


CHECK = Check("L37", "incomplete-alert", Severity.WARNING, __doc__, rules=find, definitions=owners, door=_DOOR)
