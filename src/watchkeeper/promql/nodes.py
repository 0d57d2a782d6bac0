"""PromQL as frozen values. Parentheses are not nodes: `render` writes them where precedence needs them."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TypeAlias

from watchkeeper.quantity import Duration


class MatchOperator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


class Operator(StrEnum):
    """Binary operators."""

    POW = "^"
    MUL = "*"
    DIV = "/"
    MOD = "%"
    ATAN2 = "atan2"
    ADD = "+"
    SUB = "-"
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    AND = "and"
    UNLESS = "unless"
    OR = "or"


COMPARISONS = frozenset(
    {
        Operator.EQUAL,
        Operator.NOT_EQUAL,
        Operator.LESS,
        Operator.LESS_EQUAL,
        Operator.GREATER,
        Operator.GREATER_EQUAL,
    }
)
SET_OPERATORS = frozenset({Operator.AND, Operator.UNLESS, Operator.OR})


class Aggregate(StrEnum):
    """Aggregation operators."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    AVG = "avg"
    GROUP = "group"
    STDDEV = "stddev"
    STDVAR = "stdvar"
    COUNT = "count"
    COUNT_VALUES = "count_values"
    BOTTOMK = "bottomk"
    TOPK = "topk"
    QUANTILE = "quantile"
    LIMITK = "limitk"
    LIMIT_RATIO = "limit_ratio"


class Edge(Enum):
    """The moments `@ start()` and `@ end()` speak of."""

    START = "start()"
    END = "end()"


class Side(StrEnum):
    """The side of a binary operation with many series per match group."""

    LEFT = "group_left"
    RIGHT = "group_right"


@dataclass(frozen=True, slots=True)
class Matcher:
    label: str
    operator: MatchOperator
    value: str


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    value: Decimal

    def __eq__(self, other: object) -> bool:
        """NaN equals NaN: two literals are the same node."""
        return isinstance(other, Number) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> Decimal | str:
        return "NaN" if self.value.is_nan() else self.value


@dataclass(frozen=True, slots=True)
class String:
    value: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """A negative offset: so much later instead of earlier."""

    duration: Duration


Offset: TypeAlias = Duration | Ahead


@dataclass(frozen=True, slots=True)
class Selector:
    name: str
    """Metric name; empty when only matchers select."""
    matchers: tuple[Matcher, ...] = ()
    offset: Offset | None = None
    at: Decimal | Edge | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """A range vector; `offset` and `@` belong to the selector."""

    selector: Selector
    duration: Duration


@dataclass(frozen=True, slots=True)
class Subquery:
    expr: "Node"
    duration: Duration
    step: Duration | None = None
    offset: Offset | None = None
    at: Decimal | Edge | None = None


@dataclass(frozen=True, slots=True)
class Call:
    function: str
    arguments: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Grouping:
    """`by (labels)`, or `without (labels)`. The default, by nothing, is written as no clause at all."""

    labels: tuple[str, ...] = ()
    without: bool = False


@dataclass(frozen=True, slots=True)
class Aggregation:
    operator: Aggregate
    expr: "Node"
    grouping: Grouping = Grouping()
    parameter: "Node | None" = None
    """The k of topk, the q of quantile, the label of count_values."""


@dataclass(frozen=True, slots=True)
class Matching:
    """`ignoring (labels)`, or `on (labels)`. The default, ignoring nothing, is written as no clause at all."""

    labels: tuple[str, ...] = ()
    on: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """`group_left (labels)` or `group_right (labels)`: the labels copied from the other side."""

    side: Side
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    operator: Operator
    lhs: "Node"
    rhs: "Node"
    matching: Matching = Matching()
    group: Group | None = None
    returns_bool: bool = False
    """`bool` after a comparison: 0 or 1 instead of keeping or dropping the sample."""


@dataclass(frozen=True, slots=True)
class Negation:
    expr: "Node"


Node: TypeAlias = Number | String | Selector | Range | Subquery | Call | Aggregation | Binary | Negation
