"""Days and hours as they are written: `monday-friday`, `09:00-17:00`."""

import re
from typing import Annotated

from pydantic import PlainValidator, WithJsonSchema

from watchkeeper import model
from watchkeeper.spec.scalars import refuse, written

_DAYS = {day.name.lower(): day for day in model.Weekday}
_DAYS_ALLOWED = "monday to sunday, or a range: monday-friday"


def _weekdays(value: object) -> tuple[model.Weekday, ...]:
    """`friday-monday` goes over the end of the week."""
    text = written(value, "a weekday").text
    names = text.split("-", 1)
    wrong = [name for name in names if name not in _DAYS]
    if wrong:
        meant = [next((day for day in _DAYS if name and day.startswith(name.lower()[:3])), "") for name in names]
        fix = f"write {'-'.join(meant)}" if all(meant) else ""
        raise refuse("bad-weekday", f"`{wrong[0][:20]}` is no weekday", found=text[:60], allowed=_DAYS_ALLOWED, fix=fix)
    start, end = _DAYS[names[0]], _DAYS[names[-1]]
    return tuple(model.Weekday((start + step) % 7) for step in range((end - start) % 7 + 1))


def _minutes(text: str) -> int | None:
    found = re.fullmatch(r"([0-9]{2}):([0-5][0-9])", text)
    minutes = int(found[1]) * 60 + int(found[2]) if found else None
    return minutes if minutes is not None and minutes <= model.DAY_MINUTES else None


def _hours(value: object) -> model.Hours:
    text = written(value, "a time of day").text
    first, _, last = text.partition("-")
    start, end = _minutes(first), _minutes(last)
    if start is None or end is None:
        raise refuse("bad-time", "no time of day", found=text[:60], allowed="from-to, as in 09:00-17:00, up to 24:00")
    if end <= start:
        split = f"write [{first}-24:00, 00:00-{last}]" if 0 < end < start else ""
        raise refuse(
            "bad-time", "does not end after it begins", found=text, allowed="a range within one day", fix=split
        )
    return model.Hours(start, end)


Weekdays = Annotated[tuple[model.Weekday, ...], PlainValidator(_weekdays), WithJsonSchema({"type": "string"})]
TimeOfDay = Annotated[
    model.Hours,
    PlainValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$"}),
]
