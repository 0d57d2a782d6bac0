"""Series computed ahead: what panels and pages read instead of asking for it again and again."""

from dataclasses import dataclass
from enum import StrEnum

from watchkeeper.model.alert import Unit


class Family(StrEnum):
    """What a recorded series speaks of."""

    AVAILABILITY = "availability"
    LATENCY = "latency"
    ERROR_RATE = "error-rate"
    ERROR_BUDGET = "error-budget"
    REQUEST_RATE = "request-rate"
    MODULE = "module"
    LLM = "llm"
    BUSINESS = "business"


class Pace(StrEnum):
    """How often it is computed: with the rest, or with the windows of a day and more."""

    STANDARD = "standard"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Recording:
    name: str
    """`level:metric:operations`."""
    labels: tuple[tuple[str, str], ...]
    value: str
    """PromQL as written; `service` and `environment` are injected by the compiler."""
    family: Family
    unit: Unit
    help: str
    pace: Pace
