"""Alertmanager's semantics as pure steps over its own document: who takes an alert, when a route sends, what inhibits.

Nothing here looks at a clock: `at` is passed in. What is decided is what the compiled document says, whoever wrote it.
"""

from watchkeeper.routing.groups import Delivery, deliveries
from watchkeeper.routing.inhibition import inhibited_by
from watchkeeper.routing.intervals import covers, resting, sends

__all__ = ["Delivery", "covers", "deliveries", "inhibited_by", "resting", "sends"]
