"""The roles of `deploy/acls.yaml`: which operations each needs on which resources."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import yaml

CLUSTER: Final = "kafka-cluster"  # Kafka's own name for the one resource of that kind
IMPLIED_BY: Final = {
    "Describe": {"Read", "Write", "Delete", "Alter"},
    "DescribeConfigs": {"AlterConfigs"},
}
"""What Kafka's authorizer allows along with other operations."""

_KINDS: Final = {"topics": "topic", "groups": "group"}


class Right(NamedTuple):
    """One operation on one resource: `Read` on `topic` `alerts`."""

    operation: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.operation} on {self.kind} {self.name}"


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it stands in the file; `about` is for people."""

    name: str
    about: str
    rules: tuple[Mapping[str, Any], ...]

    def rights(self, prefix: str, app: str) -> list[Right]:
        """Every operation on every resource, in the order of the file."""
        found: list[Right] = []
        for rule in self.rules:
            resources = [
                (kind, name.format(prefix=prefix, app=app))
                for words, kind in _KINDS.items()
                for name in rule.get(words, ())
            ]
            if rule.get("cluster"):
                resources.append(("cluster", CLUSTER))
            found += [
                Right(operation, kind, name)
                for kind, name in resources
                for operation in rule["operations"]
            ]
        return found


@cache
def roles() -> dict[str, Role]:
    """The roles by name."""
    content = yaml.safe_load((files("deploy") / "acls.yaml").read_text(encoding="utf-8"))
    return {
        name: Role(name, role["about"], tuple(role["rules"]))
        for name, role in content["roles"].items()
    }


def with_implied(operations: Iterable[str]) -> set[str]:
    """The operations, and what Kafka allows along with them."""
    found = set(operations)
    return found | {name for name, by in IMPLIED_BY.items() if by & found}


def kafka_acls(rights: Iterable[Right], principal: str, bootstrap: str) -> Iterator[str]:
    """Lines for the `kafka-acls.sh` of Apache Kafka, one a resource."""
    operations: dict[tuple[str, str], list[str]] = {}
    for right in rights:
        operations.setdefault((right.kind, right.name), []).append(right.operation)
    for (kind, name), allowed in operations.items():
        where = ["--cluster"] if kind == "cluster" else [f"--{kind}", name]
        yield shlex.join(
            [
                *("kafka-acls.sh", "--bootstrap-server", bootstrap),
                *("--command-config", "admin.properties", "--add"),
                *("--allow-principal", principal),
                *(part for operation in allowed for part in ("--operation", operation)),
                *where,
            ]
        )
