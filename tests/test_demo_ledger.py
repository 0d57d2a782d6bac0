"""The proof that tokens and cost are exact, made small: `bench/ledger.py` with few calls."""

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).parent.parent / "bench" / "ledger.py"


def test_every_call_is_counted_as_it_was_billed() -> None:
    command = [sys.executable, str(BENCH), "--calls", "300", "--seed", "3"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    header, *models, verdict = ended.stdout.splitlines()
    assert header.split()[0] == "model"
    assert [line.split()[0] for line in models] == ["claude-sonnet-5", "claude-haiku-4-5", "gpt-5.2", "gpt-5-mini"]
    assert all(line.endswith("yes") for line in models)
    assert verdict.startswith("300 calls in ")
    assert verdict.endswith("; 0 differences")
