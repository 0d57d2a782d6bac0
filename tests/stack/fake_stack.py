"""A supervisor with small children instead of engines: `fake_stack.py STATE NAME=PROGRAM:PORT ...`."""

import sys
from pathlib import Path

from watchkeeper.stack import preparation, running
from watchkeeper.stack.child import Child, Wave
from watchkeeper.stack.configuration import Purpose
from watchkeeper.stack.layout import Layout
from watchkeeper.stack.ports import Ports
from watchkeeper.stack.preparation import Prepared
from watchkeeper.stack.ready import Listening
from watchkeeper.stack.saying import Refusal, Tone

LISTEN = """
import signal, socket, sys
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen()
signal.pause()
"""
# a daemon: a session of its own, deaf to TERM, its parent gone from the group
_DAEMON = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PROGRAMS = {
    "plain": LISTEN,
    "stubborn": f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LISTEN}",
    "parent": f"import subprocess; subprocess.Popen(['sleep', '600'])\n{LISTEN}",
    "daemon": "import subprocess, sys\n"
    f"subprocess.Popen([sys.executable, '-S', '-c', {_DAEMON!r}], start_new_session=True)\n{LISTEN}",
    "broken": "import sys; sys.exit('no such file: config.yml')",
}


def child(spec: str) -> Child:
    name, _, rest = spec.partition("=")
    program, _, port = rest.partition(":")
    wave = {"inbox": Wave.RECEIVING, "alertmanager": Wave.ROUTING, "prometheus": Wave.WATCHERS}.get(name, Wave.TRAFFIC)
    command = (sys.executable, "-S", "-c", PROGRAMS[program], port)
    return Child(name, command, Listening((int(port),)), wave, int(port), checked=False)


def say(text: str, tone: Tone = Tone.QUIET) -> None:
    sys.stdout.write(f"{tone} {text}\n")
    sys.stdout.flush()


def main() -> int:
    layout = Layout.of(Path(sys.argv[1]))
    children = tuple(child(spec) for spec in sys.argv[2:])
    ports = Ports(dict.fromkeys(("console", "inbox", "prometheus", "alertmanager"), 1), ())
    try:
        with preparation.claim(layout) as held:
            token = preparation.new_token()
            prepared = Prepared(layout, Purpose(False, "test", None), ports, children, (), token)
            done = running.run(prepared, held, say=say, started=lambda: say("started", Tone.GOOD))
            return 0 if done else 1
    except Refusal as refusal:
        say(str(refusal), Tone.BAD)
        return 1


if __name__ == "__main__":
    sys.exit(main())
