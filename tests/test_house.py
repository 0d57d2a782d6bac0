"""The rules of the house: who may import whom, how long things may be, what no file may say."""

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import watchkeeper

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "watchkeeper"

FLOORS = (
    {"quantity", "problem", "entry"},
    {"budget", "measured", "promql", "formats"},
    {"model"},
    {"spec", "conventions"},
    {"checks", "compile", "routing", "live", "engines", "inbox", "files"},
    {"drill", "store", "stack", "report"},
    {"gameday", "console"},
    {"cli"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
APART = {"sdk": {"_version"}, "copilot": {"sdk"}, "demo": {"copilot"}, "pack": {"copilot"}, "": {"sdk", "_version"}}
"""Rooms beside the floors, and which rooms each may use. The empty name is the package root."""
ROOT_USERS = {"demo", "copilot", "pack"}
"""Rooms written like a user's service (of the pack, its examples): they see the package root and nothing behind it."""
DOORS = {("cli", "demo.faults"), ("cli", "demo.config")}
"""Single modules of `demo` that a floor may use: they load neither the SDK nor the demo."""
EVERYONE = {"_version"}

EXPORTED = {"Traces", "Watchkeeper", "__version__", "init"}

MAX_FILE = 600
MAX_FUNCTION = 60
MAX_EXPORTED = 12
MAX_UNTYPED_SHARE = 0.01
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base"}


@dataclass(frozen=True)
class Import:
    file: Path
    line: int
    source: str
    """Module that imports, without `watchkeeper.`; empty for the package root."""
    target: str
    """Module that is imported, likewise."""

    def __str__(self) -> str:
        place = f"{self.file.relative_to(ROOT)}:{self.line}"
        return f"{place}: {self.source or 'the root'} imports {self.target or 'the root'}"


def python_files(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_generated(path: Path) -> bool:
    head = path.read_text(encoding="utf-8").splitlines()[:3]
    return any("generated" in line.lower() for line in head)


def handwritten(*folders: str) -> list[Path]:
    return [path for path in python_files(*folders) if not is_generated(path)]


def module_name(path: Path) -> str:
    """`spec.reading` for src/watchkeeper/spec/reading.py, empty for the root."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> frozenset[str]:
    return frozenset(map(module_name, python_files("src")))


def within_package(module: str | None) -> str | None:
    """The name behind `watchkeeper.`; None for modules of others."""
    if module == "watchkeeper":
        return ""
    return module.removeprefix("watchkeeper.") if module and module.startswith("watchkeeper.") else None


def targets(node: ast.stmt) -> Iterator[str]:
    """The modules of ours that an import statement names; `from room import module` names the module."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            target = within_package(alias.name)
            if target is not None:
                yield target
    elif isinstance(node, ast.ImportFrom):
        package = within_package(node.module)
        if package is not None:
            for alias in node.names:
                inner = f"{package}.{alias.name}".lstrip(".")
                yield inner if inner in modules() else package


@cache
def imports() -> tuple[Import, ...]:
    return tuple(
        Import(path, node.lineno, module_name(path), target)
        for path in python_files("src")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for target in sorted(set(targets(node)))
    )


def room(module: str) -> str:
    return module.partition(".")[0]


def allowed(source: str, target: str) -> bool:
    origin, goal = room(source), room(target)
    if origin == goal or goal in EVERYONE or (origin, target) in DOORS:
        return True
    if goal == "":
        return origin in ROOT_USERS
    if origin in APART:
        return goal in APART[origin]
    return goal in FLOOR and FLOOR[goal] < FLOOR[origin]


def test_every_room_stands_on_a_floor() -> None:
    rooms = {room(module) for module in modules()} - {"", *EVERYONE}
    assert rooms <= FLOOR.keys() | APART.keys()


def test_imports_go_down_only() -> None:
    assert [str(found) for found in imports() if not allowed(found.source, found.target)] == []


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("cli.up", "stack.supervisor", True),
        ("drill.run", "stack.supervisor", False),  # a neighbour on the same floor
        ("model.slo", "spec.reading", False),  # upwards
        ("spec.reading", "sdk.metrics", False),
        ("sdk.metrics", "quantity", False),
        ("demo.agent", "", True),
        ("demo.agent", "sdk.metrics", False),
        ("compile.rules", "", False),
        ("cli.demo", "demo.faults", True),
        ("cli.demo", "demo.agent", False),
        ("copilot", "sdk", True),
        ("stack.state", "_version", True),
    ],
)
def test_the_floor_rule_itself(source: str, target: str, expected: bool) -> None:
    assert allowed(source, target) is expected


def test_no_relative_imports() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("src", "tests", "bench")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert found == []


def test_no_import_cycles() -> None:
    edges: dict[str, set[str]] = {module: set() for module in modules()}
    for found in imports():
        if found.target in edges and found.target != found.source:
            edges[found.source].add(found.target)
    assert cycle(edges) == []


def test_a_cycle_is_seen() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    assert cycle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def cycle(edges: dict[str, set[str]]) -> list[str]:
    """The modules that stay when those that import or are imported by nothing left are taken away again and again."""
    left = {module: set(goals) for module, goals in edges.items()}
    while True:
        imported = set().union(*left.values()) if left else set()
        loose = {module for module, goals in left.items() if not goals or module not in imported}
        if not loose:
            return sorted(left)
        left = {module: goals - loose for module, goals in left.items() if module not in loose}


def loaded_after(statement: str) -> set[str]:
    """The rooms that a fresh interpreter has loaded after a statement."""
    script = f"{statement}\nimport sys\nprint(*(m for m in sys.modules if m.split('.')[0] == 'watchkeeper'))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return {room(within_package(module) or "") for module in run.stdout.split()}


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded_after("import watchkeeper") == {""}


def test_using_a_name_loads_only_the_sdk() -> None:
    names = sorted(name for name in watchkeeper.__all__ if not name.startswith("__"))
    assert names
    for name in names:
        assert loaded_after(f"import watchkeeper; watchkeeper.{name}") <= {"", "sdk", "_version"}


def test_the_generated_instruments_load_only_the_sdk() -> None:
    assert loaded_after("import watchkeeper.copilot") <= {"", "sdk", "_version", "copilot"}


def test_few_names_at_the_root_and_these() -> None:
    assert len(watchkeeper.__all__) <= MAX_EXPORTED
    assert set(watchkeeper.__all__) == EXPORTED


def test_files_are_short() -> None:
    lengths = {
        path: len(path.read_text(encoding="utf-8").splitlines()) for path in handwritten("src", "tests", "bench")
    }
    assert {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > MAX_FILE} == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_are_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines"
        for path in handwritten("src", "tests", "bench")
        for node in functions(path)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION
    ]
    assert long == []


def parameters(path: Path) -> Iterator[tuple[str, ast.arg]]:
    for node in functions(path):
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg not in {"self", "cls"}:
                yield f"{path.relative_to(ROOT)}:{argument.lineno} {node.name}({argument.arg})", argument


def says_nothing(annotation: ast.expr | None) -> bool:
    """No type, `Any`, a bare `dict`, or a dict of `Any` or of objects."""
    if annotation is None:
        return True
    text = ast.unparse(annotation).replace("typing.", "").removesuffix(" | None")
    return text in {"Any", "dict"} or (text.startswith("dict[") and text.endswith((" Any]", " object]")))


def test_parameters_have_types_that_say_something() -> None:
    every = [found for path in handwritten("src") for found in parameters(path)]
    vague = [where for where, argument in every if says_nothing(argument.annotation)]
    assert len(vague) <= MAX_UNTYPED_SHARE * len(every), vague


def test_a_dict_that_is_taken_says_what_is_in_it() -> None:
    """The share above is for where a library hands over anything: the SDK wraps functions, and takes what they take."""
    paths = [path for path in handwritten("src") if PACKAGE / "sdk" not in path.parents]
    every = [found for path in paths for found in parameters(path)]
    dicts = [(where, argument) for where, argument in every if "dict" in ast.unparse(argument)]
    assert [where for where, argument in dicts if says_nothing(argument.annotation)] == []


@pytest.mark.parametrize(
    ("annotation", "vague"),
    [
        ("dict", True),
        ("Any", True),
        ("dict[str, Any] | None", True),
        ("dict[str, object]", True),
        ("Mapping[str, object]", False),
        ("dict[str, int]", False),
        ("str", False),
    ],
)
def test_the_vagueness_rule_itself(annotation: str, vague: bool) -> None:
    assert says_nothing(ast.parse(annotation, mode="eval").body) is vague


def test_no_module_is_named_after_nothing() -> None:
    named = [path for path in python_files("src", "tests", "bench") if path.stem.removeprefix("test_") in EMPTY_NAMES]
    folders = [path for path in PACKAGE.rglob("*") if path.is_dir() and path.name in EMPTY_NAMES]
    assert named + folders == []


TEXTS = {
    ".py",
    ".md",
    ".yaml",
    ".yml",
    ".toml",
    ".txt",
    ".cfg",
    ".html",
    ".js",
    ".css",
    ".sh",
    ".json",
    ".tmpl",
    ".proto",
    "",
}


@cache
def tracked() -> tuple[Path, ...]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nobody can say which files are tracked")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.suffix in TEXTS and path.is_file() and path.name != "LICENSE")


def mentions(pattern: str) -> list[str]:
    expression = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if expression.search(line)
    ]


def test_nothing_is_left_to_do() -> None:
    assert mentions(r"(?<![\"'])\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b") == []


def test_no_file_names_a_package_registry() -> None:
    hosts = ("pypi", r"\.org"), (r"pythonhosted", r"\.org"), (r"npmjs", r"\.(?:org|com)"), (r"proxy\.golang", r"\.org")
    assert mentions("|".join(name + ending for name, ending in hosts)) == []


def test_no_file_names_a_place_on_one_machine() -> None:
    assert mentions(r"(?<![\w./~-])/(?:wo" + "rk|ro" + "ot|tm" + r"p|ho" + r"me)/\w") == []
