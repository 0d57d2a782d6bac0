"""What in the new definitions is the same thing as what in the old ones."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from watchkeeper.model import Catalog, Service

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    name: str
    old: T | None
    new: T | None

    @property
    def both(self) -> tuple[T, T] | None:
        return (self.old, self.new) if self.old is not None and self.new is not None else None


def pairs(old: Iterable[T], new: Iterable[T], name: Callable[[T], str]) -> Iterator[Pair[T]]:
    """In the order of the old ones, then the new ones."""
    before, after = ({name(each): each for each in side} for side in (old, new))
    for key in dict.fromkeys((*before, *after)):
        yield Pair(key, before.get(key), after.get(key))


@dataclass(frozen=True, slots=True)
class Sides:
    """A service before and after, each with the definitions it stands in."""

    prefix: str
    """Before a subject, where there are several services."""
    old: Catalog
    new: Catalog
    before: Service
    after: Service


def services(old: Catalog, new: Catalog) -> Iterator[Pair[Service]]:
    """The only service of both is the same one, whatever it is called."""
    if len(old.services) == len(new.services) == 1:
        yield Pair(new.services[0].name, old.services[0], new.services[0])
        return
    yield from pairs(old.services, new.services, lambda service: service.name)


def sides(old: Catalog, new: Catalog) -> Iterator[Sides]:
    several = max(len(old.services), len(new.services)) > 1
    for pair in services(old, new):
        if pair.both:
            yield Sides(f"{pair.name} " if several else "", old, new, *pair.both)
