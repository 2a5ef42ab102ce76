"""GitHub's audit log as it is streamed.

Field names follow the audit log event reference of GitHub Enterprise Cloud.
"""

from __future__ import annotations

from random import Random
from typing import Any

from pipeline.generator.okta import Session
from pipeline.generator.people import ORGANISATION, Actor, Machine, Person
from pipeline.generator.records import Event, Timed, digest, numeric_id, record, seeded


def audit(
    at: float,
    action: str,
    actor: Actor,
    repo: str,
    rng: Random,
    *,
    address: str,
    country: str,
    agent: str,
    **fields: Any,
) -> Timed:
    """An event of the streamed audit log.

    Args:
        at: when, seconds since the epoch.
        action: for example `git.push`.
        actor: who.
        repo: `owner/name`; for what concerns the organisation as a whole its name alone.
        rng: for identifiers.
        address: the actor's address.
        country: two-letter code of the actor's location.
        agent: the user agent.
        fields: what the action has besides.
    """
    owner = repo.partition("/")[0]
    instant = round(at * 1000)
    made: Event = {
        "@timestamp": instant,
        "_document_id": digest(rng, 16),
        "action": action,
        "actor": actor.github,
        "actor_id": actor.github_id,
        "actor_ip": address,
        "actor_is_bot": actor.github.endswith("[bot]"),
        "actor_location": {"country_code": country},
        "created_at": instant,
        "org": owner,
        "org_id": numeric_id(owner),
        "user_agent": agent,
    }
    if repo != owner:
        made |= {"repo": repo, "repo_id": numeric_id(repo), "public_repo": False}
    return record("github.audit", at, made | fields)


def web(
    at: float, action: str, session: Session, rng: Random, repo: str = ORGANISATION, **fields: Any
) -> Timed:
    """What a person does in the browser, in the repository or in the organisation's settings."""
    return audit(
        at, action, session.person, repo, rng, address=session.address,
        country=session.network.place.code, agent=session.device.user_agent, **fields,
    )  # fmt: skip


def git(
    at: float, verb: str, person: Person, repository: str, rng: Random,
    *, address: str, country: str, agent: str,
) -> Timed:  # fmt: skip
    """`git.clone`, `git.fetch` or `git.push` of a person, over SSH with a key."""
    return audit(
        at, f"git.{verb}", person, repository, rng, address=address, country=country, agent=agent,
        repository=repository, repository_public=False, transport_protocol=2,
        transport_protocol_name="ssh",
    )  # fmt: skip


def git_by_token(
    at: float, verb: str, machine: Machine, repository: str, rng: Random, *, address: str
) -> Timed:
    """A machine's git over HTTPS with a token; the token's hash is the same every time."""
    app = machine.github.endswith("[bot]")
    kind = "GitHub App server-to-server token" if app else "Fine-grained personal access token"
    return audit(
        at, f"git.{verb}", machine, repository, rng, address=address, country="US",
        agent="git/2.51.0", repository=repository, repository_public=False, transport_protocol=1,
        transport_protocol_name="http", programmatic_access_type=kind,
        hashed_token=digest(seeded(machine.github), 32), token_id=machine.github_id * 7,
    )  # fmt: skip
