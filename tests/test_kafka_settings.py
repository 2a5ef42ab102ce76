"""Settings that cannot work are refused in words, before a client says so less clearly."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.settings import KafkaSettings, SettingsError
from tests.integration.secured import INSTALL_OPENSSL, Papers, openssl

Need = Callable[[str, list[str]], None]


def read(**variables: object) -> KafkaSettings:
    names = {f"DEVSPM_KAFKA_{name}": str(value) for name, value in variables.items()}
    return KafkaSettings.from_environment("kafka.example.com:9093", names)


@pytest.fixture(scope="module")
def papers(need: Need, tmp_path_factory: pytest.TempPathFactory) -> Papers:
    need("certificates", [] if shutil.which("openssl") else [INSTALL_OPENSSL])
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"SECURITY_PROTOCOL": "TLS"}, "SECURITY_PROTOCOL is 'TLS'; use one of"),
        ({"SASL_MECHANISM": "GSSAPI"}, "SASL_MECHANISM is 'GSSAPI'; use one of"),
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "needs DEVSPM_KAFKA_USERNAME"),
        ({"SECURITY_PROTOCOL": "SASL_SSL", "USERNAME": "x"}, "DEVSPM_KAFKA_PASSWORD_FILE"),
        ({"PASSWORD_FILE": "/nowhere"}, "PASSWORD_FILE: cannot read /nowhere: No such file"),
        ({"SECURITY_PROTOCOL": "SSL", "CA_FILE": "/nowhere"}, "CA_FILE: cannot use /nowhere"),
        ({"SECURITY_PROTOCOL": "SSL", "KEY_FILE": "x"}, "KEY_FILE needs DEVSPM_KAFKA_CERT_FILE"),
    ],
)
def test_what_makes_no_sense_names_the_variable(variables: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**variables)

    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_certificate_and_a_key_that_do_not_belong_together(papers: Papers) -> None:
    certificate, _ = papers.issue("one")
    _, key = papers.issue("two")

    with pytest.raises(SettingsError, match=r"CERT_FILE .* key values mismatch"):
        read(SECURITY_PROTOCOL="SSL", CA_FILE=papers.ca, CERT_FILE=certificate, KEY_FILE=key)


def test_an_encrypted_key_is_refused_and_nobody_is_asked_for_its_password(papers: Papers) -> None:
    certificate, key = papers.issue("locked")
    locked = papers.directory / "locked.pem"
    openssl("pkey", "-in", str(key), "-aes256", "-passout", "pass:example", "-out", str(locked))

    with pytest.raises(SettingsError, match="not encrypted"):
        read(SECURITY_PROTOCOL="SSL", CA_FILE=papers.ca, CERT_FILE=certificate, KEY_FILE=locked)


def test_a_file_that_is_no_certificate(papers: Papers, tmp_path: Path) -> None:
    _, key = papers.issue("three")
    text = tmp_path / "text"
    text.write_text("no certificate")

    for wrong in (text, key):
        with pytest.raises(SettingsError, match="CA_FILE: cannot use"):
            read(SECURITY_PROTOCOL="SSL", CA_FILE=wrong)


def test_the_file_wins_over_the_variable_and_neither_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    given = {"PASSWORD": "from the variable", "PASSWORD_FILE": file}

    found = read(SECURITY_PROTOCOL="SASL_SSL", USERNAME="x", **given)

    assert found.confluent()["sasl.password"] == "from the file"
    assert "from the" not in repr(found)
