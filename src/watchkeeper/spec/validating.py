"""A node against the schema: every mismatch becomes a problem at its place."""

from collections import defaultdict
from dataclasses import dataclass
from types import UnionType
from typing import Generic, TypeAlias, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from watchkeeper.problem import Problem, Span
from watchkeeper.spec.nodes import Mapping, Node, Path, Refused, Scalar, Sequence, find, is_null, key_span, value_span
from watchkeeper.spec.scalars import kind
from watchkeeper.spec.schema import MISTAKEN, SECRETS
from watchkeeper.spec.wording import closest, error, listed, noun, place
from watchkeeper.spec.written import Switched

_T = TypeVar("_T")
_Bare: TypeAlias = "Scalar | Refused | list[_Bare] | dict[str, _Bare]"

MAX_PROBLEMS = 200
"""Nobody reads more; the rest usually goes away with the first."""


def _bare(node: Node) -> _Bare:
    """Maps and lists without positions, as pydantic takes them; the leaves stay as they are."""
    if isinstance(node, Mapping):
        return {key: _bare(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [_bare(item) for item in node.items]
    return node


@dataclass(frozen=True, slots=True)
class Valid(Generic[_T]):
    value: _T


def validate(adapter: TypeAdapter[_T], node: Node, root: Node, path: Path) -> Valid[_T] | list[Problem]:
    """The typed value, or everything wrong with it. `path` leads from the root to the node."""
    try:
        return Valid(adapter.validate_python(_bare(node)))
    except ValidationError as failure:
        errors = failure.errors(include_url=False, include_input=False)[:MAX_PROBLEMS]
    return _Translator(adapter, root, path).problems(errors)


class _Translator:
    """From pydantic's errors to problems, for one node."""

    def __init__(self, adapter: TypeAdapter[_T], root: Node, path: Path) -> None:
        self.annotation: object = adapter._type  # noqa: SLF001 - the adapter does not say otherwise what it validates
        self.root = root
        self.path = path

    def problems(self, errors: list[ErrorDetails]) -> list[Problem]:
        missing: dict[Path, list[str]] = defaultdict(list)
        found: list[Problem] = []
        misnamed = {details["loc"][:-1] for details in errors if details["loc"][-1:] == ("[key]",)}
        for details in errors:
            inner = tuple(details["loc"])
            node = find(self.root, self._written(inner))
            if isinstance(node, Refused):
                continue
            if details["type"] == "too_short" and isinstance(node, Sequence) and node.items:
                continue  # every item was refused, and each is told
            if details["type"] == "missing":
                missing[inner[:-1]].append(str(inner[-1]))
            else:
                found.append(self._one(details, inner))
        return found + [self._missing(inner, keys) for inner, keys in missing.items() if inner not in misnamed]

    def _written(self, inner: Path) -> Path:
        """The path in the file: pydantic adds steps that nobody wrote."""
        path = self.path
        for step in inner:
            node = find(self.root, path)
            alone = isinstance(node, Scalar)  # written without the brackets of a list
            if step == "[key]" or alone or (isinstance(node, Sequence) and not isinstance(step, int)):
                continue
            path = (*path, step)
        return path

    def _one(self, details: ErrorDetails, inner: Path) -> Problem:
        path = self._written(inner)
        words = details.get("ctx", {})
        if "summary" in words:
            return self._said(details["type"], words, path, of_key=inner[-1:] == ("[key]",))
        match details["type"]:
            case "extra_forbidden":
                return self._unknown(inner, path)
            case "too_short":
                return error(
                    "empty",
                    value_span(self.root, path),
                    f"{place(path)}: empty",
                    allowed="at least one",
                    fix="name one, or remove the whole definition",
                )
            case _:
                return self._wrong_type(details["type"], path)

    def _said(self, code: str, words: dict[str, str], path: Path, *, of_key: bool) -> Problem:
        """What one of our own readers said."""
        span = key_span(self.root, path) if of_key else value_span(self.root, path)
        where = f"{noun(str(path[0]))} name" if of_key and len(path) == 2 else place(path)
        summary = f"{where}: {words['summary']}"
        return error(code, span, summary, found=words["found"], allowed=words["allowed"], fix=words["fix"])

    def _wrong_type(self, type_: str, path: Path) -> Problem:
        wanted = "a list" if type_ in {"tuple_type", "list_type"} else "a map of keys and values"
        node = find(self.root, path)
        span = value_span(self.root, path)
        if node is None or is_null(node):
            fix = "write [] for none" if wanted == "a list" else "write {} for an empty one, or remove the key"
            return error("no-value", span, f"{place(path)}: no value", allowed=wanted, fix=fix)
        fix = (
            "write it below, on a line that begins with `- `"
            if wanted == "a list"
            else "write its keys below, indented"
        )
        return error(
            "wrong-type", span, f"{place(path)}: {wanted} is needed", found=kind(node), allowed=wanted, fix=fix
        )

    def _unknown(self, inner: Path, path: Path) -> Problem:
        key = str(inner[-1])
        allowed = keys_at(self.annotation, inner[:-1])
        if key in SECRETS and path[0] == "receivers":
            named = SECRETS[key] if SECRETS[key] in allowed else "routing_key_file` or `url_file"
            return error(
                "secret",
                value_span(self.root, path),
                f"{place(path[:-1])} holds a secret",
                found=key,
                allowed="the path of a file with the secret",
                fix=f"put it into a file of its own and write `{named}: PATH`",
            )
        return unknown_key(key, key_span(self.root, path), place(path[:-1]), allowed)

    def _missing(self, inner: Path, keys: list[str]) -> Problem:
        path = self._written(inner)
        span, node = key_span(self.root, path), find(self.root, path)
        what, names = place(path), ", ".join(f"`{key}`" for key in keys)
        given = list(node.entries) if isinstance(node, Mapping) else []
        near = self._neighbour(path) if len(keys) > len(given) else None
        if given and set(given) <= Switched.model_fields.keys():
            fix = f"write `{near}`" if near else "remove it"
            return error("unknown-reference", span, f"there is no {what} to switch on or off", fix=fix)
        fix = f"write `{near}` to change that one; add what is missing for a new one" if near else f"add {names}"
        return error("missing-key", span, f"{what} lacks {names}", found=", ".join(given) or "nothing", fix=fix)

    def _neighbour(self, path: Path) -> str | None:
        """The defined name that a name without its definition may have meant."""
        if len(path) != 2:
            return None
        section = find(self.root, path[:1])
        if not isinstance(section, Mapping):
            return None
        return closest(str(path[1]), [name for name in section.entries if name != path[1]])


def unknown_key(key: str, span: Span, where: str, allowed: list[str]) -> Problem:
    near = MISTAKEN.get(key) if MISTAKEN.get(key) in allowed else closest(key, allowed)
    return error(
        "unknown-key",
        span,
        f"{where} has no key `{key[:80]}`",
        found=key,
        allowed=listed(allowed, limit=30),
        fix=f"write `{near}`" if near else "remove it",
    )


def keys_at(annotation: object, inner: Path) -> list[str]:
    """The keys that the schema knows at a place."""
    for step in inner:
        annotation = _below(annotation, step)
    model = _model(annotation)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, UnionType}:
        return next((model for model in map(_model, get_args(annotation)) if model), None)
    return None


def _below(annotation: object, step: str | int) -> object:
    model = _model(annotation)
    if model is not None:
        fields = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        return fields.get(str(step))
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    return arguments[0] if arguments else None
