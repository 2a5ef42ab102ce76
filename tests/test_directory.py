"""Who is who: claims by operators, links by proof, the same whatever comes first."""

import logging
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.identities.directory import Directory
from pipeline.identities.entries import Imported, encode, key_of
from schemas import facts
from schemas.activity import Activity, Actor, ActorKind, Fact, Outcome
from schemas.identity import Identity, IdentityMap
from schemas.link import Link, proven

ADDRESS = "mara@example.com"
OKTA, GITHUB, GITLAB, NUMBER = f"okta:{ADDRESS}", "github:mara-k", "gitlab:mara", "gitlab:1001"
SAML = Link(GITHUB, ADDRESS, 5.0, "github.audit", "e1")
RENAMED = Link(GITLAB, NUMBER, 6.0, "gitlab.webhook", "e2")
MARA = Imported("mara", [OKTA, "npm:marak"], peers="web-team", since=1.0)


def directory(*entries: Imported | Link, file: Iterable[Identity] = ()) -> Directory:
    made = Directory(IdentityMap([{"identity": e.identity, "accounts": e.accounts} for e in file]))
    for entry in entries:
        made.apply(key_of(entry), encode(entry))
    return made


def event(
    account: str,
    *,
    source: str = "github.audit",
    email: str = "",
    kind: ActorKind = ActorKind.UNKNOWN,
    outcome: Outcome = Outcome.SUCCESS,
    told: dict[str, Fact] | None = None,
) -> Activity:
    return Activity(
        uid=1,
        time=5.0,
        received=6.0,
        source=source,
        action="push",
        native="git.push",
        actor=Actor(account, kind=kind, email=email),
        outcome=outcome,
        facts=told or {},
        event_id="e1",
    )


def moves(made: Directory, *accounts: str) -> list[tuple[str, str]]:
    for account in accounts:
        made.resolve(event(account))
    return made.take_moves()


# What is proof


def test_a_saml_name_id_with_an_address_links_the_account() -> None:
    assert list(proven(event(GITHUB, email=ADDRESS))) == [SAML]


@pytest.mark.parametrize("account", [GITLAB, NUMBER])
def test_a_name_and_a_number_of_one_record_are_one_account(account: str) -> None:
    alias = NUMBER if account == GITLAB else GITLAB
    [link] = proven(event(account, source="gitlab.audit", told={facts.ALIAS: alias}))
    assert (link.account, link.to) == (GITLAB, NUMBER)


@pytest.mark.parametrize(
    "claim",
    [
        event(f"git:{ADDRESS}", source="git.log", email=ADDRESS),
        event("npm:marak", source="npm.registry", email=ADDRESS),
        event(f"claude_code:{ADDRESS}", source="claude_code.otel", email=ADDRESS),
        event(GITHUB, source="github.webhook", email=ADDRESS),
        event(GITHUB, email=ADDRESS, outcome=Outcome.FAILURE),
        event(GITHUB, email=ADDRESS, kind=ActorKind.AGENT),
        event(GITHUB, email=ADDRESS, kind=ActorKind.BOT),
        event(GITHUB, email=ADDRESS, told={facts.SUBJECT: "github:jonas"}),
        event(GITHUB, email="1+mara-k@users.noreply.github.com"),
        event(GITHUB),
    ],
    ids=lambda claim: f"{claim.source} {claim.actor.kind} {claim.outcome}",
)
def test_a_claim_is_no_proof(claim: Activity) -> None:
    assert list(proven(claim)) == []


# Who is who


def test_an_account_is_linked_to_who_has_the_providers_account_of_its_address() -> None:
    made = directory(SAML)
    assert made.identity(GITHUB)[0] == made.identity(OKTA)[0] == ADDRESS
    made.apply(key_of(MARA), encode(MARA))
    assert made.identity(GITHUB)[0] == made.identity(OKTA)[0] == "mara"
    assert made.resolve(event(GITHUB)).actor.peers == "web-team"


def test_a_noreply_address_is_its_login_and_shares_its_links() -> None:
    noreply = "git:1001+mara-k@users.noreply.github.com"
    assert directory().identity(noreply)[0] == GITHUB
    assert directory(SAML).identity(noreply)[0] == ADDRESS


def test_an_address_that_is_an_entrys_email_is_that_persons() -> None:
    entry = Imported("mara", ["npm:marak"], email=ADDRESS)
    assert directory(SAML, entry).identity(GITHUB)[0] == "mara"
    bot = Imported("mara-bot", ["npm:marabot"], kind=ActorKind.BOT, email=ADDRESS)
    assert directory(SAML, bot).identity(GITHUB)[0] == ADDRESS


def test_a_claim_holds_for_all_names_of_an_account() -> None:
    entry = Imported("mara", [GITLAB])
    assert directory(entry, RENAMED).identity(NUMBER)[0] == "mara"


def test_an_operators_word_outweighs_a_proof_and_the_file_the_topic() -> None:
    imported = Imported("jonas", [GITHUB])
    assert directory(SAML, MARA, imported).identity(GITHUB)[0] == "jonas"
    file = [Identity("noor", [GITHUB])]
    assert directory(SAML, MARA, imported, file=file).identity(GITHUB)[0] == "noor"
    assert not directory(imported).learn(SAML)


def test_an_agent_keeps_its_own_identity() -> None:
    made = directory(SAML)
    agent = event(GITHUB, kind=ActorKind.AGENT)
    assert made.resolve(agent).actor.identity == GITHUB
    named = Imported("agent", [GITHUB], kind=ActorKind.AGENT)
    assert directory(SAML, named).resolve(agent).actor.identity == "agent"


def test_what_is_removed_is_nobodys() -> None:
    made = directory(MARA, SAML)
    made.apply(b"mara", None)
    assert made.identity("npm:marak")[0] == "npm:marak"
    made.apply(key_of(SAML), None)
    assert made.identity(GITHUB)[0] == GITHUB
    assert made.stats.entries["learned"] == made.stats.entries["imported"] == 0


def test_a_changed_entry_takes_effect_at_once() -> None:
    made = directory(MARA)
    assert made.resolve(event("npm:marak")).actor.identity == "mara"
    moved = Imported("mara", [OKTA], since=1.0)
    made.apply(key_of(moved), encode(moved))
    assert made.resolve(event("npm:marak")).actor.identity == "npm:marak"


# Conflicts


def test_of_two_claims_the_first_stands_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    later = Imported("eve", ["npm:marak"], since=2.0)
    with caplog.at_level(logging.WARNING):
        for order in ((MARA, later), (later, MARA)):
            made = directory(*order)
            for entry in order:
                made.apply(key_of(entry), encode(entry))
            assert made.identity("npm:marak")[0] == "mara"
            assert made.stats.conflicts == {"account": 1}
    assert caplog.text.count("npm:marak: mara and eve") == 2


def test_of_two_proofs_the_first_stands_and_the_other_is_told_once() -> None:
    made = directory()
    other = Link(GITHUB, "eve@example.com", 9.0, "github.audit", "e9")
    again = Link(GITHUB, "eve@example.com", 10.0, "github.audit", "e10")
    assert [made.learn(link) for link in (SAML, SAML, other, again)] == [True, False, False, False]
    assert made.identity(GITHUB)[0] == ADDRESS
    assert made.stats.conflicts == {"link": 1}


def test_unreadable_records_are_counted() -> None:
    made = Directory()
    made.apply(b"mara", b"{")
    made.apply(b"mara", b'{"identity":"eve","accounts":["npm:eve"]}')
    made.apply(b"learned/x", encode(SAML))
    made.apply(b"\xff", b"\xff")
    assert made.stats.conflicts == {"unreadable": 3}
    assert made.stats.entries["imported"] == 0


# What moves


def test_a_link_moves_what_the_account_was_known_by_once() -> None:
    made = directory()
    assert moves(made, GITHUB, OKTA) == []
    made.learn(SAML)
    assert moves(made, GITHUB, OKTA, GITHUB) == [(GITHUB, ADDRESS)]


def test_an_import_moves_all_names_of_its_accounts_and_their_address() -> None:
    made = directory(SAML, RENAMED)
    moves(made, GITHUB, OKTA, NUMBER)
    entry = Imported("mara", [OKTA, GITLAB, "npm:marak"])
    made.apply(key_of(entry), encode(entry))
    assert set(moves(made, GITLAB)) == {
        (name, "mara") for name in (ADDRESS, GITLAB, NUMBER, "npm:marak")
    }
    assert moves(made, OKTA, GITHUB) == [(GITHUB, "mara")]


def test_an_account_that_goes_to_another_person_takes_nobodys_history_along() -> None:
    made = directory(SAML, MARA)
    moves(made, OKTA, GITHUB)
    jonas = Imported("jonas", [GITHUB])
    made.apply(key_of(jonas), encode(jonas))
    assert moves(made, GITHUB) == [(GITHUB, "jonas")]


def test_what_is_known_from_the_start_moves_too() -> None:
    """A worker may have ended between a link and the move."""
    assert moves(directory(SAML), GITHUB) == [(GITHUB, ADDRESS)]
    assert moves(directory(file=[Identity("mara", [GITHUB])]), GITHUB) == [(GITHUB, "mara")]


def test_a_name_that_was_used_again_moves_again() -> None:
    made = directory(SAML)
    assert moves(made, GITHUB) == [(GITHUB, ADDRESS)]
    made.apply(key_of(SAML), None)
    assert moves(made, GITHUB) == []
    made.learn(SAML)
    assert moves(made, GITHUB) == [(GITHUB, ADDRESS)]


# Any order

LOGINS = [f"{system}:{login}" for system in ("gitlab", "github") for login in ("a", "b", "1", "2")]
ADDRESSES = ["a@example.com", "b@example.com"]
PROVIDERS = [f"okta:{address}" for address in ADDRESSES]
times = st.floats(0, 9).map(round).map(float)
links = st.builds(
    Link,
    st.sampled_from(LOGINS),
    st.sampled_from([*ADDRESSES, *LOGINS]),
    times,
    st.just("github.audit"),
    st.sampled_from("xyz"),
).filter(lambda link: link.account != link.to)
imports = st.builds(
    Imported,
    st.sampled_from(["a", "b", "c"]),
    st.lists(st.sampled_from([*LOGINS, *PROVIDERS]), min_size=1, max_size=3, unique=True),
    since=times,
)
entries = st.lists(st.one_of(links, imports), max_size=8, unique_by=key_of)


def who(made: Directory) -> dict[str, str]:
    return {name: made.identity(name)[0] for name in (*LOGINS, *PROVIDERS)}


@settings(deadline=None)
@given(entries, st.randoms(use_true_random=False))
def test_any_order_of_entries_gives_the_same_map(
    known: list[Imported | Link], random: "object"
) -> None:
    shuffled = list(known)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert who(directory(*known)) == who(directory(*shuffled))


@settings(deadline=None, max_examples=300)
@given(st.lists(links, max_size=8), st.randoms(use_true_random=False))
def test_any_order_of_proofs_gives_the_same_map(proofs: list[Link], random: "object") -> None:
    shuffled = list(proofs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    made, again = Directory(), Directory()
    published = [link for link in proofs if made.learn(link)]
    published_again = [link for link in shuffled if again.learn(link)]
    assert who(made) == who(again)
    # Another worker, who knows what these two have told, agrees.
    assert who(directory(*published)) == who(directory(*published_again)) == who(made)


@settings(deadline=None)
@given(entries)
def test_all_names_of_an_account_are_one_identity_unless_claimed(
    known: list[Imported | Link],
) -> None:
    made = directory(*known)
    for account in LOGINS:
        names = made.links.names(account)
        if not any(made.claims.find(name) for name in names) and not any(
            made.links.standing(name, alias=False) for name in names
        ):
            assert all(
                made.identity(one)[0] == made.identity(other)[0] for one, other in pairwise(names)
            )
