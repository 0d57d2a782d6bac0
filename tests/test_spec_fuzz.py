"""Whatever is done to good definitions: problems, never an exception, never a second's wait."""

import copy
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watchkeeper import problem, spec
from watchkeeper.problem import Severity

Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"
Path_: TypeAlias = "tuple[str | int, ...]"

PACK = Path(__file__).parent / "golden" / "pack"
TODAY = date(2027, 1, 15)
GOOD = "\n".join(path.read_text(encoding="utf-8") for path in sorted(PACK.glob("*.yaml")))
TOKENS = [
    "{", "}", "[", "]", ":", ": ", "- ", "\n", "  ", "\t", "'", '"', "#", " #", "&a ", "*a", "!!x ", "<<: ", "---\n",
    "? ", "|\n", ">\n", "%", "@", "`", "~", "null", "true", "no", "0.999", "5", "-1", ".nan", "1e999",
    "99999999999999999999", "5m", "5", "30s1m", "{{ x }}", "\\", "\x00", "\x1b", "\ufeff", "\u2028",
    "é", "データ",
    "🙂", "enabled: false", "service: x",
    "services: {a: {}}", "extends: copilot",
    "x" * 300, "[" * 100, "((((", "up{", "rate(", "[5m]", "(" * 300, "-" * 300,
]  # fmt: skip


def load(folder: Path, text: str) -> spec.Loaded:
    """The text as a whole pack of its own; fails on anything but a quick answer."""
    (folder / "all.yaml").write_text(text, encoding="utf-8", newline="")
    start = time.process_time()
    loaded = spec.load(pack=folder, today=TODAY)
    rendered = problem.render(loaded.problems, loaded.sources)
    assert time.process_time() - start < 3  # half a second of work; a crowded machine makes it more
    assert "\x1b" not in rendered
    failed = any(each.severity is Severity.ERROR for each in loaded.problems)
    assert (loaded.catalog is None) is failed
    for each in loaded.problems:
        assert each.summary
        assert each.span.line == 0 or each.span.file in loaded.sources
    return loaded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    (folder / "runbooks").mkdir()
    for page in (PACK / "runbooks").iterdir():
        (folder / "runbooks" / page.name).write_text(page.read_text())
    return folder


def test_the_good_text_is_good(folder: Path) -> None:
    assert load(folder, GOOD).problems == ()


# --- text ------------------------------------------------------------------------------------------


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = GOOD
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        length = draw(st.sampled_from([0, 0, 1, 2, 5, 40, 400]))
        insert = draw(st.sampled_from(TOKENS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
        text = text[:start] + insert + text[start + length :]
    return text


@given(text=mutated())
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_text_never_raises(folder: Path, text: str) -> None:
    load(folder, text)


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_never_raises(folder: Path, text: str) -> None:
    load(folder, text)


@given(content=st.binary(max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_never_raise(folder: Path, content: bytes) -> None:
    project = folder / "project"
    project.write_bytes(content)
    assert spec.load(project, pack=PACK, today=TODAY).catalog is None


@pytest.mark.parametrize("step", range(0, len(GOOD), 97))
def test_a_file_cut_short_never_raises(folder: Path, step: int) -> None:
    load(folder, GOOD[:step])


# --- structure, key by key -------------------------------------------------------------------------


def paths(tree: Tree, at: Path_ = ()) -> Iterator[Path_]:
    if at:
        yield at
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from paths(value, (*at, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from paths(value, (*at, index))


def whole() -> dict[str, Tree]:
    tree: dict[str, Tree] = {}
    for path in sorted(PACK.glob("*.yaml")):
        tree |= yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return tree


def parent_of(tree: Tree, path: Path_) -> dict[str, Tree] | list[Tree]:
    for key in path[:-1]:
        tree = tree[key]  # type: ignore[index]
    assert isinstance(tree, (dict, list))
    return tree


def dumped(tree: Tree) -> str:
    return str(yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))


WHOLE = whole()
PATHS = list(paths(WHOLE))
WRONG: dict[str, Tree] = {
    "nothing": None,
    "list": [1, [2], {"a": 3}],
    "map": {"zzz": {"yyy": 1}},
    "negative": -1.5,
    "text": "{{ x }} of\nnothing \u202f%",
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_anywhere_never_raises(folder: Path, wrong: Tree) -> None:
    for path in PATHS:
        tree = copy.deepcopy(WHOLE)
        parent_of(tree, path)[path[-1]] = wrong  # type: ignore[index]
        load(folder, dumped(tree))


OPTIONAL = {
    "alerts", "slos", "dependencies",
    "burn_alerts", "class", "for", "guard", "labels", "min_bad_events", "emitter", "replaces", "severity", "team",
    "within", "timing", "inhibitions", "routes", "budget_policy", "group_wait", "pagerduty", "slack", "webhook",
    "dashboards", "thresholds", "details", "empty", "links", "legend", "top", "exemplars",
    "log_alerts", "aliases", "fields", "tiers", "streams", "keys", "pseudonyms", "check", "levels", "ratio",
    "dialects", "families", "mail", "schedules", "teams", "weekdays", "times", "outside", "hears", "instead",
    "tracing", "inject_on_request", "baggage", "hosts", "client_timeouts", "rules", "request_classes", "attributes",
    "slow_after", "limit", "series",
}  # fmt: skip
NAMES = {
    "classes",
    "dependencies",
    "slos",
    "alerts",
    "metrics",
    "line",
    "events",
    "retention",
    "log_alerts",
    "receivers",
    "budget_policy",
    "dashboards",
    "panels",
    "labels",
    "match",
    "source",
    "schedules",
    "teams",
    "hears",
    "instead",
    "dialects",
    "families",
    "names",
    "rules",
    "environments",
    "client_timeouts",
    "attributes",
}


def test_a_key_taken_away_is_a_problem_unless_optional(folder: Path) -> None:
    silent = set()
    for path in PATHS:
        if not isinstance(path[-1], str) or path[-2:-1] in {(name,) for name in NAMES}:
            continue
        tree = copy.deepcopy(WHOLE)
        del parent_of(tree, path)[path[-1]]  # type: ignore[arg-type]
        if not load(folder, dumped(tree)).problems:
            silent.add(path[-1])
    assert silent <= OPTIONAL, silent - OPTIONAL


def test_an_unknown_key_is_a_problem_in_every_map(folder: Path) -> None:
    for path in PATHS:
        tree = copy.deepcopy(WHOLE)
        parent = parent_of(tree, (*path, "")) if isinstance(_at(tree, path), dict) else None
        if not isinstance(parent, dict) or path[-1] in {"match", "source", "target"}:
            continue
        parent["zzz-unknown"] = 5
        problems = load(folder, dumped(tree)).problems
        assert problems, path


def _at(tree: Tree, path: Path_) -> Tree:
    for key in path:
        tree = tree[key]  # type: ignore[index]
    return tree


def test_a_misspelt_name_of_every_section_is_found(folder: Path) -> None:
    """Every top-level key, without its first letter."""
    for key in WHOLE:
        tree = {(name[1:] if name == key else name): value for name, value in WHOLE.items()}
        codes = {each.code for each in load(folder, dumped(tree)).problems}
        assert "unknown-key" in codes, key


# --- bombs -----------------------------------------------------------------------------------------

BOMBS = {
    "deep brackets": "alerts: " + "[" * 20_000,
    "deep braces": "alerts: " + "{a: " * 20_000,
    "deep promql": "alerts:\n  A:\n    value: '" + "(" * 60_000 + "'\n",
    "long promql": "alerts:\n  A:\n    value: '" + "x + " * 30_000 + "x'\n",
    "wide promql": "alerts:\n  DatabaseDown: {value: '" + " + ".join(["sum by (x) (dependency_up)"] * 190) + "'}\n",
    "many matchers": "alerts:\n  DatabaseDown: {value: 'dependency_up{"
    + ",".join(f'x{n}="1"' for n in range(5000))
    + "}'}\n",
    "many keys": "alerts:\n" + "".join(f"  A{n}: {{for: 5}}\n" for n in range(5000)),
    "many unknown keys": "".join(f"key{n}: 5\n" for n in range(20_000)),
    "one long key": "x" * 1_000_000 + ": 5\n",
    "one long value": "team: " + "x" * 3_000_000 + "\n",
    "one long number": "slos: {a: {target: " + "9" * 1_000_000 + "}}\n",
    "one long duration": "intervals: {rules_slow: " + "9" * 500_000 + "m}\n",
    "long lines of problems": "a: {" + ", ".join(f"b{n}: 1" for n in range(5000)) + "}\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_answered_quickly(folder: Path, text: str) -> None:
    assert load(folder, text).problems
