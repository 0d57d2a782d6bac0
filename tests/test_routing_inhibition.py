"""What silences what: both sides, equal labels, and the alert that stands on both sides itself."""

from watchkeeper import routing
from watchkeeper.formats.alertmanager_reading import Inhibition, Matcher

DOWN = {"alertname": "ServiceDown", "kind": "symptom", "service": "a", "environment": "p", "pod": "1"}
SLOW = {"alertname": "Slow", "kind": "symptom", "service": "a", "environment": "p"}
CAUSE = {"alertname": "DatabaseDown", "kind": "cause", "service": "a", "environment": "p"}
SOURCE = (Matcher("alertname", "ServiceDown", "="),)
TARGET = (Matcher("kind", "symptom", "="),)
RULE = Inhibition(SOURCE, TARGET, ("service", "environment"))


def test_a_target_is_silenced_by_its_source() -> None:
    assert routing.inhibited_by(SLOW, (CAUSE, DOWN, SLOW), (RULE,)) == (DOWN,)
    assert routing.inhibited_by(SLOW, (CAUSE, SLOW), (RULE,)) == ()
    assert routing.inhibited_by(CAUSE, (DOWN,), (RULE,)) == ()


def test_equal_labels_must_be_equal() -> None:
    assert routing.inhibited_by(SLOW | {"service": "b"}, (DOWN,), (RULE,)) == ()
    assert routing.inhibited_by(SLOW, (DOWN | {"environment": "staging"},), (RULE,)) == ()


def test_a_label_that_both_lack_is_equal_and_one_that_one_lacks_is_not() -> None:
    bare = {"alertname": "ServiceDown"}, {"kind": "symptom"}
    assert routing.inhibited_by(bare[1], (bare[0],), (RULE,)) == (bare[0],)
    assert routing.inhibited_by(bare[1], (DOWN,), (RULE,)) == ()
    assert routing.inhibited_by(SLOW, (bare[0],), (RULE,)) == ()


def test_alerts_on_both_sides_do_not_silence_each_other() -> None:
    other = DOWN | {"pod": "2"}
    assert routing.inhibited_by(DOWN, (DOWN, other), (RULE,)) == ()
    # a source that is no target silences one that is both
    outage = {"alertname": "ServiceDown", "kind": "outage", "service": "a", "environment": "p"}
    assert routing.inhibited_by(DOWN, (outage,), (RULE,)) == (outage,)


def test_every_source_is_named_once() -> None:
    twice = (RULE, Inhibition(SOURCE, TARGET, ()))
    other = DOWN | {"pod": "2"}
    assert routing.inhibited_by(SLOW, (DOWN, other), twice) == (DOWN, other)
