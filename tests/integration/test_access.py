"""A real broker that lets nobody in without papers, and nobody do more than the role allows."""

import json
import os
import secrets
import shutil
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from confluent_kafka.admin import AclBindingFilter, AclPermissionType, ResourcePatternType
from confluent_kafka.admin import ResourceType as Resource

from pipeline.access.held import grant
from pipeline.access.operations import operation
from pipeline.access.roles import Right, roles
from pipeline.broker import Broker
from pipeline.generator import demo_scenario
from pipeline.settings import KafkaSettings
from tests.integration.flow import (
    PARTITIONS,
    Installation,
    Json,
    Worker,
    devspm,
    is_internal,
    wait_for,
)
from tests.integration.secured import INSTALL_OPENSSL, Papers, SecuredKafka, TokenServer

pytestmark = pytest.mark.broker

Need = Callable[[str, list[str]], None]
Environment = Mapping[str, str]
COLLECTORS = [name for name in roles() if name.startswith("collector-")]
WAYS_IN = ("SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "mTLS")


@contextmanager
def environment(settings: Environment) -> Iterator[None]:
    """What is started here has these settings and no other of Kafka."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DEVSPM_KAFKA_")]:
            patch.delenv(name)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield


@dataclass(frozen=True)
class Cluster:
    """The broker, its papers, and who hands out tokens."""

    kafka: SecuredKafka
    papers: Papers
    tokens: TokenServer
    clients: dict[str, str]

    def way_in(self, way: str, name: str) -> tuple[str, dict[str, str]]:
        """A principal that nothing is allowed yet, and settings of `devspm` as that."""
        if way == "mTLS":
            return f"User:CN={name}", self.kafka.mtls_environment(*self.papers.issue(name))
        if way == "OAUTHBEARER":
            self.clients[name] = secrets.token_urlsafe(24)
            file = self.papers.directory / f"{name}.secret"
            file.write_text(self.clients[name])
            return f"User:{name}", {
                "DEVSPM_BOOTSTRAP": self.kafka.bootstrap,
                "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
                "DEVSPM_KAFKA_SASL_MECHANISM": way,
                "DEVSPM_KAFKA_CA_FILE": str(self.papers.ca),
                "DEVSPM_KAFKA_USERNAME": name,
                "DEVSPM_KAFKA_PASSWORD_FILE": str(file),
                "DEVSPM_KAFKA_TOKEN_URL": self.tokens.url,
                "DEVSPM_KAFKA_TOKEN_CA_FILE": str(self.papers.ca),
            }
        return f"User:{name}", self.kafka.add_user(name) | {"DEVSPM_KAFKA_SASL_MECHANISM": way}


@contextmanager
def cluster_in(
    directory: Path, *, lifetime: float = 600.0, reauthenticate: float = 0.0
) -> Iterator[Cluster]:
    papers = Papers(directory / "papers")
    clients: dict[str, str] = {}
    with (
        TokenServer(papers, clients, lifetime=lifetime) as tokens,
        SecuredKafka(
            directory / "kafka", papers, tokens.jwks, reauthenticate=reauthenticate
        ) as kafka,
    ):
        yield Cluster(kafka, papers, tokens, clients)


@pytest.fixture(scope="module")
def need_openssl(need: Need, need_kafka: None) -> None:  # noqa: ARG001 - skips as well
    # The dependencies hold no library that makes certificates.
    need("TLS, SASL and ACLs", [] if shutil.which("openssl") else [INSTALL_OPENSSL])


@pytest.fixture(scope="module")
def cluster(
    need_openssl: None,  # noqa: ARG001 - skips
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    with cluster_in(tmp_path_factory.mktemp("secured")) as made:
        yield made


@dataclass(frozen=True)
class Secured(Installation):
    """An installation whose topics the test reads and makes as the cluster's administrator."""

    cluster: Cluster

    @property
    def reach(self) -> tuple[str, ...]:
        return "--prefix", self.topics.prefix

    @property
    def settings(self) -> KafkaSettings:
        given = self.cluster.kafka.admin_environment
        return KafkaSettings.from_environment(given["DEVSPM_BOOTSTRAP"], given)

    def as_(self, who: Environment, *arguments: str) -> "CompletedProcess[bytes]":
        """Run `devspm` with somebody's settings."""
        with environment(who):
            return devspm(*arguments, *self.reach)

    def as_admin(self, *arguments: str) -> str:
        done = self.as_(self.cluster.kafka.admin_environment, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def prepare(self) -> None:
        self.as_admin("topics", "create", "--app-id", self.name, "--partitions", str(PARTITIONS))

    def allow(self, principal: str, *names: str) -> None:
        """Give roles, with the command that operators use."""
        for name in names:
            self.as_admin(
                "acls", "apply", "--app-id", self.name, "--role", name, "--principal", principal
            )

    def rights(self, role: str) -> list[Right]:
        return roles()[role].rights(self.topics.prefix, self.name)

    def revoke(self, principal: str, right: Right) -> None:
        client = self.cluster.kafka.admin()
        wanted = AclBindingFilter(
            Resource[right.kind.upper()], right.name, ResourcePatternType.LITERAL, principal, None,
            operation(right.operation), AclPermissionType.ALLOW,
        )  # fmt: skip
        for future in client.delete_acls([wanted]).values():
            assert len(future.result()) == 1

    def start(self, who: Environment, *more: str) -> Worker:
        """A worker with somebody's settings, not started yet."""
        worker = self.worker()
        worker._command += ["--bootstrap", who["DEVSPM_BOOTSTRAP"], *more]
        return worker


@pytest.fixture
def installation(cluster: Cluster, unique_name: Callable[[str], str], tmp_path: Path) -> Secured:
    made = Secured(cluster.kafka, unique_name("access"), tmp_path, [], cluster)
    made.prepare()
    return made


def events(count: int) -> list[Json]:
    """Records of every kind, generated."""
    scenario = demo_scenario(seed=3, identities=24, days=7, shift_to=time.time())
    return [record for _, record in zip(range(count), scenario.events(), strict=False)]


def send(installation: Secured, who: Environment, records: list[Json]) -> None:
    with environment(who):
        installation.replay(records)


def secret_of(who: Environment) -> str:
    return Path(who["DEVSPM_KAFKA_PASSWORD_FILE"]).read_text()


# The way in


@pytest.mark.parametrize("way", WAYS_IN)
def test_events_go_through_with_the_rights_of_worker_and_collector_and_no_other(
    installation: Secured, way: str
) -> None:
    run = secrets.token_hex(4)
    worker, works = installation.cluster.way_in(way, f"worker-{run}")
    collector, collects = installation.cluster.way_in(way, f"collector-{run}")
    installation.allow(worker, "worker")
    installation.allow(collector, *COLLECTORS)

    with environment(works), installation.start(works, "--log-level", "DEBUG") as running:
        send(installation, collects, events(400))
        installation.wait_until_committed([running])
        letters = running.total("devspm_dead_letters_total")
        assert running.terminate() == 0

    assert letters == 0
    assert_all_came_through(installation)
    log = running.log.read_text()
    assert "DEBUG" in log
    assert "Bearer" not in log
    if way != "mTLS":
        assert secret_of(works) not in log


def assert_all_came_through(installation: Secured) -> None:
    through = [m for m in installation.all(installation.topics.activity) if not is_internal(m)]
    assert {m.value() for m in through} == {
        value for _, value in installation.expected_activities()
    }


def test_every_other_role_does_its_work_with_its_own_rights_and_no_other(
    installation: Secured,
) -> None:
    name = installation.name
    people = {
        role: installation.cluster.way_in("SCRAM-SHA-512", f"only-{role}")
        for role in ("analyst", "identities", "operator")
    }
    for role, (principal, _) in people.items():
        installation.allow(principal, role)
    who = {role: settings for role, (_, settings) in people.items()}
    entries = installation.directory / "who.json"
    entries.write_text(json.dumps([{"identity": "mara", "accounts": ["github:mara-k"]}]))

    imported = installation.as_(who["identities"], "identities", "import", str(entries))
    listed = installation.as_(who["identities"], "identities", "list")
    alerts = installation.as_(who["analyst"], "alerts", "--from-beginning", "--no-follow")
    created = installation.as_(who["operator"], "topics", "create", "--app-id", name)
    looked = installation.as_(
        who["operator"], "doctor", "--app-id", name, "--role", "operator",
        *(f"--holder={role}={principal}" for role, (principal, _) in people.items()),
    )  # fmt: skip

    for done in (imported, listed, alerts, created, looked):
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
    assert b"mara" in listed.stdout
    assert b"3 principals need, and no more" in looked.stdout


def test_tokens_are_renewed_while_a_worker_works(
    need_openssl: None,  # noqa: ARG001 - skips
    unique_name: Callable[[str], str],
    tmp_path: Path,
) -> None:
    # A token lives six seconds; a connection must prove itself anew every three, or ends.
    with cluster_in(tmp_path, lifetime=6.0, reauthenticate=3.0) as cluster:
        installation = Secured(cluster.kafka, unique_name("renew"), tmp_path, [], cluster)
        installation.prepare()
        principal, who = cluster.way_in("OAUTHBEARER", "worker")
        installation.allow(principal, "worker")
        first, second = events(200)[:100], events(200)[100:]

        def given_to_the_worker() -> int:
            return sum(agent.startswith("Python-urllib") for agent, _ in cluster.tokens.given)

        with environment(who), installation.start(who) as worker:
            send(installation, cluster.kafka.admin_environment, first)
            installation.wait_until_committed([worker])
            before = given_to_the_worker()
            wait_for(lambda: given_to_the_worker() >= before + 2, "two more tokens")
            send(installation, cluster.kafka.admin_environment, second)
            installation.wait_until_committed([worker])
            assert worker.terminate() == 0

        assert_all_came_through(installation)


def test_the_scope_is_asked_for(installation: Secured) -> None:
    _, who = installation.cluster.way_in("OAUTHBEARER", "scoped")
    scope = secrets.token_hex(4)

    installation.as_(who | {"DEVSPM_KAFKA_TOKEN_SCOPE": scope}, "alerts", "--no-follow")

    assert scope in {given for _, given in installation.cluster.tokens.given}


def strangers(cluster: Cluster, directory: Path) -> Iterator[tuple[str, dict[str, str], str]]:
    """Who must not get in: name, settings, what is said."""
    foreign = Papers(directory / "foreign")
    scram = cluster.kafka.add_user("somebody")
    _, oauth = cluster.way_in("OAUTHBEARER", "client")
    wrong = directory / "wrong"
    wrong.write_text(secrets.token_urlsafe(16))
    _, port = cluster.kafka.bootstrap.split(":")
    certificate, key = foreign.issue("worker")
    yield "wrong password", scram | {"DEVSPM_KAFKA_PASSWORD_FILE": str(wrong)}, "credentials"
    yield (
        "broker of a foreign authority",
        scram | {"DEVSPM_KAFKA_CA_FILE": str(foreign.ca)},
        "certificate verify failed",
    )
    yield "broker of another name", scram | {"DEVSPM_BOOTSTRAP": f"localhost:{port}"}, "certificate"
    yield (
        "foreign certificate",
        cluster.kafka.mtls_environment(certificate, key)
        | {"DEVSPM_KAFKA_CA_FILE": str(cluster.papers.ca)},
        "alert",
    )
    yield (
        "no certificate",
        {
            "DEVSPM_BOOTSTRAP": cluster.kafka.mtls,
            "DEVSPM_KAFKA_SECURITY_PROTOCOL": "SSL",
            "DEVSPM_KAFKA_CA_FILE": str(cluster.papers.ca),
        },
        "alert",
    )
    yield "wrong secret", oauth | {"DEVSPM_KAFKA_PASSWORD_FILE": str(wrong)}, "invalid_client"
    yield (
        "token server of a foreign authority",
        oauth | {"DEVSPM_KAFKA_TOKEN_CA_FILE": str(foreign.ca)},
        "certificate",
    )


def test_strangers_stay_out_and_are_told_why(
    installation: Secured, cluster: Cluster, tmp_path: Path
) -> None:
    for name, who, said in strangers(cluster, tmp_path):
        done = installation.as_(who, "alerts", "--no-follow")

        text = (done.stdout + done.stderr).decode()
        assert done.returncode == 2, (name, text)
        assert said in text, (name, text)
        assert len(text.splitlines()) == 1, (name, text)
        if "DEVSPM_KAFKA_PASSWORD_FILE" in who:
            assert secret_of(who) not in text
    worker = installation.as_(who, "worker", "--port", "0")
    doctor = installation.as_(who, "doctor")
    assert worker.returncode == 2
    assert worker.stderr.decode() == text
    assert doctor.returncode == 1
    assert said in doctor.stdout.decode()


def test_the_asyncio_client_trusts_no_other_broker_either(cluster: Cluster, tmp_path: Path) -> None:
    foreign = Papers(tmp_path / "foreign")
    host, port = cluster.kafka.bootstrap.split(":")
    right = KafkaSettings("", protocol="SSL", ca_file=str(cluster.papers.ca))

    def greet(settings: KafkaSettings, name: str) -> None:
        with (
            socket.create_connection((host, int(port))) as raw,
            settings.tls().wrap_socket(raw, server_hostname=name),
        ):
            pass

    greet(right, host)
    for settings, name in ((right, "localhost"), (replace(right, ca_file=str(foreign.ca)), host)):
        with pytest.raises(ssl.SSLCertVerificationError):
            greet(settings, name)


# What each may do


def test_a_worker_without_one_of_its_rights_names_it_and_does_not_start(
    installation: Secured,
) -> None:
    principal, who = installation.cluster.way_in("SCRAM-SHA-512", "incomplete")
    installation.allow(principal, "worker")
    topics, name = installation.topics, installation.name
    changelog = Right("Read", "topic", topics.changelog(name, "detect"))

    for right in (
        Right("Read", "topic", topics.audit["idp"]),
        Right("Write", "topic", topics.alerts),
        Right("Write", "topic", topics.activity),
        Right("Read", "group", name),
        changelog,
    ):
        installation.revoke(principal, right)

        done = installation.as_(who, "worker", "--app-id", name, "--port", "0")

        said = done.stderr.decode()
        assert done.returncode == 2, right
        hidden = f"{right.name} is missing, or this user has no right to see it"
        assert hidden in said or f"  {right}\n" in said, (right, said)
        assert "devspm acls" in said
        if right is not changelog:
            grant(installation.cluster.kafka.admin(), [right], principal)

    looked = installation.as_(who, "doctor", "--app-id", name, "--json")
    checks = [json.loads(line) for line in looked.stdout.splitlines()]
    bad = [check["detail"] for check in checks if check["status"] == "bad"]
    assert bad == [f"worker needs {changelog}, and this user may not"]


def test_the_doctor_finds_who_may_do_more_than_the_roles_need(installation: Secured) -> None:
    cluster, name = installation.cluster, installation.name
    principal, _ = cluster.way_in("SCRAM-SHA-512", "honest")
    installation.allow(principal, "worker")
    admin = cluster.kafka.admin_environment
    question = ("doctor", "--app-id", name, f"--holder=worker={principal}")
    before = installation.as_(admin, *question)

    stranger = Right("Write", "topic", installation.topics.activity)
    grant(cluster.kafka.admin(), [stranger], "User:mallory")
    after = installation.as_(admin, *question)
    unknown = installation.as_(admin, *question, "--holder=analyst=User:soc")

    assert before.returncode == 0, before.stdout.decode()
    assert after.returncode == 1
    assert f"not needed: User:mallory: {stranger}" in after.stdout.decode()
    assert f"User:soc lacks Read on topic {installation.topics.alerts}" in unknown.stdout.decode()


def test_the_lines_for_kafkas_own_tool_say_what_apply_does(installation: Secured) -> None:
    shown = installation.as_admin(
        "acls", "show", "--app-id", installation.name, "--role", "worker",
        "--principal", "User:CN=some one",
    )  # fmt: skip

    wanted = installation.rights("worker")
    assert shown.count("--operation") == len(wanted)
    assert shown.count("kafka-acls.sh") == len({(right.kind, right.name) for right in wanted})
    assert shown.count("--allow-principal 'User:CN=some one'") == shown.count("kafka-acls.sh")
    for right in wanted:
        line = next(x for x in shown.splitlines() if x.endswith(f"--{right.kind} {right.name}"))
        assert f"--operation {right.operation}" in line


def test_a_collector_writes_its_own_topic_and_nobody_reads_more_than_the_role_says(
    installation: Secured,
) -> None:
    cluster = installation.cluster
    collector, writes = cluster.way_in("SCRAM-SHA-512", "collects")
    analyst, reads = cluster.way_in("SCRAM-SHA-512", "analyses")
    installation.allow(collector, *COLLECTORS[1:])
    installation.allow(analyst, "analyst")
    (installation.directory / "events").write_text("")
    empty = str(installation.directory / "events")

    refused = installation.as_(writes, "replay", empty)
    installation.allow(collector, COLLECTORS[0])
    allowed = installation.as_(writes, "replay", empty)
    alerts = installation.as_(reads, "alerts", "--no-follow")
    letters = installation.as_(reads, "dlq", "list")
    who = installation.as_(reads, "identities", "list")

    assert refused.returncode == 2
    assert installation.topics.audit["vcs"] in refused.stderr.decode()
    assert allowed.returncode == 0, allowed.stderr.decode()
    assert alerts.returncode == 0, alerts.stderr.decode()
    assert letters.returncode == who.returncode == 2


def test_dead_letters_are_replayed_with_the_rights_of_that_role(installation: Secured) -> None:
    cluster = installation.cluster
    worker, works = cluster.way_in("SCRAM-SHA-512", "letter-worker")
    replayer, replays = cluster.way_in("SCRAM-SHA-512", "letter-replayer")
    installation.allow(worker, "worker")
    installation.allow(replayer, "dlq-replayer")
    odd: Json = {"source": "okta.system_log", "event": {"eventType": "odd"}}

    with environment(works), installation.start(works) as running:
        send(installation, cluster.kafka.admin_environment, [odd])
        wait_for(lambda: running.total("devspm_dead_letters_total") == 1, "a dead letter")
        listed = installation.as_(replays, "dlq", "list")
        again = installation.as_(replays, "dlq", "replay", "--yes")
        wait_for(lambda: running.total("devspm_dead_letters_total") == 2, "the letter again")
        assert running.terminate() == 0

    assert listed.returncode == 0, listed.stderr.decode()
    assert again.returncode == 0, again.stderr.decode()


# What a worker opens


def listening(pid: int) -> set[str]:
    """Addresses, as the kernel writes them, of TCP sockets on which a process listens."""
    mine = {
        str(entry.readlink()).removeprefix("socket:[").removesuffix("]")
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if entry.is_symlink()
    }
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            if state == "0A" and rest[5] in mine:
                found.add(local.partition(":")[0])
    return found


def test_a_worker_listens_on_loopback_only(
    kafka: Broker, unique_name: Callable[[str], str], tmp_path: Path
) -> None:
    plain = Installation(kafka, unique_name("open"), tmp_path, [])
    plain.create_topics()

    with plain.worker() as worker:
        assert worker._process is not None
        found = listening(worker._process.pid)

    assert found == {"0100007F"}  # 127.0.0.1, lowest byte first
