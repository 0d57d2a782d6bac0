"""Python source: values as the text of a generated module."""

from collections.abc import Iterable


def text(value: str) -> str:
    """In double quotes."""
    inner = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{inner}"'


def texts(values: Iterable[str]) -> str:
    """A tuple of them."""
    return items(map(text, values))


def items(values: Iterable[str]) -> str:
    """A tuple of what is source already."""
    return "(" + "".join(f"{value}, " for value in values).removesuffix(" ") + ")"


def call(name: str, arguments: Iterable[tuple[str, str]], indent: int) -> str:
    """`Name(key=value, ...)`, an argument a line."""
    margin = " " * indent
    lines = "".join(f"{margin}    {key}={value},\n" for key, value in arguments)
    return f"{name}(\n{lines}{margin})"
