"""What can be seen of the cluster: who lets whom in, topics, and the state kept in them."""

from collections.abc import Generator, Iterator, Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from pipeline import topics as kafka_topics
from pipeline.access.held import NotToldError, OpenBrokerError, held, lacking, superfluous
from pipeline.access.own import own
from pipeline.access.roles import roles
from pipeline.broker.embedded import is_embedded
from pipeline.doctor.check import Check, Status
from pipeline.knock import knock
from pipeline.lifecycle.check import examine
from pipeline.oauth import TokenError, TokenSource
from pipeline.settings import KafkaSettings, SettingsError


def encryption(settings: KafkaSettings) -> Check:
    """Whether others can read along."""
    if settings.uses_tls:
        return Check("encryption", Status.GOOD, settings.protocol)
    return Check(
        "encryption",
        Status.NOTE,
        f"{settings.protocol}: readable by anyone on the network",
        "set DEVSPM_KAFKA_SECURITY_PROTOCOL, see docs/settings.md",
    )


def token(settings: KafkaSettings) -> Check:
    """Whether OAUTHBEARER gets its token."""
    try:
        TokenSource(settings).token()
    except TokenError as error:
        return Check("token", Status.BAD, str(error), "check DEVSPM_KAFKA_TOKEN_* and the secret")
    return Check("token", Status.GOOD, f"{settings.token_url} gives one to {settings.username}")


def broker(settings: KafkaSettings, client: AdminClient) -> Generator[Check, None, bool]:
    """Whether a broker answers."""
    try:
        knock(settings)
    except SettingsError as error:
        yield Check(
            "broker",
            Status.BAD,
            str(error),
            "check --bootstrap, that the broker runs, and who it lets in (docs/settings.md)",
        )
        return False
    metadata = client.list_topics(timeout=10.0)
    yield Check("broker", Status.GOOD, f"{settings.bootstrap}: {len(metadata.brokers)} brokers")
    return True


def rights(client: AdminClient, role: str, prefix: str, app_id: str) -> Iterator[Check]:
    """What this user may do, beside what a role needs."""
    wanted = roles()[role].rights(prefix, app_id)
    mine = own(client, wanted)
    for right in mine.missing:
        yield Check(
            "rights",
            Status.BAD,
            f"{role} needs {right}, and this user may not",
            f"devspm acls show --role {role} --principal User:NAME",
        )
    if mine.further:
        yield Check(
            "rights",
            Status.NOTE,
            f"this user may do more than {role} needs, such as {mine.further[0]}",
            f"allow no more than: devspm acls show --role {role} --principal User:NAME",
        )
    elif not mine.missing:
        yield Check("rights", Status.GOOD, f"what {role} needs, and no more")


def acls(
    client: AdminClient, holders: Mapping[str, Sequence[str]], prefix: str, app_id: str
) -> Iterator[Check]:
    """What all users may do, beside what their roles need; `holders` is principal to roles."""
    try:
        found = held(client)
    except OpenBrokerError as error:
        yield Check(
            "acls",
            Status.NOTE,
            f"{error}: whoever reaches it decides what the detectors believe",
            "set authorizer.class.name at the brokers, see docs/settings.md",
        )
        return
    except NotToldError as error:
        if holders:
            yield Check("acls", Status.BAD, f"cannot be read: {error}", "ask as the role operator")
        return
    if not holders:
        return
    needed = {
        principal: [right for name in names for right in roles()[name].rights(prefix, app_id)]
        for principal, names in holders.items()
    }
    lack = [(who, right) for who, rights in needed.items() for right in lacking(found, who, rights)]
    for who, right in lack:
        yield Check("acls", Status.BAD, f"{who} lacks {right}", "devspm acls apply")
    everything = [right for role in roles().values() for right in role.rights(prefix, app_id)]
    more = superfluous(found, needed, everything)
    for acl in more:
        yield Check(
            "acls", Status.BAD, f"not needed: {acl}", "take it away: kafka-acls.sh --remove"
        )
    if not lack and not more:
        yield Check("acls", Status.GOOD, f"what {len(holders)} principals need, and no more")


def topics(
    client: AdminClient, names: kafka_topics.Topics, app_id: str
) -> Generator[Check, None, bool]:
    """Whether the topics are there, with one number of partitions."""
    wanted = names.all(app_id)
    problems = kafka_topics.differences(client, wanted)
    for problem in problems:
        yield Check(f"topic {problem.topic}", Status.BAD, problem.problem, problem.fix)
    if problems:
        return False
    count = kafka_topics.partitions(client, names.activity)
    yield Check("topics", Status.GOOD, f"{len(wanted)} topics with {count} partitions")
    return True


def state(
    settings: KafkaSettings, client: AdminClient, names: kafka_topics.Topics, app_id: str
) -> Iterator[Check]:
    """Whether what was learned fits the topics."""
    if is_embedded(client):  # it forgets state and topics alike
        return
    count = kafka_topics.partitions(client, names.activity)
    try:
        mismatches = examine(settings, client, names, app_id, count).mismatches
    except KafkaException as error:
        yield Check("state", Status.NOTE, f"cannot be read: {error.args[0].str()}")
        return
    for mismatch in mismatches:
        yield Check("state", Status.BAD, mismatch.text, mismatch.kind.fix)
    if not mismatches:
        yield Check("state", Status.GOOD, "fits the topics, as far as there is any")
