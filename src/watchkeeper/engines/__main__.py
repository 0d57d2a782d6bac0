"""`python -m watchkeeper.engines [fetch]`: say which engines are here, getting the missing ones first when asked."""

import sys

from watchkeeper.engines import advice, binary, debian, places
from watchkeeper.engines.binary import Missing


def main(arguments: list[str]) -> int:
    """Print one line per engine; 0 when all are found, 1 when one is missing, 2 for a misuse."""
    if arguments not in ([], ["fetch"]):
        sys.stderr.write("usage: python -m watchkeeper.engines [fetch]\n")
        return 2
    found = [binary.find(name) for name in binary.NAMES]
    failure = ""
    if arguments and any(isinstance(engine, Missing) for engine in found):
        try:
            debian.fetch(places.fetched())
        except debian.FetchError as error:
            failure = str(error)
        found = [binary.find(name) for name in binary.NAMES]
    for engine in found:
        sys.stdout.write(f"{engine.name:<13} {advice.describe(engine)}\n")
    missing = [engine for engine in found if isinstance(engine, Missing)]
    if missing:
        sys.stderr.write(advice.missing(missing, failure) + "\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
