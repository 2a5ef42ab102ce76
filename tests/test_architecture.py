"""Arrows go one way: pipeline -> detectors -> schemas."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"schemas", "detectors", "pipeline", "deploy", "tests"}
MAY_IMPORT = {
    "schemas": {"schemas"},
    "detectors": {"detectors", "schemas"},
    "pipeline": {"pipeline", "detectors", "schemas", "deploy"},
}
BROKER_CLIENTS = {"faust", "mode", "aiokafka", "confluent_kafka"}
PURE = ("pipeline/engine", "pipeline/correlate", "pipeline/stages", "pipeline/state")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


def roots(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_only_what_lies_below_them(package: str) -> None:
    for path in files(package):
        wrong = (roots(imported(path)) & OURS) - MAY_IMPORT[package]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


@pytest.mark.parametrize("package", ["schemas", "detectors", *PURE])
def test_pure_code_knows_no_broker_client(package: str) -> None:
    for path in files(package):
        wrong = roots(imported(path)) & BROKER_CLIENTS
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_faust_is_met_in_its_adapter_and_the_worker_only() -> None:
    allowed = ("pipeline/faust_adapter", "pipeline/worker")
    for path in files("pipeline"):
        if not str(path.relative_to(ROOT)).startswith(allowed):
            assert not roots(imported(path)) & {"faust", "mode", "aiokafka"}, path


def test_nothing_unsafe_is_decoded() -> None:
    for package in MAY_IMPORT:
        for path in files(package):
            assert not roots(imported(path)) & {"pickle", "shelve", "marshal", "dill"}, path


@pytest.mark.parametrize("package", ["detectors", *PURE])
def test_time_is_event_time_and_nothing_is_random(package: str) -> None:
    for path in files(package):
        assert not roots(imported(path)) & {"time", "random", "secrets", "uuid"}, path
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not calls & {"now", "utcnow", "today"}, path
