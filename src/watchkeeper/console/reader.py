"""Reads the definitions in the background, so that the console answers before they are read."""

import threading
import traceback
from pathlib import Path

from watchkeeper.console.definitions import Definitions
from watchkeeper.problem import Problem, Severity


class Reader:
    """Call it for the definitions; None while they are being read."""

    def __init__(self, project: Path | None) -> None:
        self._project = project
        self._read: Definitions | None = None

    def __call__(self) -> Definitions | None:
        return self._read

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, name="definitions", daemon=True)
        thread.start()
        return thread

    def _guarded(self) -> None:
        """A bug in reading must not look like reading for ever."""
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - the edge of a thread: nobody else would hear of it
            traceback.print_exc()
            self._read = Definitions(
                None, (f"reading them failed inside Watchkeeper ({error}); see the console's log",), ()
            )

    def read(self) -> None:
        # the schema's libraries and the compiler are the slow part of a start
        from watchkeeper import spec
        from watchkeeper.console.compiled import definitions

        loaded = spec.load(self._project)
        if loaded.catalog is None:
            errors = tuple(_line(problem) for problem in loaded.problems if problem.severity is Severity.ERROR)
            self._read = Definitions(None, errors or ("the definitions are empty",), ())
        else:
            self._read = definitions(loaded.catalog)


def _line(problem: Problem) -> str:
    return f"{problem.span.file}:{problem.span.line}: {problem.summary}"
