"""The demo's faults: what the user may type, what the file says, who follows it."""

import asyncio
import os
import re
from pathlib import Path

import msgspec
import pytest

from watchkeeper import compile as compiler
from watchkeeper import spec
from watchkeeper.compile.reference import reference
from watchkeeper.demo import faults
from watchkeeper.demo.config import MODULES
from watchkeeper.demo.faults import FAULTS, Active, Fault, FaultError, Faults, FaultWatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "faults.json"


def test_every_fault_is_explained() -> None:
    assert set(FAULTS) == set(Fault)
    assert all(text.summary.endswith((".", "happens.")) and text.seen.endswith(".") for text in FAULTS.values())


def test_nothing_is_broken_without_a_file(file: Path) -> None:
    assert faults.read(file) == Faults()


def test_break_and_heal(file: Path) -> None:
    broken = faults.break_(file, "provider-outage", (), now=1000.0)
    assert broken == Active(Fault.PROVIDER_OUTAGE, 1000.0)
    assert Fault.PROVIDER_OUTAGE in faults.read(file)
    assert msgspec.json.decode(file.read_bytes()) == {
        "active": [{"fault": "provider-outage", "since": 1000.0, "arguments": {}}]
    }
    assert faults.heal(file) == (broken,)
    assert faults.read(file) == Faults()


def test_a_fault_broken_again_is_replaced(file: Path) -> None:
    faults.break_(file, "error-rate", ["0.3"], now=1.0)
    faults.break_(file, "error-rate", ["100%"], now=2.0)
    assert faults.read(file).active == (Active(Fault.ERROR_RATE, 2.0, {"share": "1"}),)


def test_modules_can_be_down_together(file: Path) -> None:
    for name in ("observatory", "test-bench", "observatory"):
        faults.break_(file, "module-down", [name], now=1.0)
    assert faults.read(file).arguments(Fault.MODULE_DOWN) == ("test-bench", "observatory")
    assert len(faults.heal(file, "module-down")) == 2


def test_heal_all_keeps_the_deployed_version(file: Path) -> None:
    faults.break_(file, "deploy", ["1.1.0"], now=1.0)
    faults.break_(file, "latency", (), now=2.0)
    assert [str(healed) for healed in faults.heal(file)] == ["latency"]
    assert faults.read(file).argument(Fault.DEPLOY, "1.0.0") == "1.1.0"
    faults.heal(file, "deploy")
    assert faults.read(file).argument(Fault.DEPLOY, "1.0.0") == "1.0.0"


def test_heal_one_leaves_the_others(file: Path) -> None:
    faults.break_(file, "latency", (), now=1.0)
    faults.break_(file, "redis-down", (), now=2.0)
    faults.heal(file, "latency")
    assert [item.fault for item in faults.read(file).active] == [Fault.REDIS_DOWN]


def test_healing_what_is_well_writes_nothing(file: Path) -> None:
    assert faults.heal(file, "latency") == ()
    assert not file.exists()


@pytest.mark.parametrize(
    ("typed", "canonical"), [("0.3", "0.3"), ("30%", "0.3"), ("1.0", "1"), ("100%", "1"), ("0.5%", "0.005")]
)
def test_shares(typed: str, canonical: str) -> None:
    assert faults.activate("error-rate", [typed], since=0.0).argument == canonical


@pytest.mark.parametrize("typed", ["0", "1.5", "101%", "-0.1", "nan", "half", ""])
def test_no_shares(typed: str) -> None:
    with pytest.raises(FaultError, match=r"allowed: a share above 0 and up to 1"):
        faults.activate("error-rate", [typed], since=0.0)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "provider-outrage",
            (),
            (
                "there is no fault `provider-outrage`. Did you mean `provider-outage`? Faults: provider-outage, "
                "provider-down, provider-slow, database-down, redis-down, module-down, error-rate, latency, "
                "hang, ingress-down, stream-death, loop-block, deploy, cost-spike."
            ),
        ),
        ("latency", ["3"], "`latency` takes no argument; found `3`."),
        (
            "module-down",
            (),
            f"`module-down` takes one argument, NAME: one of {', '.join(MODULES)}; found none.",
        ),
        (
            "module-down",
            ["observatory", "test-bench"],
            f"`module-down` takes one argument, NAME: one of {', '.join(MODULES)}; found `observatory test-bench`.",
        ),
        (
            "module-down",
            ["observatorium"],
            f"`observatorium` is no NAME for `module-down`; allowed: one of {', '.join(MODULES)}.",
        ),
        (
            "provider-down",
            ["mistral"],
            "`mistral` is no NAME for `provider-down`; allowed: one of anthropic, openai.",
        ),
        ("deploy", ["../1"], "`../1` is no VERSION for `deploy`; allowed: a version such as 1.1.0."),
    ],
)
def test_mistakes(name: str, arguments: list[str], message: str) -> None:
    with pytest.raises(FaultError) as caught:
        faults.activate(name, arguments, since=0.0)
    assert str(caught.value) == message


def test_no_hint_when_nothing_is_near() -> None:
    with pytest.raises(FaultError, match=r"there is no fault `zzz`\. Faults: "):
        faults.find("zzz")


def test_a_file_nobody_understands(file: Path) -> None:
    file.write_text('{"active":[{"fault":"gremlins","since":1}]}')
    with pytest.raises(FaultError, match=r"faults\.json: .*gremlins.*; delete the file to heal everything\."):
        faults.read(file)


def test_writing_leaves_nothing_beside_the_file(file: Path) -> None:
    faults.break_(file, "latency", (), now=1.0)
    assert sorted(path.name for path in file.parent.iterdir()) == [".faults.json.lock", "faults.json"]


def test_watch_sees_each_change_once(file: Path) -> None:
    watch = FaultWatch(file)
    assert not watch.refresh()
    faults.break_(file, "latency", (), now=1.0)
    assert watch.refresh()
    assert Fault.LATENCY in watch.now
    assert not watch.refresh()
    faults.heal(file)
    assert watch.refresh()
    assert watch.now == Faults()


def test_watch_sees_a_replacement_of_the_same_age(file: Path) -> None:
    faults.break_(file, "latency", (), now=1.0)
    watch = FaultWatch(file)
    watch.refresh()
    age = file.stat()
    faults.break_(file, "redis-down", (), now=2.0)
    os.utime(file, ns=(age.st_atime_ns, age.st_mtime_ns))
    assert watch.refresh()
    assert Fault.REDIS_DOWN in watch.now


def test_watch_keeps_what_it_knew_when_the_file_is_broken(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    faults.break_(file, "latency", (), now=1.0)
    watch = FaultWatch(file)
    watch.refresh()
    file.write_text("{")
    assert not watch.refresh()
    assert Fault.LATENCY in watch.now
    assert "delete the file to heal everything" in caplog.text


def test_apply_hands_over_now_and_after_every_change(file: Path) -> None:
    seen: list[tuple[str, ...]] = []

    async def scenario() -> None:
        stop = asyncio.Event()

        async def effect(now: Faults) -> None:
            seen.append(tuple(map(str, now.active)))
            if len(seen) == 1:
                faults.break_(file, "error-rate", ["0.5"], now=1.0)
            elif len(seen) == 2:
                faults.heal(file)
            else:
                stop.set()

        await asyncio.wait_for(FaultWatch(file).apply(effect, stop), timeout=10)

    asyncio.run(scenario())
    assert seen == [(), ("error-rate 0.5",), ()]


def test_every_alert_that_a_fault_promises_exists() -> None:
    loaded = spec.load()
    assert loaded.catalog is not None
    documents = compiler.build(loaded.catalog, reference(loaded.catalog))
    defined = {name for document in documents for name in re.findall(r"alert: (\w+)", document.text)}
    promised = {alert for text in FAULTS.values() for alert in text.alerts}
    assert promised <= defined
