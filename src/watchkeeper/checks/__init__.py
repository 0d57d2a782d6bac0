"""Are these rules any good? One file a check; the docstring of each is its page in docs/reference/checks.md."""

from collections.abc import Mapping
from datetime import date

from watchkeeper.checks import judging
from watchkeeper.checks.check import Check, Finding
from watchkeeper.checks.definitions import Definitions, of_sources
from watchkeeper.checks.inventory import UNKNOWN, Family, Inventory, of_catalog, of_families
from watchkeeper.checks.judging import Judged
from watchkeeper.checks.l01_burn_factor import CHECK as L01
from watchkeeper.checks.l02_slow_burn import CHECK as L02
from watchkeeper.checks.l03_unreachable_burn import CHECK as L03
from watchkeeper.checks.l04_no_budget import CHECK as L04
from watchkeeper.checks.l05_float_noise import CHECK as L05
from watchkeeper.checks.l06_average_of_ratios import CHECK as L06
from watchkeeper.checks.l07_gappy_average import CHECK as L07
from watchkeeper.checks.l08_division_by_zero import CHECK as L08
from watchkeeper.checks.l09_absent_numerator import CHECK as L09
from watchkeeper.checks.l10_vector_under_grouping import CHECK as L10
from watchkeeper.checks.l11_duplicate_fill import CHECK as L11
from watchkeeper.checks.l12_never_matching_join import CHECK as L12
from watchkeeper.checks.l13_rate_of_sum import CHECK as L13
from watchkeeper.checks.l14_wrong_type import CHECK as L14
from watchkeeper.checks.l15_short_range import CHECK as L15
from watchkeeper.checks.l16_irate import CHECK as L16
from watchkeeper.checks.l17_quantile import CHECK as L17
from watchkeeper.checks.l18_threshold_off_bucket import CHECK as L18
from watchkeeper.checks.l19_exact_bound import CHECK as L19
from watchkeeper.checks.l20_absent import CHECK as L20
from watchkeeper.checks.l21_blind_objective import CHECK as L21
from watchkeeper.checks.l22_no_traffic_guard import CHECK as L22
from watchkeeper.checks.l23_no_comparison import CHECK as L23
from watchkeeper.checks.l24_moving_label import CHECK as L24
from watchkeeper.checks.l25_duplicate_rule import CHECK as L25
from watchkeeper.checks.l26_unknown_series import CHECK as L26
from watchkeeper.checks.l27_stale_dependency import CHECK as L27
from watchkeeper.checks.l28_odd_interval import CHECK as L28
from watchkeeper.checks.l29_beyond_retention import CHECK as L29
from watchkeeper.checks.l30_slow_critical import CHECK as L30
from watchkeeper.checks.l31_changing_window import CHECK as L31
from watchkeeper.checks.l32_recording_name import CHECK as L32
from watchkeeper.checks.l33_unscoped_selector import CHECK as L33
from watchkeeper.checks.l34_needless_regex import CHECK as L34
from watchkeeper.checks.l35_fragile import CHECK as L35
from watchkeeper.checks.l36_unportable import CHECK as L36
from watchkeeper.checks.l37_incomplete_alert import CHECK as L37
from watchkeeper.checks.l38_template import CHECK as L38
from watchkeeper.checks.l39_client_errors import CHECK as L39
from watchkeeper.checks.l40_metric_name import CHECK as L40
from watchkeeper.checks.l41_alert_as_report import CHECK as L41
from watchkeeper.checks.l42_self_compared_spike import CHECK as L42
from watchkeeper.checks.l43_lazy_series import CHECK as L43
from watchkeeper.checks.l44_untested_alert import CHECK as L44
from watchkeeper.checks.l45_unread_recording import CHECK as L45
from watchkeeper.checks.reading import read_rules
from watchkeeper.promql.rewrite import metrics

CHECKS: tuple[Check, ...] = (
    L01,
    L02,
    L03,
    L04,
    L05,
    L06,
    L07,
    L08,
    L09,
    L10,
    L11,
    L12,
    L13,
    L14,
    L15,
    L16,
    L17,
    L18,
    L19,
    L20,
    L21,
    L22,
    L23,
    L24,
    L25,
    L26,
    L27,
    L28,
    L29,
    L30,
    L31,
    L32,
    L33,
    L34,
    L35,
    L36,
    L37,
    L38,
    L39,
    L40,
    L41,
    L42,
    L43,
    L44,
    L45,
)
"""Asked in this order, which is the order of the reference page."""

__all__ = [
    "CHECKS",
    "UNKNOWN",
    "Check",
    "Definitions",
    "Family",
    "Finding",
    "Inventory",
    "Judged",
    "judge_definitions",
    "judge_rules",
    "of_catalog",
    "of_families",
    "of_sources",
    "series_read",
]


def series_read(texts: Mapping[str, str]) -> frozenset[str]:
    """Names that the expressions of rule files read."""
    files = [read_rules(text, file).file for file, text in texts.items()]
    rules = [rule for file in files if file is not None for _, rule in file.rules()]
    return frozenset(name for rule in rules if rule.expr is not None for name in metrics(rule.expr.node))


def judge_rules(
    texts: Mapping[str, str], known: Inventory = UNKNOWN, *, today: date, runbooks: frozenset[str] | None = None
) -> Judged:
    """What is wrong with rule files, given as texts by name; `known` says which metrics there are."""
    return judging.judge_rules(CHECKS, texts, known, runbooks=runbooks, today=today)


def judge_definitions(definitions: Definitions, compiled: Mapping[str, str], *, today: date) -> Judged:
    """What is wrong with definitions that could be read; `compiled` are the rule files made from them, by path."""
    return judging.judge_definitions(CHECKS, definitions, compiled, today=today)
