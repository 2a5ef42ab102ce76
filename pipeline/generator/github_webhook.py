"""GitHub's webhook deliveries: who did what to code, without the links.

Field names follow the webhook events and payloads reference.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from pipeline.generator.people import Actor, Person
from pipeline.generator.records import (
    Event,
    Timed,
    hex_id,
    iso,
    local_iso,
    numeric_id,
    record,
    uuid,
)

NOTHING = "0" * 40
"""The commit id that stands for none, in `before` of what is new and `after` of what is gone."""


def webhook(
    at: float, name: str, sender: Actor, repository: str, rng: Random, *, payload: Event
) -> Timed:
    """A webhook delivery: the payload with its repository and sender, and its headers."""
    owner, _, short = repository.partition("/")
    made: Event = {
        **payload,
        "repository": {
            "id": numeric_id(repository),
            "name": short,
            "full_name": repository,
            "private": False,
            "owner": {"login": owner, "id": numeric_id(owner), "type": "Organization"},
            "default_branch": "main",
            "pushed_at": iso(at),
        },
        "organization": {"login": owner, "id": numeric_id(owner)},
        "sender": account(sender),
    }
    headers = {"x-github-event": name, "x-github-delivery": uuid(rng)}
    return record("github.webhook", at, made, headers)


def account(actor: Actor) -> Event:
    """A user as payloads show it."""
    bot = actor.github.endswith("[bot]")
    return {"login": actor.github, "id": actor.github_id, "type": "Bot" if bot else "User"}


def commit(
    at: float, offset: int, author: Actor, message: str, rng: Random, *, files: Sequence[str] = ()
) -> Event:
    """A commit of a push; `offset` is the author's time zone in minutes east of UTC."""
    address = f"{author.github}@users.noreply.github.com"
    name = author.github
    if isinstance(author, Person):
        address, name = author.okta, author.name
    identity = {"name": name, "email": address, "username": author.github}
    return {
        "id": hex_id(rng, 40),
        "tree_id": hex_id(rng, 40),
        "distinct": True,
        "message": message,
        "timestamp": local_iso(at, offset),
        "author": identity,
        "committer": identity,
        "added": [],
        "removed": [],
        "modified": list(files)
        or [f"src/module{rng.randrange(40)}.js" for _ in range(rng.randint(1, 4))],
    }


def push(
    at: float, pusher: Actor, repository: str, reference: str, rng: Random, *,
    commits: Sequence[Event] = (), forced: bool = False, before: str | None = None,
    after: str | None = None,
) -> Timed:  # fmt: skip
    """The `push` event of a branch or tag."""
    last = commits[-1] if commits else None
    email = pusher.okta if isinstance(pusher, Person) else None
    payload: Event = {
        "ref": reference,
        "before": before or hex_id(rng, 40),
        "after": after or (last["id"] if last else hex_id(rng, 40)),
        "created": before == NOTHING,
        "deleted": after == NOTHING,
        "forced": forced,
        "base_ref": None,
        "commits": list(commits),
        "head_commit": last,
        "pusher": {"name": pusher.github, "email": email},
    }
    return webhook(at, "push", pusher, repository, rng, payload=payload)


def reference_event(
    at: float,
    sender: Actor,
    repository: str,
    rng: Random,
    *,
    name: str,
    kind: str,
    reference: str,
) -> Timed:
    """`create` or `delete` (`name`) of a `tag` or `branch` (`kind`)."""
    payload: Event = {"ref": reference, "ref_type": kind, "pusher_type": "user"}
    if name == "create":
        payload |= {"master_branch": "main", "description": None}
    return webhook(at, name, sender, repository, rng, payload=payload)


def release(at: float, author: Actor, repository: str, tag: str, rng: Random) -> Timed:
    """A release published."""
    payload: Event = {
        "action": "published",
        "release": {
            "id": rng.getrandbits(28),
            "tag_name": tag,
            "target_commitish": "main",
            "name": tag,
            "draft": False,
            "prerelease": False,
            "created_at": iso(at),
            "published_at": iso(at),
            "author": account(author),
        },
    }
    return webhook(at, "release", author, repository, rng, payload=payload)


def workflow_run(
    at: float, actor: Actor, repository: str, rng: Random,
    *, name: str, head: str, branch: str, trigger: str, seconds: float,
) -> list[Timed]:  # fmt: skip
    """A workflow run requested, and completed so many seconds later."""
    run = rng.getrandbits(33)
    made = []
    for moment, action in ((at, "requested"), (at + seconds, "completed")):
        body = {
            "id": run,
            "name": name,
            "path": f".github/workflows/{name.lower()}.yml",
            "head_branch": branch,
            "head_sha": head,
            "event": trigger,
            "status": "completed" if action == "completed" else "queued",
            "conclusion": "success" if action == "completed" else None,
            "run_number": run % 5000,
            "run_attempt": 1,
            "created_at": iso(at),
            "updated_at": iso(moment),
            "actor": account(actor),
            "triggering_actor": account(actor),
        }
        payload: Event = {"action": action, "workflow_run": body}
        made.append(webhook(moment, "workflow_run", actor, repository, rng, payload=payload))
    return made
