"""What can go wrong when asking a running engine. `str(error)` is a sentence for the person at the terminal."""

# ruff: noqa: N818 - the names are read in `except` clauses, where "Error" would say nothing


class LiveError(Exception):
    """Any failure to get an answer from a running engine."""

    def __init__(self, url: str, message: str) -> None:
        super().__init__(message)
        self.url = url


class Unreachable(LiveError):
    """Nobody answered: not running, wrong address, or too slow."""


class Refused(LiveError):
    """Something answered but will not serve us: wrong credentials, not ready, or broken inside."""


class Rejected(LiveError):
    """The request itself was found wrong, for example a query that does not parse."""


class Unreadable(LiveError):
    """The answer is not what this engine says: probably something else listens at this address."""
