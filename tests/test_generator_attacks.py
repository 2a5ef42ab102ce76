"""Attacks made for one detector each."""

from datetime import datetime
from itertools import pairwise

import pytest
from click.testing import CliRunner

from detectors.registry import DETECTORS
from pipeline.backtest.catalogue import GENERATED, SCENARIOS, SLOW
from pipeline.cli import main
from pipeline.generator.attacks import ATTACKS, staged
from pipeline.generator.incidents import Staged
from pipeline.records import Record, parse_line, to_line
from schemas.activity import NOWHERE
from schemas.sources import source_named


@pytest.fixture(scope="module", params=[(name, kind) for name in ATTACKS for kind in (True, False)])
def attack(request: pytest.FixtureRequest) -> Staged:
    name, subtle = request.param
    return staged(name, subtle=subtle)


def test_every_detector_that_ships_has_a_subtle_and_a_blatant_attack() -> None:
    assert set(ATTACKS) == {detector.meta.id for detector in DETECTORS}
    assert set(GENERATED) == {
        f"detector:{name}:{kind}" for name in ATTACKS for kind in ("subtle", "blatant")
    }
    assert set(GENERATED) < set(SCENARIOS)
    assert set(SCENARIOS) > SLOW


def test_records_are_labelled_generated_and_in_the_order_of_their_times(attack: Staged) -> None:
    assert attack.incident
    for (earlier, _), (later, _) in pairwise(attack.incident):
        assert earlier <= later
    for at, record in attack.incident:
        assert datetime.fromisoformat(record["time"]).timestamp() == pytest.approx(at, abs=0.001)
        assert record["generated"] is True
        assert record["label"] == {
            "incident": attack.name, "basis": "generated", "time_basis": "generated",
        }  # fmt: skip
    organisation = attack.organisation
    assert organisation.begin < attack.began <= attack.damage < organisation.end
    assert attack.began < attack.noticed


def test_parsers_take_every_record_and_the_label_points_at_somebody_who_acts(
    attack: Staged,
) -> None:
    owners = {
        account: entry["identity"] for entry in attack.identities() for account in entry["accounts"]
    }
    acting = set()
    for _, record in attack.incident:
        line = parse_line(to_line(record), "", NOWHERE)
        assert isinstance(line, Record)
        for activity in source_named(line.source).parse(line.raw):
            acting.add(owners.get(activity.actor.account, activity.actor.account))
    if not attack.identity.startswith(("source:", "organization:")):
        assert attack.identity in acting


def test_the_subtle_attack_does_less_than_the_blatant() -> None:
    less = sum(
        len(staged(name, subtle=True).incident) < len(staged(name, subtle=False).incident)
        for name in ATTACKS
    )
    assert less > 0.7 * len(ATTACKS)


def test_the_same_attack_again() -> None:
    one, other = (staged("mfa_fatigue", subtle=False) for _ in range(2))
    assert list(one.incident) == list(other.incident)
    assert one.organisation.seed == other.organisation.seed


def test_a_sleeping_account_sleeps_and_a_silent_source_is_silent() -> None:
    asleep = staged("dormant_account", subtle=True)
    victim = next(entry for entry in asleep.identities() if entry["identity"] == asleep.identity)[
        "accounts"
    ]
    logins = [
        datetime.fromisoformat(record["time"]).timestamp()
        for record in asleep.events()
        if record["source"] == "okta.system_log"
        and f"okta:{record['event']['actor']['alternateId']}" in victim
    ]
    before = [at for at in logins if at < asleep.began]
    assert asleep.began - max(before) > 45 * 86400
    silent = staged("source_silent", subtle=False)
    meanwhile = {
        record["source"]
        for record in silent.events()
        if silent.began + 2 < datetime.fromisoformat(record["time"]).timestamp() < silent.damage - 1
    }
    assert "github.audit" not in meanwhile
    assert "github.webhook" in meanwhile


def test_the_command_names_them() -> None:
    named = CliRunner().invoke(main, ["backtest", "--list"]).output.split()
    assert {"detector:mass_read:subtle", "benign-year", "benign-drift"} <= set(named)
