"""The objectives' document: figures worked out by hand, and what the specification asks for by name."""

from typing import Any

import yaml

from watchkeeper.compile import sli_slo
from watchkeeper.model import Catalog


def written(catalog: Catalog) -> Any:  # the tree is looked at, not typed
    return yaml.safe_load(sli_slo.document(catalog).text)


def objectives(catalog: Catalog) -> Any:
    return written(catalog)["services"]["llm-copilot-agent"]["objectives"]


def test_targets_are_the_specifications(catalog: Catalog) -> None:
    assert {name: (slo["target"], slo["window"]) for name, slo in objectives(catalog).items()} == {
        "availability": ("99.9 %", "30d"),
        "error-rate": ("99.9 %", "30d"),
        "latency-simple": ("95 %", "30d"),
        "latency-complex": ("95 %", "30d"),
        "latency-simple-p99": ("99 %", "30d"),
        "latency-complex-p99": ("99 %", "30d"),
        "module-test-bench": ("99.5 %", "30d"),
        "module-observatory": ("99.5 %", "30d"),
        "module-incident-manager": ("99.9 %", "30d"),
        "module-orchestrator": ("99.5 %", "30d"),
    }


def test_budgets_are_events_where_every_request_counts(catalog: Catalog) -> None:
    told = objectives(catalog)
    # 0.1 % of 50,000,000; 0.1 % of 30 d = 43.2 min
    budget = {"share": "0.1 %", "as_total_outage": "43 min 12 s", "events_per_month": 50_000}
    assert told["availability"]["error_budget"] == budget | {"of_requests_per_month": 50_000_000}
    assert told["error-rate"]["error_budget"] == told["availability"]["error_budget"]
    # 5 % of 30 d = 36 h; how many requests are simple is not known
    assert told["latency-simple"]["error_budget"] == {"share": "5 %", "as_total_outage": "1 d 12 h"}
    # 0.5 % of 30 d = 216 min
    assert told["module-orchestrator"]["error_budget"] == {"share": "0.5 %", "as_total_outage": "3 h 36 min"}


def test_a_tier_is_told_with_everything_that_follows(catalog: Catalog) -> None:
    (tier,) = [t for t in objectives(catalog)["availability"]["burn_alerts"] if t["long_window"] == "1h"]
    assert tier == {
        "severity": "critical",
        "budget_share": "2 %",
        "long_window": "1h",
        "short_window": "5m",  # 1 h / 12
        "factor": 14.4,  # 2 % x 720 h / 1 h
        "threshold": "1.44 %",  # 14.4 x 0.1 %
        "budget_lasts_at_factor": "2 d 2 h",  # 720 h / 14.4 = 50 h
        # 2 % of 43.2 min = 51.84 s when all fail; twice, four and ten times as long when fewer do
        "detection_time_when_failing": {
            "100 %": "51.8 s",
            "50 %": "1 min 44 s",
            "25 %": "3 min 27 s",
            "10 %": "8 min 38 s",
        },
    }


def test_the_specifications_own_factors_mean_something_else(catalog: Catalog) -> None:
    profile = written(catalog)["burn_alert_profiles"]["seed"]
    told = [(tier["factor"], tier["long_window"], tier["budget_lasts_at_factor"]) for tier in profile]
    # 720 h / 43.2 = 16 h 40 min, / 7.2 = 100 h, / 0.6 = 1200 h: longer than the window itself
    assert told == [(43.2, "1h", "16 h 40 min"), (7.2, "6h", "4 d 4 h"), (0.6, "3d", "50 d")]
    assert [tier.get("caution") for tier in profile] == [None, None, "fires on a service that meets its objective"]


def test_every_profile_is_shown(catalog: Catalog) -> None:
    profiles = written(catalog)["burn_alert_profiles"]
    assert set(profiles) == {"shown_for", "workbook", "workbook-low", "seed"}
    assert profiles["shown_for"] == {"target": "99.9 %", "window": "30d"}


def test_the_budget_policy_has_the_five_states(catalog: Catalog) -> None:
    policy = written(catalog)["services"]["llm-copilot-agent"]["budget_policy"]
    assert [(state["state"], state["from_consumed"], state["alert"]) for state in policy] == [
        ("green", "0 %", "none"),
        ("yellow", "25 %", "info"),
        ("orange", "50 %", "warning"),
        ("red", "75 %", "warning"),
        ("critical", "100 %", "high"),
    ]
    assert all(state["action"] for state in policy)


def test_outcomes_are_three(catalog: Catalog) -> None:
    assert set(written(catalog)["classification"]) == {"good", "bad", "excluded"}
