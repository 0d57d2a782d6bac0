"""The deployment that series, storage and cost are computed for."""

from dataclasses import dataclass

from watchkeeper.model.metric import Emitter


@dataclass(frozen=True, slots=True)
class Reference:
    requests_per_month: int
    instances: tuple[tuple[Emitter, int], ...]
    """How many processes of each kind expose metrics."""

    def of(self, emitter: Emitter) -> int:
        return dict(self.instances).get(emitter, 0)
