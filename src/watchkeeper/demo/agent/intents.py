"""What people want, and what answering it takes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from watchkeeper.demo.agent.models import Model


class Intent(StrEnum):
    CODE_HELP = "code_help"
    EXPLAIN = "explain"
    TEST_GENERATION = "test_generation"
    TELEMETRY = "telemetry"
    INCIDENT = "incident"
    SMALLTALK = "smalltalk"


@dataclass(frozen=True, slots=True)
class Plan:
    model: Model
    module: str = ""


PLANS: dict[Intent, Plan] = {
    Intent.CODE_HELP: Plan(Model.SONNET),
    Intent.EXPLAIN: Plan(Model.HAIKU),
    Intent.TEST_GENERATION: Plan(Model.GPT, "test-bench"),
    Intent.TELEMETRY: Plan(Model.SONNET, "observatory"),
    Intent.INCIDENT: Plan(Model.SONNET, "incident-manager"),
    Intent.SMALLTALK: Plan(Model.GPT_MINI),
}

_WORDS: dict[Intent, tuple[str, ...]] = {
    Intent.INCIDENT: ("incident", "outage"),
    Intent.TEST_GENERATION: ("test",),
    Intent.TELEMETRY: ("latency", "requests", "how many"),
    Intent.EXPLAIN: ("explain", "what does", "mean"),
    Intent.SMALLTALK: ("thanks", "hello", "good morning"),
}

Severity = Literal["critical", "high", "medium", "low"]

_GRAVE: dict[Severity, tuple[str, ...]] = {
    "critical": ("outage", "down", "failing", "lost"),
    "high": ("error", "broken"),
    "medium": ("slow", "late"),
}


def severity(text: str) -> Severity:
    """How bad an incident sounds, from the words alone; the worst that has one of them."""
    lower = text.lower()
    return next((name for name, words in _GRAVE.items() if any(word in lower for word in words)), "low")


def guess(text: str) -> Intent:
    """From the words alone; the first intent that has one of them."""
    lower = text.lower()
    for intent, words in _WORDS.items():
        if any(word in lower for word in words):
            return intent
    return Intent.CODE_HELP
