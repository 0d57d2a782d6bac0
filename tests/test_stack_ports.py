"""Ports: the usual ones, others where those are taken, never one twice."""

import socket

import pytest

from watchkeeper.stack import ports
from watchkeeper.stack.ports import Moved


def test_usual_ports_are_those_of_the_documentation() -> None:
    chosen = ports.choose(ports.NAMES, free=lambda _: True)
    assert chosen.moved == ()
    assert dict(chosen.by_name) == {
        "console": 8460,
        "inbox": 8461,
        "prometheus": 8462,
        "alertmanager": 8463,
        "ingress": 8464,
        "agent": 8465,
        "agent-metrics": 8466,
        "providers": 8467,
        "test-bench": 8468,
        "observatory": 8469,
        "incident-manager": 8470,
        "orchestrator": 8471,
        "cache": 8472,
        "probe": 8473,
        "stack-metrics": 8474,
        "node-metrics": 8475,
        "inbox-smtp": 8476,
    }
    assert chosen.url("console") == "http://127.0.0.1:8460"


def test_another_base_moves_all_of_them_without_calling_it_moved() -> None:
    chosen = ports.choose(ports.WITHOUT_DEMO, first=9000, free=lambda _: True)
    assert dict(chosen.by_name) == {
        "console": 9000,
        "inbox": 9001,
        "prometheus": 9002,
        "alertmanager": 9003,
        "stack-metrics": 9014,
        "node-metrics": 9015,
        "inbox-smtp": 9016,
    }
    assert chosen.moved == ()


def test_a_taken_port_is_replaced_and_reported() -> None:
    chosen = ports.choose(ports.WITHOUT_DEMO, free=lambda port: port != 8461, another=lambda: 50001)
    assert chosen["inbox"] == 50001
    assert chosen.moved == (Moved("inbox", usual=8461, now=50001),)


def test_a_replacement_is_never_somebody_elses_port() -> None:
    # the system offers a usual port of this stack first, then the same free one for both
    offers = iter([8462, 50001, 50001, 50002])
    chosen = ports.choose(ports.NAMES[:4], free=lambda port: port > 8461, another=lambda: next(offers))
    assert dict(chosen.by_name) == {"console": 50001, "inbox": 50002, "prometheus": 8462, "alertmanager": 8463}


def test_a_listener_makes_a_port_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        listener.listen()
        assert not ports.is_free(port)
    assert ports.is_free(port)


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
def test_a_listener_that_shares_its_address_is_still_a_listener(address: str) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, 0))
        listener.listen()
        assert not ports.is_free(listener.getsockname()[1])


def test_connections_of_an_earlier_run_do_not_make_a_port_taken() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        # the server closes first, so the closing connection lingers on its port
        served.close()
        client.recv(1)
        client.close()
    assert ports.is_free(port)


def test_unused_offers_a_port_that_can_be_listened_on() -> None:
    assert ports.is_free(ports.unused())
