"""All this service does to be watched, apart from using `wk` where something happens."""

import logging

import watchkeeper
from watchkeeper import Watchkeeper
from watchkeeper.copilot import Instruments
from watchkeeper.demo.config import DemoConfig

Wk = Watchkeeper[Instruments]

_API = "POST /api/v1"
CLASSES = {
    f"{_API}/conversations/{{conversation_id}}/messages": "complex",
    f"{_API}/conversations/{{conversation_id}}/messages/stream": "complex",
    f"{_API}/workflows": "complex",
}
"""Requests that wait for a model or a workflow; all others are simple."""


def observe(config: DemoConfig, version: str) -> Wk:
    wk = watchkeeper.init(
        Instruments,
        service=config.service,
        version=version,
        environment=config.environment,
        metrics_port=config.metrics_port,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[wk.log_handler()], force=True)
    return wk
