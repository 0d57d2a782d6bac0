"""What tests of the log agents share: the compiled Collector, reading a test's own files instead of the machine's."""

from pathlib import Path
from typing import Any

import yaml


def collector(text: str, folder: Path, port: int) -> Any:
    """The compiled document; it reads `app.jsonl` and `kern.log` in the folder and tells its health on the port."""
    found = yaml.safe_load(text)
    found["receivers"]["filelog/app"]["include"] = [str(folder / "app.jsonl*")]
    found["receivers"]["filelog/kernel"] |= {"include": [str(folder / "kern.log")], "start_at": "beginning"}
    found["extensions"]["file_storage"]["directory"] = str(folder / "positions")
    found["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{port}"
    found["service"]["telemetry"] = {"metrics": {"level": "none"}}
    return found


def command(binary: str, file: Path) -> list[str]:
    return [binary, f"--config={file}", "--feature-gates=stanza.synchronousLogEmitter"]
