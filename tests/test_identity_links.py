"""Links in one process, as `devspm scan` has them; and what an import changes."""

import pytest

from detectors.registry import DETECTORS
from pipeline.identities.entries import Imported
from pipeline.identities.importing import plan
from pipeline.stages.local import LocalPipeline
from schemas.finding import Finding
from schemas.identity import IdentityMap, IdentityMapError
from tests.integration.test_identity_links import NAME, Phished, names, phished
from tests.test_local_pipeline import correlator, parsed


@pytest.fixture(scope="module")
def story() -> Phished:
    return phished()


def scan(story: Phished, accounts: list[str]) -> tuple[LocalPipeline, list[Finding]]:
    entries = [{"identity": NAME, "accounts": accounts}] if accounts else []
    pipeline = LocalPipeline(DETECTORS, IdentityMap(entries), correlator())
    findings: list[Finding] = []
    for record in parsed(story.between(0, 99)):
        activities, rejection = pipeline.normaliser.normalise(record.raw, record.source)
        assert rejection is None
        findings += pipeline.feed(activities)
    return pipeline, [
        f for f in findings if f.identity in names(story.victim) and f.time >= story.began
    ]


def test_a_file_and_a_proof_join_four_accounts_to_one_incident(story: Phished) -> None:
    victim = story.victim
    claimed = [f"okta:{victim.okta}", f"npm:{victim.npm}", f"claude_code:{victim.claude}"]
    pipeline, findings = scan(story, claimed)

    assert {f.identity for f in findings} == {NAME}
    assert len({f.uid for f in findings}) == 1
    assert {*claimed, f"github:{victim.github.lower()}"} == set(findings[-1].accounts)
    assert pipeline.engine.stats.adopted == pipeline.engine.stats.handed_over > 0


def test_without_a_file_proofs_join_what_they_can(story: Phished) -> None:
    pipeline, findings = scan(story, [])

    directory, victim = pipeline.normaliser.directory, story.victim
    owner = {account: directory.identity(account)[0] for account in victim.accounts}
    unproven = ("npm:", "claude_code:", "anthropic:", "mcp:")
    alone = {account: account for account in victim.accounts if account.startswith(unproven)}
    assert owner == dict.fromkeys(victim.accounts, victim.okta) | alone
    assert all(owner[account] == f.identity for f in findings for account in f.accounts)
    assert {link.source for link in pipeline.normaliser.take_learned()} == {"github.audit"}


MARA = Imported("mara", ["okta:mara@example.com", "npm:marak"], since=1.0)


def wanted(*accounts: str, name: str = "mara") -> IdentityMap:
    return IdentityMap([{"identity": name, "accounts": list(accounts)}])


def test_an_import_writes_only_what_changes_and_keeps_who_was_first() -> None:
    same = plan(wanted("OKTA:mara@example.com", "npm:marak"), [MARA], now=9.0)
    more = plan(wanted("npm:marak", "github:mara-k"), [MARA], now=9.0)
    new = plan(wanted("npm:jonas", name="jonas"), [MARA], now=9.0)

    assert (same.new, same.changed, same.unchanged) == ([], [], ["mara"])
    assert [(e.accounts, e.since) for e in more.changed] == [(["npm:marak", "github:mara-k"], 1.0)]
    assert [(e.identity, e.since) for e in new.new] == [("jonas", 9.0)]
    assert new.removed == []


def test_replace_removes_what_is_not_named_and_so_frees_its_accounts() -> None:
    made = plan(wanted("npm:marak", name="m"), [MARA], now=9.0, replace=True)
    assert (made.removed, [entry.identity for entry in made.new]) == (["mara"], ["m"])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (wanted("npm:MARAK", name="eve"), "claimed by 'mara'.*devspm identities remove mara"),
        (wanted("npm:eve", name="npm:marak"), "name of an account of 'mara'"),
        (wanted("npm:eve", name="learned/eve"), "no name begins with"),
    ],
)
def test_an_import_is_refused_with_the_way_out(entry: IdentityMap, problem: str) -> None:
    with pytest.raises(IdentityMapError, match=problem):
        plan(entry, [MARA], now=9.0)
