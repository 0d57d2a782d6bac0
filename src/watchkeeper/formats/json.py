"""One deterministic JSON writer for every generated document: keys in the order given, one value a line."""

import json

from watchkeeper.formats.yaml import Tree


def dump(tree: Tree) -> str:
    """The same tree gives the same bytes. Not-a-number has no JSON, and is refused."""
    return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
