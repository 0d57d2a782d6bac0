"""The section `tracing:`: what is written arrives, and what would not be meant is refused."""

from pathlib import Path

import pytest

import spec_bench
from watchkeeper import model, spec
from watchkeeper.model import Carrier, Tracing
from watchkeeper.quantity import Duration, Ratio


def tracing(folder: Path, text: str = "") -> Tracing:
    project = folder / "watchkeeper.yaml"
    project.write_text("service: x\n" + text, encoding="utf-8")
    loaded = spec.load(project, pack=spec_bench.PACK, today=spec_bench.TODAY)
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert loaded.catalog.tracing is not None
    return loaded.catalog.tracing


def codes(folder: Path, text: str) -> list[str]:
    return [problem.code for problem in spec_bench.problems(folder, "tracing:\n" + text)]


def test_everything_written_arrives(tmp_path: Path) -> None:
    found = tracing(tmp_path)
    assert found.names[1] == model.SpanName("llm", "LLM {provider} {model}", "LLM anthropic claude")
    assert found.propagation == model.Propagation(
        (Carrier.W3C, Carrier.B3),
        (Carrier.W3C,),
        (Carrier.B3,),
        model.Baggage(("user.id",), ("search", "*.chat.internal")),
    )
    assert found.client_timeouts == (("llm", Duration.of(minutes=1)),)
    assert found.sampling == model.Sampling(
        environments=(("staging", Ratio.of(percent=50)), ("production", Ratio.of(percent=10))),
        slow_after=Duration.of(seconds=2),
        rules=(
            # without a threshold of its own a rule has the sampling's
            model.SamplingRule("health", ("/health",), (), (), Ratio.of(percent=1), Duration.of(seconds=2)),
            model.SamplingRule(
                "llm", (), ("complex",), ("gen_ai.request.model",), Ratio.of(percent=30), Duration.of(seconds=30)
            ),
        ),
        cap_per_second=1000,
        decision_wait=Duration.of(minutes=2),
        decision_wait_after_root=Duration.of(seconds=10),
        traces_in_memory=10_000,
        spans_per_trace=12,
    )
    assert found.attributes[0] == model.SpanAttribute("http.route", "http", 256, "")
    assert found.pseudonyms == model.Pseudonyms(("user.id", "tenant.id"), "secrets/pseudonym-key")
    assert found.redaction == model.SpanRedaction(("token",), ("db.query.text",))
    assert found.export == model.Export(512, Duration.of(seconds=5), "gzip")
    assert found.retention == Duration.of(days=7)


def test_a_project_changes_one_thing(tmp_path: Path) -> None:
    found = tracing(
        tmp_path,
        "tracing:\n  sampling: {environments: {production: 25%}, rules: {orders: {routes: [/orders], share: 50%}}}\n"
        "  retention: 14d\n",
    )
    assert found.sampling.share("production") == Ratio.of(percent=25)
    assert [rule.name for rule in found.sampling.rules] == ["health", "llm", "orders"]
    assert found.retention == Duration.of(days=14)


def test_a_pack_need_not_speak_of_traces(tmp_path: Path) -> None:
    for part in spec_bench.PACK.iterdir():
        if part.suffix == ".yaml" and part.name != "tracing.yaml":
            (tmp_path / part.name).write_text(part.read_text())
    (tmp_path / "runbooks").mkdir()
    for page in (spec_bench.PACK / "runbooks").iterdir():
        (tmp_path / "runbooks" / page.name).write_text(page.read_text())
    loaded = spec.load(pack=tmp_path, today=spec_bench.TODAY)
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert loaded.catalog.tracing is None


@pytest.mark.parametrize(
    "host", ["search", "search.chat.internal", "*.chat.internal", "*.svc.cluster.local", "*.lan", "a_b"]
)
def test_hosts_of_ones_own(tmp_path: Path, host: str) -> None:
    assert codes(tmp_path, f"  propagation: {{baggage: {{hosts: ['{host}']}}}}\n") == []


@pytest.mark.parametrize(
    ("host", "code"),
    [
        ("*", "bad-host"),
        ("*.", "bad-host"),
        ("a.*.internal", "bad-host"),
        ("**.internal", "bad-host"),
        ("https://search", "bad-host"),
        ("search:8080", "bad-host"),
        ("*.com", "leak"),
        ("*.dev", "leak"),
    ],
)
def test_hosts_of_everybody(tmp_path: Path, host: str, code: str) -> None:
    assert codes(tmp_path, f"  propagation: {{baggage: {{hosts: ['{host}']}}}}\n") == [code]


@pytest.mark.parametrize(
    ("wait", "fits"),
    [("1m10s", True), ("1m9s", False)],  # the longest call is 60 s, and its last spans take 10 s
)
def test_the_wait_outlasts_the_longest_call(tmp_path: Path, wait: str, *, fits: bool) -> None:
    found = codes(tmp_path, f"  sampling: {{decision_wait: {wait}}}\n")
    assert found == ([] if fits else ["bad-wait"])


@pytest.mark.parametrize(("traces", "fits"), [(3473, True), (3472, False)])
def test_the_memory_holds_the_usual_load(tmp_path: Path, traces: int, *, fits: bool) -> None:
    # 50,000,000 / 2,592,000 x 120 x 1.5 = 3472.2
    assert codes(tmp_path, f"  sampling: {{traces_in_memory: {traces}}}\n") == ([] if fits else ["too-small"])


def test_a_class_of_any_service_will_do(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text(
        "services:\n  web: {}\n  batch: {classes: {nightly: {description: long, stall: 5m}}}\n"
        "tracing: {sampling: {rules: {batch: {request_classes: [nightly], share: 5%}}}}\n",
        encoding="utf-8",
    )
    assert spec.load(project, pack=spec_bench.PACK, today=spec_bench.TODAY).problems == ()


def test_a_class_that_is_switched_off_waits_with_its_rule(tmp_path: Path) -> None:
    project = tmp_path / "watchkeeper.yaml"
    project.write_text(
        "service: x\nclasses: {nightly: {description: long, stall: 5m, enabled: false, because: not yet}}\n"
        "tracing: {sampling: {rules: {batch: {request_classes: [nightly], share: 5%}}}}\n",
        encoding="utf-8",
    )
    assert spec.load(project, pack=spec_bench.PACK, today=spec_bench.TODAY).problems == ()


@pytest.mark.parametrize("share", ["0.1%", "100%"])
def test_shares_of_a_whole(tmp_path: Path, share: str) -> None:
    assert codes(tmp_path, f"  sampling: {{environments: {{production: {share}}}}}\n") == []
