"""The same definitions give the same bytes, wherever and whenever they are compiled, and `monitoring/` holds them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import compile_bench
from watchkeeper import compile as compiler
from watchkeeper import files, spec
from watchkeeper.compile.reference import reference

HOME = Path(__file__).parent.parent

DIGEST = """
import hashlib
from watchkeeper import compile as compiler, spec
from watchkeeper.compile.reference import reference
catalog = spec.load().catalog
digest = hashlib.sha256()
for document in compiler.build(catalog, reference(catalog)):
    digest.update(document.path.encode() + b"\\0" + document.text.encode())
print(digest.hexdigest())
"""


def _digest(folder: Path, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", DIGEST],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_same_bytes_in_another_directory_time_zone_hash_seed_and_locale(tmp_path: Path) -> None:
    here = _digest(HOME, PYTHONHASHSEED="1", TZ="UTC")
    assert _digest(tmp_path, PYTHONHASHSEED="4711", TZ="Asia/Kathmandu", LC_ALL="C", LANG="C") == here


def test_monitoring_holds_what_the_pack_says() -> None:
    catalog = spec.load().catalog
    assert catalog is not None
    documents = compile_bench.texts(catalog)
    assert files.differences(HOME / "monitoring", documents) == (), "run: watchkeeper build"


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_rules_and_templates_do_not_know_the_environment(environment: str) -> None:
    catalog = spec.load().catalog
    assert catalog is not None
    ours = {d.path: d.text for d in compiler.build(catalog, reference(catalog, "dev"))}
    theirs = {d.path: d.text for d in compiler.build(catalog, reference(catalog, environment))}
    differing = {path for path in ours if ours[path] != theirs[path]}
    assert {path for path in differing if not path.startswith("agents/")} == {
        "prometheus.yaml",
        "kubernetes/service-monitors.yaml",
        "kubernetes/values-kube-prometheus-stack.yaml",
        "README.md",  # Loki's tenant
        "collector/gateway.yaml",  # the share of ordinary traces
        "jaeger/strategies.json",
    }
    assert {path for path in differing if path.startswith("agents/")} == {path for path in ours if "agents/" in path}
