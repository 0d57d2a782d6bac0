"""What to tell someone whose machine lacks an engine: the exact commands, per system."""

from collections.abc import Sequence

from watchkeeper.engines.binary import Engine, Missing
from watchkeeper.engines.places import VARIABLE

# Newer modules of Alertmanager do not build, their assets are missing; older ones of Prometheus refuse `go install`.
COMMANDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Debian, Ubuntu",
        (
            "sudo apt-get install prometheus prometheus-alertmanager",
            "sudo systemctl disable --now prometheus prometheus-alertmanager   # the packages start both",
        ),
    ),
    ("macOS", ("brew install prometheus alertmanager   # a Homebrew without alertmanager: see Go",)),
    (
        "any system with Go",
        (
            "go install github.com/prometheus/prometheus/cmd/prometheus@v0.316.0",
            "go install github.com/prometheus/prometheus/cmd/promtool@v0.316.0",
            "go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1",
            "go install github.com/prometheus/alertmanager/cmd/amtool@v0.28.1",
            'export PATH="$PATH:$(go env GOPATH)/bin"',
        ),
    ),
)


def describe(engine: Engine | Missing) -> str:
    if isinstance(engine, Missing):
        return f"missing: {engine.reason}"
    return f"{engine.version or 'unknown version'}  {engine.path}"


def missing(engines: Sequence[Missing], failure: str = "") -> str:
    """One message: what is missing, why it could not be fetched, and a command for each kind of system."""
    names = ", ".join(engine.name for engine in engines)
    lines = [f"{names} not found: {engines[0].reason}."]
    if failure:
        lines.append(f"Getting them by itself failed: {failure}.")
    lines.append("Install them with one of these, then try again:")
    for system, commands in COMMANDS:
        lines.append(f"  {system}:")
        lines += [f"    {command}" for command in commands]
    lines.append(f"Binaries elsewhere: put their directory on PATH, or name an unpacked tree in {VARIABLE}.")
    return "\n".join(lines)
