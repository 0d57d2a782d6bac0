"""The demo's configuration file."""

from pathlib import Path

import msgspec
import pytest

from watchkeeper.demo.config import ConfigError, DemoConfig

PORTS = {"test-bench": 8468, "observatory": 8469, "incident-manager": 8470, "orchestrator": 8471}


def document(**changes: object) -> dict[str, object]:
    return {
        "service": "llm-copilot-agent",
        "environment": "demo",
        "version": "1.0.0",
        "state": "/var/demo",
        "faults": "/var/demo/faults.json",
        "ingress_port": 8464,
        "agent_port": 8465,
        "metrics_port": 8466,
        "providers_port": 8467,
        "module_ports": PORTS,
        "cache_port": 8472,
        "probe_secret_file": "/var/secrets/probe",
        "speed": 1.0,
        "peak_rps": 20.0,
        "start_hour": None,
    } | changes


def load(directory: Path, content: object) -> DemoConfig:
    file = directory / "demo.json"
    file.write_bytes(msgspec.json.encode(content))
    return DemoConfig.load(file)


def test_every_key(tmp_path: Path) -> None:
    config = load(tmp_path, document(start_hour=9.5))
    assert config.service == "llm-copilot-agent"
    assert config.state == Path("/var/demo")
    assert config.module_ports == PORTS
    assert config.start_hour == 9.5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (document(spede=6), "Object contains unknown field `spede`"),
        (document(agent_port="8465"), r"Expected `int`, got `str` - at `\$.agent_port`"),
        ([], "Expected `object`, got `array`"),
        (document(speed=0), "speed and peak_rps must be above 0"),
        (
            document(module_ports={"observatory": 1}),
            "module_ports names observatory; it must name test-bench, observatory, incident-manager, orchestrator",
        ),
    ],
)
def test_mistakes_name_file_and_cause(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"demo\.json: {message}"):
        load(tmp_path, content)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json: No such file or directory"):
        DemoConfig.load(tmp_path / "nowhere.json")
