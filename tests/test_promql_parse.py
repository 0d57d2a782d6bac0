"""Reading PromQL: every construct becomes the right node, every mistake a message with a place."""

import subprocess
import sys
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchkeeper.promql import Node, PromqlError, guard, parse, render
from watchkeeper.promql.nodes import (
    Aggregate,
    Aggregation,
    Ahead,
    Binary,
    Call,
    Edge,
    Group,
    Grouping,
    Matcher,
    Matching,
    MatchOperator,
    Negation,
    Number,
    Operator,
    Range,
    Selector,
    Side,
    String,
    Subquery,
)
from watchkeeper.quantity import Duration

X, Y, Z = Selector("x"), Selector("y"), Selector("z")
ONE, TWO = Number(Decimal(1)), Number(Decimal(2))


def minutes(count: int) -> Duration:
    return Duration.of(minutes=count)


READ: dict[str, Node] = {
    "0.0144": Number(Decimal("0.0144")),
    "1e-05": Number(Decimal("0.00001")),
    "0x1F": Number(Decimal(31)),
    "-Inf": Number(Decimal("-Infinity")),
    "NaN": Number(Decimal("NaN")),
    r'"a\n\u00e9\x41"': String("a\néA"),
    r"`\d`": String(r"\d"),
    '`"`': String('"'),
    "x{a=~`\\d`}": Selector("x", (Matcher("a", MatchOperator.REGEX, r"\d"),)),
    "slo:sli_error:ratio_rate5m": Selector("slo:sli_error:ratio_rate5m"),
    '{__name__="up"}': Selector("up"),
    '{__name__=~"a|b"}': Selector("", (Matcher("__name__", MatchOperator.REGEX, "a|b"),)),
    'x{a="1",b!="2",c=~"3",d!~"4"}': Selector(
        "x",
        (
            Matcher("a", MatchOperator.EQUAL, "1"),
            Matcher("b", MatchOperator.NOT_EQUAL, "2"),
            Matcher("c", MatchOperator.REGEX, "3"),
            Matcher("d", MatchOperator.NOT_REGEX, "4"),
        ),
    ),
    "x offset 5m": Selector("x", offset=minutes(5)),
    "x offset -5m": Selector("x", offset=Ahead(minutes(5))),
    "x @ 12.5": Selector("x", at=Decimal("12.5")),
    "x @ start()": Selector("x", at=Edge.START),
    "x @ end() offset 1m": Selector("x", offset=minutes(1), at=Edge.END),
    "x[1h30m]": Range(X, minutes(90)),
    "x[1500ms] offset 1m": Range(Selector("x", offset=minutes(1)), Duration.of(milliseconds=1500)),
    "x[1h:]": Subquery(X, minutes(60)),
    "x[1h:1m] offset 2m": Subquery(X, minutes(60), minutes(1), minutes(2)),
    "time()": Call("time"),
    "rate(x[5m])": Call("rate", (Range(X, minutes(5)),)),
    "sum(x)": Aggregation(Aggregate.SUM, X),
    "sum by () (x)": Aggregation(Aggregate.SUM, X),
    "sum(x) by (a, b)": Aggregation(Aggregate.SUM, X, Grouping(("a", "b"))),
    "max without () (x)": Aggregation(Aggregate.MAX, X, Grouping(without=True)),
    "topk(2, x)": Aggregation(Aggregate.TOPK, X, parameter=TWO),
    'count_values("v", x)': Aggregation(Aggregate.COUNT_VALUES, X, parameter=String("v")),
    "-x": Negation(X),
    "+x": X,
    "((x))": X,
    "x and y": Binary(Operator.AND, X, Y),
    "x and ignoring () y": Binary(Operator.AND, X, Y),
    "x / on () y": Binary(Operator.DIV, X, Y, Matching(on=True)),
    "x unless ignoring (a) y": Binary(Operator.UNLESS, X, Y, Matching(("a",))),
    "x > bool 1": Binary(Operator.GREATER, X, ONE, returns_bool=True),
    "x * on (a) group_left (b) y": Binary(Operator.MUL, X, Y, Matching(("a",), on=True), Group(Side.LEFT, ("b",))),
    "x * on (a) group_right y": Binary(Operator.MUL, X, Y, Matching(("a",), on=True), Group(Side.RIGHT)),
    # a minus sign is looser than ^ and ^ reads from the right
    "-x ^ 2": Negation(Binary(Operator.POW, X, TWO)),
    "(-x) ^ 2": Binary(Operator.POW, Negation(X), TWO),
    "x ^ y ^ z": Binary(Operator.POW, X, Binary(Operator.POW, Y, Z)),
    "x - y - z": Binary(Operator.SUB, Binary(Operator.SUB, X, Y), Z),
    "x or y and z": Binary(Operator.OR, X, Binary(Operator.AND, Y, Z)),
    "x + y > z": Binary(Operator.GREATER, Binary(Operator.ADD, X, Y), Z),
    "# why\nx": X,
}


@pytest.mark.parametrize("text", READ)
def test_reads(text: str) -> None:
    assert parse(text) == READ[text]


MISTAKES = [
    ("", 0, "no expression found in input"),
    ("x >", 3, "the expression ends too early"),
    ("sum(x) by", 9, "the expression ends too early"),
    ("a +* b", 3, "unexpected `*`"),
    ("a = b", 2, "unexpected `=`; equality is written `==`"),
    ("sum by (a b) (x)", 10, "unexpected `b`"),
    ("rate(x[5m]) > > 3", 14, "unexpected `>`"),
    ("a group_left b", 2, "unexpected `group_left`"),
    ("(x)) + 1", 2, "unexpected right parenthesis ')'"),
    ("rat(x[5m])", 0, "no function `rat`; did you mean `rate`?"),
    ("1 + zzzzzz(x)", 4, "no function `zzzzzz`"),
    ("rate(x)", 0, "`rate` takes a range such as x[5m], not an instant vector: write rate(x[5m])"),
    ("sum(abs(x[5m]))", 4, "`abs` takes an instant vector, not a range such as x[5m]"),
    ("holt_winters(x[5m],1,1)", 0, "function `holt_winters` is gone in Prometheus 3: it became the experimental"),
    ('x{a=~"("}', 5, "`(` is not a regular expression"),
    ("1_000", 0, "`1_` is neither a number nor a duration such as 5m or 1h30m"),
    ("{}", 0, "a selector without a metric name needs a matcher that an empty label fails"),
    ("x[5x]", 2, "`5x` is no duration: write 30s, 5m, 1h30m"),
    ("x[300]", 2, "`300` is no duration: write 30s, 5m, 1h30m"),
    ("x[5m:1e300]", 5, "`1e300` is no duration: write 30s, 5m, 1h30m"),
    ("x[293y]", 2, "`293y` is longer than Prometheus can count (292 years)"),
    ("x[5m] offset -inf", 14, "`inf` is no duration: write 30s, 5m, 1h30m"),
    ("x offset 1e300", 9, "`1e300` is no duration: write 30s, 5m, 1h30m"),
    ("x @ 1e12", 4, "after `@` stand seconds since 1970, start() or end()"),
    ("x @ now()", 4, "after `@` stand seconds since 1970, start() or end()"),
    ("x @ -5", 4, "a negative time after `@`: write seconds since 1970"),
    ('{"a.b"}', 2, "metric name `a.b` is readable only by Prometheus 3"),
    ('x{"a.b"="c"}', 3, "label name `a.b` is readable only by Prometheus 3"),
    ('sum by ("a.b") (x)', 9, "label name `a.b` is readable only by Prometheus 3"),
    ('x{a="b" or c="d"}', 7, "`or` between matchers is not PromQL; use a regular expression"),
    ("x\0", 1, "a NUL character"),
    ("a and on (x) group_left b", 2, "no grouping allowed for 'and' operation"),
    ("1 and 2", 2, "set operator 'and' not allowed in binary scalar expression"),
]


@pytest.mark.parametrize(("text", "position", "message"), MISTAKES)
def test_a_mistake_says_where_and_what(text: str, position: int, message: str) -> None:
    with pytest.raises(PromqlError) as caught:
        parse(text)
    assert caught.value.message.startswith(message)
    assert caught.value.position == position
    assert str(caught.value) == caught.value.message


def test_a_long_quotation_is_cut() -> None:
    with pytest.raises(PromqlError) as caught:
        parse('x{a=~"' + "(" * 5000 + '"}')
    assert len(caught.value.message) <= 160


@pytest.fixture
def forgotten() -> None:
    """Whatever other tests asked for is parsed again."""
    parse.cache_clear()


@pytest.mark.usefixtures("forgotten")
def test_a_panic_of_the_parser_is_a_mistake_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    def panic(_text: str) -> None:
        raise PanicException("value is too big")

    monkeypatch.setattr("promql_parser.parse", panic)
    with pytest.raises(PromqlError, match="the parser gave up on this: value is too big"):
        parse("x")


@pytest.mark.usefixtures("forgotten")
def test_an_interrupt_is_not_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("promql_parser.parse", interrupt)
    with pytest.raises(KeyboardInterrupt):
        parse("x")


LIMITS = {
    "brackets": ("(" * 100 + "x" + ")" * 100, "(" * 101 + "x" + ")" * 101),
    "additions": ("x" + " + x" * 200, "x" + " + x" * 201),
    "minus signs": ("-" * 200 + "x", "-" * 201 + "x"),
    "words": ("x" + " or x" * 200, "x" + " or x" * 201),
    "length": ("x" + " " * 65_535, "x" + " " * 65_536),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_guard_stands_exactly_at_its_limit(name: str) -> None:
    good, bad = LIMITS[name]
    node = parse(good)
    assert parse(render(node)) == node
    with pytest.raises(PromqlError, match=r"100 deep|200 operators|65,536"):
        guard.check(bad)


def test_matchers_and_strings_count_as_no_operators() -> None:
    text = "x{" + ",".join(f'l{n}!="-+*/"' for n in range(300)) + "}"
    assert len(parse(text).matchers) == 300  # type: ignore[union-attr]


BOMBS = {
    "parentheses": "'(' * 100_000 + 'x' + ')' * 100_000",
    "unclosed": "'(' * 60_000",
    "minus": "'-' * 60_000 + 'x'",
    "powers": "'x' + '^x' * 30_000",
    "calls": "'abs(' * 12_000 + 'x' + ')' * 12_000",
    "subqueries": "'x' + '[5m:1m]' * 8_000",
    "regular expression": """'x{a=~"' + '(' * 30_000 + ')' * 30_000 + '"}'""",
}


@pytest.mark.parametrize("name", BOMBS)
def test_no_text_ends_the_process(name: str) -> None:
    """In a thread, where the stack is small."""
    script = f"""
import threading
from watchkeeper.promql import PromqlError, parse

def read():
    try:
        parse({BOMBS[name]})
    except PromqlError as error:
        print("refused", error.position >= 0)

threading.stack_size(512 * 1024)
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (run.returncode, run.stdout.strip(), run.stderr) == (0, "refused True", "")


FRAGMENTS = [
    *"()[]{}:.=!~><@-+*#,$%^é”😀\"'`\\1e",
    *("sum", "by", "x", "up", "5m", "offset", "and", "or", "unless", "on", "ignoring", "group_left", "bool", "start()"),
    *("rate", "topk", "0x", "1h", "inf", "nan", "__name__", "=~", "x[5m]", '{a="b"}', "\\u", "\\x", "\\7", " "),
]


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    outcome = read_or_refuse(text)
    if isinstance(outcome, PromqlError):
        assert 0 <= outcome.position <= len(text)
        assert outcome.message
    else:
        assert parse(render(outcome)) == outcome


def read_or_refuse(text: str) -> Node | PromqlError:
    try:
        return parse(text)
    except PromqlError as error:
        return error
