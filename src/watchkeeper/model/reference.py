"""The deployment that series, storage and cost are computed for."""

from dataclasses import dataclass
from decimal import Decimal

from watchkeeper.model.metric import Emitter
from watchkeeper.quantity import Duration


@dataclass(frozen=True, slots=True)
class Reference:
    requests_per_month: int
    instances: tuple[tuple[Emitter, int], ...]
    """How many processes of each kind expose metrics: of each service, or for all services together."""

    @property
    def requests_per_second(self) -> Decimal:
        """On average, over a month of 30 days."""
        return Decimal(self.requests_per_month) / Duration.of(days=30).seconds

    def of(self, emitter: Emitter) -> int:
        return dict(self.instances).get(emitter, 0)
