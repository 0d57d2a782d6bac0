"""Lists of which one item alone may be written without brackets."""

from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from watchkeeper.spec.nodes import Scalar

_T = TypeVar("_T")


def _listed(value: object) -> object:
    return [value] if isinstance(value, Scalar) else value


class _OneOrList:
    """For editors: a list, or one of its items alone."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(core)
        return {"anyOf": [several["items"], several]}


OneOrMore = Annotated[tuple[_T, ...], Field(min_length=1), BeforeValidator(_listed), _OneOrList()]
AnyNumber = Annotated[tuple[_T, ...], BeforeValidator(_listed), _OneOrList()]
