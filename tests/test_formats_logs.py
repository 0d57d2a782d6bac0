"""LogQL, Loki's overrides, the Collector's pipelines and Alloy's blocks as values: what is printed, what is refused."""

from decimal import Decimal

import pytest

from watchkeeper.formats import alloy, logql, loki
from watchkeeper.formats.alloy import Block, Reference
from watchkeeper.formats.collector import Configuration, Pipeline
from watchkeeper.formats.logql import Contains, Equals, Json, Where
from watchkeeper.formats.loki import Overrides, RetentionStream
from watchkeeper.quantity import Duration

FIVE = Duration.of(minutes=5)
STREAMS = (Equals("service_name", ("agent",)),)


def test_one_value_is_an_equality_and_several_are_quoted_for_a_pattern() -> None:
    assert str(Equals("event", ("auth.failed",))) == 'event="auth.failed"'
    assert str(Equals("event", ("a.b", "c"))) == r'event=~"a\\.b|c"'


def test_quotes_and_backslashes_are_escaped_once() -> None:
    assert logql.quoted('say "\\d"\n') == r'"say \"\\d\"\n"'
    assert str(Contains(r"oom\b")) == r'|~ "oom\\b"'


def test_stages_stand_in_their_order() -> None:
    stages = (Json(("level", "event")), Where(Equals("level", ("ERROR",))), logql.NO_ERROR)
    assert str(logql.Lines(STREAMS, stages)) == (
        '{service_name="agent"} | json level, event | level="ERROR" | __error__=""'
    )


def test_every_count_is_summed() -> None:
    lines = logql.Lines(STREAMS)
    assert logql.rate(lines, FIVE) == 'sum(rate({service_name="agent"} [5m]))'
    assert logql.count(lines, FIVE, ("module",)) == 'sum by (module) (count_over_time({service_name="agent"} [5m]))'
    assert logql.above("x", Decimal("0.50")) == "x > 0.5"


def test_overrides_speak_in_hours() -> None:
    fatal = RetentionStream((Equals("retention_class", ("fatal",)),), 1, Duration.of(days=365))
    tenants = {
        "production": Overrides(Duration.of(days=90), (fatal,)),
        "audit": Overrides(Duration.of(days=2557), (), deletable=False),
    }
    assert loki.overrides(tenants) == {
        "overrides": {
            "production": {
                "retention_period": "2160h",  # 90 x 24
                "retention_stream": [{"selector": '{retention_class="fatal"}', "priority": 1, "period": "8760h"}],
            },
            # 2557 x 24
            "audit": {"retention_period": "61368h", "max_query_length": "0s", "deletion_mode": "disabled"},
        }
    }


def test_what_loki_would_refuse_at_its_start_cannot_be_said() -> None:
    short = Duration.of(hours=23)
    with pytest.raises(ValueError, match="at least 1 d"):
        Overrides(short)
    with pytest.raises(ValueError, match="at least 1 d"):
        RetentionStream(STREAMS, 1, short)
    twins = (RetentionStream(STREAMS, 1, Duration.of(days=2)), RetentionStream(STREAMS, 1, Duration.of(days=3)))
    with pytest.raises(ValueError, match="one priority"):
        Overrides(Duration.of(days=30), twins)


def collector(**pipelines: Pipeline) -> Configuration:
    return Configuration(
        extensions={"health_check": {"endpoint": "127.0.0.1:1"}},
        receivers={"filelog": {}},
        processors={"filter": {}},
        exporters={"debug": {}},
        connectors={"forward": {}},
        pipelines=pipelines,
        telemetry=("127.0.0.1", 8888),
    )


def test_pipelines_name_what_there_is() -> None:
    tree = collector(
        a=Pipeline(("filelog",), (), ("forward",)), b=Pipeline(("forward",), ("filter",), ("debug",))
    ).tree()
    assert isinstance(tree, dict)
    assert tree["service"] == {
        "telemetry": {
            "metrics": {
                "level": "detailed",
                "readers": [{"pull": {"exporter": {"prometheus": {"host": "127.0.0.1", "port": 8888}}}}],
            }
        },
        "extensions": ["health_check"],
        "pipelines": {
            "a": {"receivers": ["filelog"], "processors": [], "exporters": ["forward"]},
            "b": {"receivers": ["forward"], "processors": ["filter"], "exporters": ["debug"]},
        },
    }
    assert list(tree) == ["extensions", "receivers", "processors", "connectors", "exporters", "service"]


@pytest.mark.parametrize(
    "pipeline",
    [
        Pipeline(("file_log",), (), ("debug",)),
        Pipeline(("filelog",), ("batch",), ("debug",)),
        Pipeline(("filelog",), (), ("loki",)),
    ],
)
def test_a_pipeline_that_names_something_else_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match="which nothing defines"):
        collector(a=pipeline)


def test_alloy_blocks_are_printed_as_its_formatter_would() -> None:
    endpoint = Block("endpoint", "", (("url", 'http://l/"q"'), ("tenant_id", "a")))
    write = Block("loki.write", "lines", (), (endpoint,))
    source = Block(
        "loki.source.file",
        "app",
        (("targets", ({"__path__": "/x"},)), ("forward_to", (Reference("loki.write.lines.receiver"),))),
        (Block("stage.json", "", (("expressions", {"a": "b"}),)), Block("empty")),
    )
    assert alloy.dump((write, source), "One.\nTwo.") == (
        "// One.\n// Two.\n\n"
        'loki.write "lines" {\n'
        "  endpoint {\n"
        '    url       = "http://l/\\"q\\""\n'
        '    tenant_id = "a"\n'
        "  }\n"
        "}\n\n"
        'loki.source.file "app" {\n'
        '  targets    = [{"__path__" = "/x"}]\n'
        "  forward_to = [loki.write.lines.receiver]\n"
        "\n"
        "  stage.json {\n"
        '    expressions = {"a" = "b"}\n'
        "  }\n"
        "\n"
        "  empty { }\n"
        "}\n"
    )
