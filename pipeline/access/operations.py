"""Operations by the names that Kafka's own tools use."""

from typing import Final

from confluent_kafka.admin import AclOperation

REQUEST_SECONDS: Final = 10.0


def operation(name: str) -> AclOperation:
    """`DescribeConfigs` to what the client calls it."""
    word = "".join(f"_{letter}" if letter.isupper() else letter for letter in name)
    return AclOperation[word.strip("_").upper()]


def operation_name(found: AclOperation) -> str:
    """The other way."""
    return "".join(part.capitalize() for part in found.name.split("_"))
