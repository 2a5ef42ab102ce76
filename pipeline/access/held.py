"""The ACLs of a broker: enter them, and read who may do what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from pipeline.access.operations import REQUEST_SECONDS, operation, operation_name
from pipeline.access.own import own
from pipeline.access.roles import CLUSTER, IMPLIED_BY, Right, with_implied


def grant(client: AdminClient, rights: Iterable[Right], principal: str) -> None:
    """Enter the rights at the broker; those that are there stay.

    Raises:
        confluent_kafka.KafkaException: the broker refuses.
    """
    bindings = [_binding(right, principal) for right in rights]
    for future in client.create_acls(bindings, request_timeout=REQUEST_SECONDS).values():
        future.result()


def _binding(right: Right, principal: str) -> AclBinding:
    return AclBinding(
        ResourceType.BROKER if right.kind == "cluster" else ResourceType[right.kind.upper()],
        right.name,
        ResourcePatternType.LITERAL,
        principal,
        "*",
        operation(right.operation),
        AclPermissionType.ALLOW,
    )


class NotToldError(Exception):
    """The broker does not say who may do what; the message says why."""


class OpenBrokerError(Exception):
    """The broker has no authorizer: everybody may do everything."""


@dataclass(frozen=True, slots=True)
class Held:
    """An ACL at the broker.

    Attributes:
        principal: whom it allows something.
        right: what.
        pattern: whether its name is the beginning of names.
    """

    principal: str
    right: Right
    pattern: bool

    def covers(self, wanted: Right) -> bool:
        """Whether it allows that."""
        if wanted.kind != self.right.kind:
            return False
        operation = self.right.operation
        if operation not in {"All", wanted.operation} and operation not in IMPLIED_BY.get(
            wanted.operation, ()
        ):
            return False
        if self.right.name == "*":
            return True
        if self.pattern:
            return wanted.name.startswith(self.right.name)
        return wanted.name == self.right.name

    def __str__(self) -> str:
        pattern = "…" if self.pattern else ""
        return f"{self.principal}: {self.right}{pattern}"


def held(client: AdminClient) -> list[Held]:
    """Every ACL that allows something.

    Raises:
        OpenBrokerError: there is no authorizer.
        NotToldError: this client may not ask.
    """
    everything = AclBindingFilter(
        ResourceType.ANY, None, ResourcePatternType.ANY, None, None,
        AclOperation.ANY, AclPermissionType.ANY,
    )  # fmt: skip
    # Who may not ask is told of no ACL at all, and no error: so look first.
    cluster = Right("Describe", "cluster", CLUSTER)
    try:
        found = client.describe_acls(everything, request_timeout=REQUEST_SECONDS).result()
    except KafkaException as error:
        if error.args[0].code() == KafkaError.SECURITY_DISABLED:
            raise OpenBrokerError("the broker has no authorizer") from None
        raise NotToldError(error.args[0].str()) from None
    if own(client, [cluster]).missing:
        raise NotToldError(f"that needs {cluster}")
    return sorted(
        (_held(acl) for acl in found if acl.permission_type == AclPermissionType.ALLOW), key=str
    )


def _held(acl: AclBinding) -> Held:
    kind = "cluster" if acl.restype == ResourceType.BROKER else acl.restype.name.lower()
    return Held(
        acl.principal,
        Right(operation_name(acl.operation), kind, acl.name),
        acl.resource_pattern_type == ResourcePatternType.PREFIXED,
    )


def lacking(acls: Iterable[Held], principal: str, rights: Iterable[Right]) -> list[Right]:
    """What a principal needs and no ACL allows."""
    mine = [acl for acl in acls if acl.principal in {principal, "User:*"}]
    return [right for right in rights if not any(acl.covers(right) for acl in mine)]


def superfluous(
    acls: Iterable[Held], holders: Mapping[str, Iterable[Right]], everything: Iterable[Right]
) -> list[Held]:
    """ACLs on the installation's resources that no role of their principal needs.

    Args:
        acls: of the broker.
        holders: principal to what its roles need.
        everything: what all roles need; resources that it does not name are somebody else's.
    """
    ours = {(right.kind, right.name) for right in everything if right.kind != "cluster"}
    found = []
    for acl in acls:
        if not any(_touches(acl, kind, name) for kind, name in ours):
            continue
        needed = {
            right.operation
            for right in holders.get(acl.principal, ())
            if not acl.pattern and (right.kind, right.name) == (acl.right.kind, acl.right.name)
        }
        if acl.right.operation not in with_implied(needed):
            found.append(acl)
    return found


def _touches(acl: Held, kind: str, name: str) -> bool:
    if acl.right.kind != kind:
        return False
    return acl.right.name in {"*", name} or (acl.pattern and name.startswith(acl.right.name))
