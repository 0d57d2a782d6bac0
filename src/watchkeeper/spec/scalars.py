"""The kinds of value a definition is made of: one reader a kind, from a scalar to its type, each with its own words."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, TypeVar
from zoneinfo import available_timezones

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from watchkeeper import model
from watchkeeper.quantity import Duration, QuantityError, Ratio, parse_threshold, plain
from watchkeeper.quantity import Quantity as Threshold
from watchkeeper.spec.nodes import Mapping, Meaning, Scalar, Sequence
from watchkeeper.spec.wording import closest

_T = TypeVar("_T")
_E = TypeVar("_E", bound=StrEnum)


def refuse(code: str, summary: str, *, found: str = "", allowed: str = "", fix: str = "") -> PydanticCustomError:
    """A problem from inside a reader; its position is added where it is known."""
    words = {"summary": summary, "found": found, "allowed": allowed, "fix": fix}
    # braces in a message would be taken for fields of a template, so the words travel beside it
    return PydanticCustomError(code, "refused", words)


def kind(value: object) -> str:
    """What stands there instead."""
    match value:
        case Mapping() | dict():
            return "a map"
        case Sequence() | list() | tuple():
            return "a list"
        case Scalar():
            return "nothing" if value.meaning is Meaning.NULL else f"{value.meaning.value}: {value.text}"
        case _:
            return "something else"


def written(value: object, wanted: str) -> Scalar:
    """The scalar that stands there; what else there may be is refused."""
    if not isinstance(value, Scalar):
        raise refuse("wrong-type", f"{wanted} is needed", found=kind(value), allowed=wanted)
    if value.meaning is Meaning.NULL:
        raise refuse("no-value", "no value", allowed=wanted, fix="write a value or remove the key")
    return value


def _text(value: object) -> str:
    scalar = written(value, "text")
    if scalar.meaning is not Meaning.TEXT:
        raise refuse("wrong-type", "text is needed", found=kind(scalar), allowed="text", fix=f'write "{scalar.text}"')
    text = scalar.text.strip()
    if not text:
        raise refuse("no-value", "empty", allowed="text", fix="say it in a few words")
    return text


def _word(value: object) -> str:
    """A label's value: whatever is written, `404` and `true` included, is taken as it stands."""
    return written(value, "a word").text


def _named(pattern: str, allowed: str, repair: Callable[[str], str]) -> Callable[[object], str]:
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        text = value if isinstance(value, str) else written(value, "a name").text
        if not compiled.fullmatch(text):
            better = repair(text)
            fix = f"write `{better}`" if compiled.fullmatch(better) else ""
            raise refuse("bad-name", f"`{text[:80]}` is not a valid name", found=text[:80], allowed=allowed, fix=fix)
        return text

    return read


def _kebab(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text).lower()).strip("-")


def _snake(text: str) -> str:
    return _kebab(text).replace("-", "_")


def _dotted(text: str) -> str:
    return ".".join(word for part in text.split(".") if (word := _snake(part)))


def _camel(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", text))


def _truth(value: object) -> bool:
    scalar = written(value, "true or false")
    if scalar.meaning is not Meaning.BOOLEAN:
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(scalar.text.lower(), "")
        raise refuse(
            "wrong-type",
            "true or false is needed",
            found=kind(scalar),
            allowed="true, false",
            fix=f"write {meant}" if meant else "",
        )
    return scalar.text.lower() == "true"


def _decimal(value: object) -> Decimal:
    scalar = written(value, "a number")
    if scalar.meaning is not Meaning.NUMBER:
        raise refuse("wrong-type", "a number is needed", found=kind(scalar), allowed="a number such as 5 or 0.25")
    if not re.fullmatch(r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,12})?", scalar.text):
        allowed = "digits, and a point where needed: 5, 0.25; no sign, exponent, leading zero, infinity or NaN"
        raise refuse("bad-number", "not a plain number", found=scalar.text, allowed=allowed, fix=_plainly(scalar.text))
    return Decimal(scalar.text)


def _plainly(text: str) -> str:
    """The same number as it should be written, where it is one."""
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?(?:[eE]\+?[0-9])?", text):
        return ""
    return f"write {plain(Decimal(text))}"


def _many(value: object) -> int:
    number = _decimal(value)
    if number % 1 or number < 1:
        raise refuse("bad-number", "a whole number from 1 on is needed", found=plain(number), allowed="1 and more")
    return int(number)


def _whole(value: object) -> int:
    number = _decimal(value)
    if number % 1 or not 1 <= number <= 1_000_000:
        raise refuse("bad-number", "a whole number from 1 on is needed", found=plain(number), allowed="1 to 1000000")
    return int(number)


def _target(value: object) -> Ratio:
    """An objective is said as a percentage, with or without its sign."""
    scalar = written(value, "a percentage")
    digits = scalar.text.removesuffix("%").rstrip()
    if not re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,9})?", digits):
        raise refuse("bad-target", "a target is a percentage", found=scalar.text, allowed="such as 99.9")
    percent = Decimal(digits)
    if not 50 < percent < 100:
        meant = percent * 100
        if percent <= 1:
            fix = f"write {plain(meant)}" if 50 < meant < 100 else ""
        else:
            fix = "no budget is left at 100; try 99.9" if percent >= 100 else ""
        allowed = "more than 50 and less than 100"
        raise refuse("bad-target", "a target is a percentage", found=scalar.text, allowed=allowed, fix=fix)
    return Ratio(percent / 100)


def _quantity(read: Callable[[str], _T], wanted: str) -> Callable[[object], _T]:
    def parse(value: object) -> _T:
        scalar = written(value, wanted)
        try:
            return read(scalar.text)
        except QuantityError as failure:
            raise refuse(
                "bad-quantity", failure.message, found=failure.found, allowed=failure.allowed, fix=failure.hint
            ) from None

    return parse


_duration = _quantity(Duration.parse, "a duration")


def _span_of_time(value: object) -> Duration:
    duration = _duration(value)
    if not duration:
        raise refuse("bad-quantity", "a time of zero", found="0s", allowed="more than 0s", fix="say how long")
    return duration


def _unit_needed(value: object) -> Threshold:
    """A whole number counts something; a fraction without a unit could be a share, a time or a rate."""
    threshold = _quantity(parse_threshold, "a threshold")(value)
    text = written(value, "a threshold").text
    if re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
        share = plain(threshold.value * 100)
        raise refuse(
            "unit-missing",
            "a threshold needs its unit",
            found=text,
            allowed="a unit: 85%, 100ms, 10GiB, $5, 0.5/s; only whole counts go without",
            fix=f"write {share}% if it is a share, {text}/s if a rate",
        )
    return threshold


def _chosen(values: type[_E]) -> Callable[[object], _E]:
    allowed = [str(value) for value in values]

    def read(value: object) -> _E:
        # the key of a map comes as its text
        text = value if isinstance(value, str) else written(value, f"one of {', '.join(allowed)}").text
        if text in allowed:
            return values(text)
        near = closest(text, allowed)
        raise refuse(
            "bad-choice",
            f"`{text[:80]}` is none of the choices",
            found=text,
            allowed=", ".join(allowed),
            fix=f"write {near}" if near else "",
        )

    return read


_FIXED_OFFSETS = {
    "EST": "America/New_York", "EDT": "America/New_York", "EST5EDT": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CST6CDT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PST8PDT": "America/Los_Angeles",
    "HST": "Pacific/Honolulu", "CET": "Europe/Berlin", "CEST": "Europe/Berlin", "MET": "Europe/Berlin",
    "EET": "Europe/Helsinki", "WET": "Europe/Lisbon", "GMT": "UTC", "BST": "Europe/London",
}  # fmt: skip


def _timezone(value: object) -> str:
    name = written(value, "a time zone").text
    allowed = "a name of the tz database: America/New_York, Europe/Berlin, UTC"
    if name in _FIXED_OFFSETS:
        raise refuse(
            "bad-timezone",
            f"`{name}` is an abbreviation, which knows no daylight saving",
            found=name,
            allowed=allowed,
            fix=f"write {_FIXED_OFFSETS[name]}",
        )
    zones = available_timezones()
    if name not in zones:
        near = closest(name, zones)
        raise refuse(
            "bad-timezone",
            f"`{name[:80]}` is no time zone",
            found=name,
            allowed=allowed,
            fix=f"write {near}" if near else "",
        )
    return name


def _date(value: object) -> date:
    text = written(value, "a date").text
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise refuse("bad-date", "not a date", found=text, allowed="a day that exists, as in 2027-03-01")


def _file(value: object) -> str:
    text = _text(value)
    if re.match(r"[0-9a-fA-F]{32}$|https?://", text):
        raise refuse(
            "secret",
            "a secret stands in the definitions",
            allowed="the path of a file with the secret",
            fix="put it into a file of its own, and write that file's path",
        )
    if any(part == ".." for part in text.split("/")) or "\n" in text:
        raise refuse(
            "bad-path",
            "a path that leaves its folder",
            found=text,
            allowed="a file below the state folder",
            fix="put the file into `secrets/`",
        )
    return text


def _panel(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(rf"{_KEBAB}/{_KEBAB}", text):
        raise refuse("bad-name", "no panel", found=text, allowed="`dashboard/panel`, as in operations/error-rate")
    return text


def _series(value: object) -> str:
    """A name with labels, as promtool takes it; what it means is checked where the test is compiled."""
    text = value if isinstance(value, str) else _text(value)
    if not re.fullmatch(rf"{_RECORDED}(?:\{{[^{{}}]*\}})?", text):
        raise refuse("bad-name", "no series", found=text, allowed='a name with labels: up{role="service"}')
    return text


def _channel(value: object) -> str:
    if isinstance(value, Scalar) and value.meaning is Meaning.NULL:
        raise refuse(
            "no-value",
            "no value",
            allowed="a channel with its #",
            fix="an unquoted # begins a comment: write '#name' in quotes",
        )
    text = _text(value)
    if not re.fullmatch(r"#[a-z0-9_-]{1,80}", text):
        better = "#" + re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")
        raise refuse(
            "bad-name",
            "no Slack channel",
            found=text,
            allowed="# and small letters, digits, - or _",
            fix=f"write '{better}'" if len(better) > 1 else "",
        )
    return text


def _address(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", text) or len(text) > 254:
        raise refuse("bad-address", "no e-mail address", found=text[:80], allowed="one address: team@example.com")
    return text


class Pages(StrEnum):
    """When alerts of severity high page."""

    HOURS = "hours"
    ALWAYS = "always"


def _rate(value: object) -> Decimal:
    """How often something happens; a bare number could mean a count as well."""
    text = written(value, "a rate").text
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", text):
        raise refuse(
            "unit-missing",
            "a rate needs its unit",
            found=text,
            allowed="lines a second: 1/s, 0.5/s",
            fix=f"write {text}/s; leave the key out where one line is enough",
        )
    found = _quantity(parse_threshold, "a rate")(value)
    if not text.endswith("/s") or found.value <= 0:
        allowed = "lines a second, more than none: 1/s, 0.5/s"
        raise refuse("wrong-unit", "not a rate", found=text, allowed=allowed, fix="say how many a second")
    return found.value


_ONLY_PYTHON = {
    r"\(\?<?[=!]": "looks around",
    r"\\[1-9]|\(\?P=": "refers back to a group",
    r"\(\?>|[*+?}]\+": "does not backtrack",
    r"\(\?\(": "depends on a group",
    r"(?<!\\)\((?!\?)|\(\?P<": "keeps a group",
}
_MOST_REPEATS = 1000


def _pattern(value: object) -> str:
    """What both `re` and RE2 take: agents and engines are written in Go, the SDK in Python."""
    text = _text(value)
    try:
        re.compile(text)
    except re.error as failure:
        allowed = "a regular expression"
        raise refuse("bad-pattern", f"not a pattern: {failure.msg}", found=text, allowed=allowed) from None
    reason = next((words for construct, words in _ONLY_PYTHON.items() if re.search(construct, text)), "")
    most = max((int(count) for count in re.findall(r"\{(?:[0-9]*,)?([0-9]+)\}", text)), default=0)
    if reason or most > _MOST_REPEATS:
        summary = f"a pattern that {reason}" if reason else f"a pattern that repeats more than {_MOST_REPEATS} times"
        raise refuse(
            "bad-pattern",
            summary,
            found=text,
            allowed="what RE2 knows: no look-around, no back references, at most 1000 repeats; groups as (?:...)",
            fix="say it plainer, and leave the rest to `check`",
        )
    return text


def _part(value: object) -> Ratio:
    """A share of a whole: more than all of it, or none, is a slip."""
    share = _quantity(Ratio.parse, "a percentage")(value)
    if not 0 < share.value <= 1:
        allowed = "more than 0% and at most 100%"
        fix = "write 100% for everything" if share.value else "leave out what nobody wants"
        raise refuse("bad-share", "not a share of a whole", found=str(share), allowed=allowed, fix=fix)
    return share


def _per_second(value: object) -> int:
    text = written(value, "a rate").text
    if not re.fullmatch(r"[1-9][0-9]{0,8}/s", text):
        whole = re.fullmatch(r"[1-9][0-9]{0,8}", text)
        fix = f"write {text}/s" if whole else ""
        raise refuse("bad-quantity", "not a rate", found=text, allowed="a whole number per second: 1000/s", fix=fix)
    return int(text.removesuffix("/s"))


def _host(value: object) -> str:
    text = _text(value).lower()
    if not re.fullmatch(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}", text):
        everything = "*" in text and not text.startswith("*.")
        raise refuse(
            "bad-host",
            "no host or domain",
            found=text,
            allowed="a host (observatory), or *. and a domain of your own (*.svc.cluster.local)",
            fix="name the hosts that are your own" if everything else "",
        )
    return text


def _route(value: object) -> str:
    text = _text(value)
    if not re.fullmatch(r"/\S*", text):
        fix = f"write /{text}" if re.fullmatch(r"[\w{][^\s]*", text) else ""
        raise refuse(
            "bad-name", "no route", found=text, allowed="a route as the framework knows it: /users/{id}", fix=fix
        )
    return text


class Compression(StrEnum):
    GZIP = "gzip"
    NONE = "none"


class Profile(StrEnum):
    """Ready-made sets of burn alerts."""

    WORKBOOK = "workbook"
    WORKBOOK_LOW = "workbook-low"
    SEED = "seed"


class Counts(StrEnum):
    REQUESTS = "requests"


class Pack(StrEnum):
    COPILOT = "copilot"


def _schema(type_: str = "string", **more: str | int | list[str]) -> WithJsonSchema:
    return WithJsonSchema({"type": type_, **more})


_DURATION_PATTERN = "^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$"
_DASHBOARD = "[a-z][a-z0-9-]{0,27}"
_EVENT = "[a-z][a-z0-9_]*(?:\\.[a-z][a-z0-9_]*)*"
_KEBAB, _CAMEL, _SNAKE = "[a-z][a-z0-9-]{0,62}", "[A-Z][A-Za-z0-9]{0,99}", "[a-z_][a-z0-9_]{0,99}"
_DOTTED = r"[a-z][a-z0-9_]{0,62}(?:\.[a-z0-9_]{1,62}){0,9}"
_METRIC = "[a-z_][A-Za-z0-9_]{0,99}"
_RECORDED = "[a-z_][A-Za-z0-9_:]{0,149}"

Text = Annotated[str, PlainValidator(_text), _schema(minLength=1)]
Word = Annotated[str, PlainValidator(_word), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Name = Annotated[
    str,
    PlainValidator(_named(_KEBAB, "small letters, digits and -, a letter first", _kebab)),
    _schema(pattern=f"^{_KEBAB}$"),
]
AlertName = Annotated[
    str,
    PlainValidator(_named(_CAMEL, "letters and digits, a capital first: HighErrorRate", _camel)),
    _schema(pattern=f"^{_CAMEL}$"),
]
SeriesName = Annotated[
    str,
    PlainValidator(_named(_SNAKE, "small letters, digits and _, no digit first", _snake)),
    _schema(pattern=f"^{_SNAKE}$"),
]
MetricName = Annotated[
    str,
    PlainValidator(_named(_METRIC, "letters, digits and _, a small letter first", _snake)),
    _schema(pattern=f"^{_METRIC}$"),
]
"""Foreign exporters write capitals inside their names."""
RecordName = Annotated[
    str,
    PlainValidator(
        _named(
            "[a-z_][a-z0-9_]*:[a-z0-9_]+(?::[a-z0-9_]+)?",
            "level:metric:operations, small: endpoint:http_requests:rate5m",
            lambda text: text.lower().replace("-", "_"),
        )
    ),
    _schema(pattern="^[a-z_][a-z0-9_]*:[a-z0-9_]+(:[a-z0-9_]+)?$"),
]
SeriesText = Annotated[str, PlainValidator(_series), _schema(minLength=1)]
Panel = Annotated[str, PlainValidator(_panel), _schema(pattern=f"^{_KEBAB}/{_KEBAB}$")]
Runbook = Annotated[
    str,
    PlainValidator(
        _named(
            r"[a-z0-9][a-z0-9-]*\.md",
            "the name of a page: database-down.md",
            lambda text: _kebab(text.rpartition("/")[2].removesuffix(".md")) + ".md",
        )
    ),
    _schema(pattern=r"^[a-z0-9][a-z0-9-]*\.md$"),
]
DashboardName = Annotated[
    str,
    PlainValidator(_named(_DASHBOARD, "small letters, digits and -, a letter first, 28 at most", _kebab)),
    _schema(pattern=f"^{_DASHBOARD}$"),
]
EventName = Annotated[
    str,
    PlainValidator(
        _named(
            _EVENT,
            "words of small letters with points between them: llm.request.failed",
            lambda text: ".".join(_snake(part) for part in text.split(".")),
        )
    ),
    _schema(pattern=f"^{_EVENT}$"),
]
HeaderName = Annotated[
    str, PlainValidator(_named("[a-z][a-z0-9-]*", "a header in small letters", str.lower)), _schema()
]
Truth = Annotated[bool, PlainValidator(_truth), _schema("boolean")]
Number = Annotated[Decimal, PlainValidator(_decimal), _schema("number")]
Many = Annotated[int, PlainValidator(_many), _schema("integer", minimum=1)]
Whole = Annotated[int, PlainValidator(_whole), _schema("integer", minimum=1)]
Target = Annotated[Ratio, PlainValidator(_target), WithJsonSchema({"type": ["number", "string"]})]
Share = Annotated[Ratio, PlainValidator(_quantity(Ratio.parse, "a percentage")), _schema(pattern="^[0-9.]+ ?%$")]
Time = Annotated[Duration, PlainValidator(_span_of_time), _schema(pattern=_DURATION_PATTERN)]
Limit = Annotated[Threshold, PlainValidator(_unit_needed), WithJsonSchema({"type": ["number", "string"]})]
Rate = Annotated[Decimal, PlainValidator(_rate), _schema(pattern="^[0-9.]+/s$")]
Pattern = Annotated[str, PlainValidator(_pattern), _schema(minLength=1)]
Part = Annotated[Ratio, PlainValidator(_part), _schema(pattern="^[0-9.]+ ?%$")]
PerSecond = Annotated[int, PlainValidator(_per_second), _schema(pattern="^[1-9][0-9]*/s$")]
Host = Annotated[str, PlainValidator(_host), _schema(minLength=1)]
Route = Annotated[str, PlainValidator(_route), _schema(pattern="^/")]
AttributeName = Annotated[
    str,
    PlainValidator(_named(_DOTTED, "words of small letters, digits and _, joined by points: http.route", _dotted)),
    _schema(pattern=f"^{_DOTTED}$"),
]
Timezone = Annotated[str, PlainValidator(_timezone), _schema()]
Day = Annotated[date, PlainValidator(_date), _schema(format="date")]
SecretFile = Annotated[str, PlainValidator(_file), _schema(minLength=1)]
Address = Annotated[str, PlainValidator(_address), _schema(format="email")]
Channel = Annotated[str, PlainValidator(_channel), _schema(pattern="^#[a-z0-9_-]+$")]


def _enumeration(values: type[StrEnum]) -> WithJsonSchema:
    return _schema(enum=[str(value) for value in values])


MetricType = Annotated[model.MetricType, PlainValidator(_chosen(model.MetricType)), _enumeration(model.MetricType)]
Scrape = Annotated[model.Scrape, PlainValidator(_chosen(model.Scrape)), _enumeration(model.Scrape)]
Emitter = Annotated[model.Emitter, PlainValidator(_chosen(model.Emitter)), _enumeration(model.Emitter)]
Severity = Annotated[model.Severity, PlainValidator(_chosen(model.Severity)), _enumeration(model.Severity)]
Priority = Annotated[model.Priority, PlainValidator(_chosen(model.Priority)), _enumeration(model.Priority)]
Family = Annotated[model.Family, PlainValidator(_chosen(model.Family)), _enumeration(model.Family)]
Pace = Annotated[model.Pace, PlainValidator(_chosen(model.Pace)), _enumeration(model.Pace)]
Unit = Annotated[model.Unit, PlainValidator(_chosen(model.Unit)), _enumeration(model.Unit)]
Kind = Annotated[model.Kind, PlainValidator(_chosen(model.Kind)), _enumeration(model.Kind)]
Paging = Annotated[Pages, PlainValidator(_chosen(Pages)), _enumeration(Pages)]
PanelKind = Annotated[model.PanelKind, PlainValidator(_chosen(model.PanelKind)), _enumeration(model.PanelKind)]
PanelUnit = Annotated[model.PanelUnit, PlainValidator(_chosen(model.PanelUnit)), _enumeration(model.PanelUnit)]
Colour = Annotated[model.Colour, PlainValidator(_chosen(model.Colour)), _enumeration(model.Colour)]
Draw = Annotated[model.Draw, PlainValidator(_chosen(model.Draw)), _enumeration(model.Draw)]
Axis = Annotated[model.Axis, PlainValidator(_chosen(model.Axis)), _enumeration(model.Axis)]
Reading = Annotated[model.Reading, PlainValidator(_chosen(model.Reading)), _enumeration(model.Reading)]
Leads = Annotated[model.Leads, PlainValidator(_chosen(model.Leads)), _enumeration(model.Leads)]
Need = Annotated[model.Need, PlainValidator(_chosen(model.Need)), _enumeration(model.Need)]
LogLevel = Annotated[model.LogLevel, PlainValidator(_chosen(model.LogLevel)), _enumeration(model.LogLevel)]
FieldType = Annotated[model.FieldType, PlainValidator(_chosen(model.FieldType)), _enumeration(model.FieldType)]
Presence = Annotated[model.Presence, PlainValidator(_chosen(model.Presence)), _enumeration(model.Presence)]
PiiCheck = Annotated[model.PiiCheck, PlainValidator(_chosen(model.PiiCheck)), _enumeration(model.PiiCheck)]
BurnAlerts = Annotated[Profile, PlainValidator(_chosen(Profile)), _enumeration(Profile)]
Counting = Annotated[Counts, PlainValidator(_chosen(Counts)), _enumeration(Counts)]
Extends = Annotated[Pack, PlainValidator(_chosen(Pack)), _enumeration(Pack)]
Carrier = Annotated[model.Carrier, PlainValidator(_chosen(model.Carrier)), _enumeration(model.Carrier)]
Compressed = Annotated[Compression, PlainValidator(_chosen(Compression)), _enumeration(Compression)]
