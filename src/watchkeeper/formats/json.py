"""One deterministic JSON writer for generated documents: keys in the order given, two spaces."""

import json

from watchkeeper.formats.yaml import Tree


def dump(tree: Tree) -> str:
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
