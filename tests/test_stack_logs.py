"""Logs: bounded while they are written, read from the end, followed across a cut."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from watchkeeper.stack import logs
from watchkeeper.stack.logs import Line


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.write_text("x" * 100)
    assert not logs.rotate(log, limit_bytes=100)
    assert not logs.rotate(tmp_path / "absent.log")
    assert [path.name for path in tmp_path.iterdir()] == ["agent.log"]


def test_a_large_log_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    program = (
        "import sys\nfor line in sys.stdin: print(line.strip(), flush=True); print('ack', file=sys.stderr, flush=True)"
    )
    with (
        log.open("ab") as output,
        subprocess.Popen(
            [sys.executable, "-S", "-c", program],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        ) as writer,
    ):
        assert writer.stdin is not None
        assert writer.stderr is not None

        def write(line: str) -> None:
            assert writer.stdin is not None
            assert writer.stderr is not None
            writer.stdin.write(f"{line}\n")
            writer.stdin.flush()
            writer.stderr.readline()

        write("before")
        assert logs.rotate(log, limit_bytes=3)
        write("after")
    assert (tmp_path / "agent.log.1").read_text() == "before\n"
    assert log.read_text() == "after\n"


def test_names_are_those_of_current_logs(tmp_path: Path) -> None:
    for name in ("prometheus.log", "agent.log", "agent.log.1", "note.txt"):
        (tmp_path / name).touch()
    assert logs.names(tmp_path) == ("agent", "prometheus")
    assert logs.names(tmp_path / "absent") == ()


def test_last_lines_of_each(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("1\n2\n3\n")
    (tmp_path / "b.log").write_bytes(b"caf\xe9\nhalf")
    assert logs.last(tmp_path, ("a", "b"), 2) == (
        Line("a", "2"),
        Line("a", "3"),
        Line("b", "caf\N{REPLACEMENT CHARACTER}"),
        Line("b", "half"),
    )


def test_follow_yields_whole_new_lines_across_a_cut(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    steps: Iterator[str] = iter(["append", "half", "rest", "cut", "late"])

    def wait(seconds: float) -> None:
        assert seconds == logs.FOLLOW_SECONDS
        match next(steps):
            case "append":
                log.write_text("old\nnew\n")
            case "half":
                log.write_text("old\nnew\nhal")
            case "rest":
                log.write_text("old\nnew\nhalf\n")
            case "cut":
                log.write_text("fresh\n")
            case "late":
                (tmp_path / "b.log").write_text("from b\n")

    followed = logs.follow(tmp_path, ("a", "b"), wait=wait)
    assert list(islice(followed, 4)) == [Line("a", "new"), Line("a", "half"), Line("a", "fresh"), Line("b", "from b")]
