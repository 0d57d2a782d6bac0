"""Who hears of an alert: the receivers of its routes that send anything anywhere."""

from collections.abc import Iterable, Mapping

from watchkeeper.model import Catalog


def told(catalog: Catalog, labels: Mapping[str, str]) -> frozenset[str]:
    """At some hour of the week; a receiver that only shows things in the console tells nobody."""
    sending = {receiver.name for receiver in catalog.receivers if receiver.sends is not None}
    return frozenset(catalog.routing.told(labels)) & sending


def words(receivers: Iterable[str]) -> str:
    return ", ".join(sorted(receivers)) or "nobody"
