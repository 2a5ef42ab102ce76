"""GitHub's webhook deliveries of what people talk about: pull requests, reviews, issues, comments.

Field names follow the webhook events and payloads reference.
"""

from __future__ import annotations

from random import Random

from pipeline.generator.github_webhook import account, webhook
from pipeline.generator.people import Actor
from pipeline.generator.records import Event, Timed, hex_id, iso


def pull_request(
    at: float, sender: Actor, author: Actor, repository: str, rng: Random,
    *, action: str, number: int, branch: str, merged: bool = False, title: str = "",
    fork: bool = False,
) -> Timed:  # fmt: skip
    """A pull request opened or closed, within the repository or from the author's fork."""
    owner = repository.partition("/")[0]
    body = {
        "id": number * 1013,
        "number": number,
        "state": "closed" if action == "closed" else "open",
        "title": title or f"Change {number}",
        "user": account(author),
        "head": {
            "ref": branch,
            "sha": hex_id(rng, 40),
            "user": {"login": author.github if fork else owner},
        },
        "base": {"ref": "main", "sha": hex_id(rng, 40), "user": {"login": owner}},
        "merged": merged,
        "author_association": "NONE" if fork else "MEMBER",
        "created_at": iso(at),
        "updated_at": iso(at),
    }
    payload: Event = {"action": action, "number": number, "pull_request": body}
    return webhook(at, "pull_request", sender, repository, rng, payload=payload)


def review(
    at: float, reviewer: Actor, author: Actor, repository: str, rng: Random,
    *, number: int, state: str = "approved", text: str = "Looks good.",
) -> Timed:  # fmt: skip
    """A review of somebody's pull request."""
    payload: Event = {
        "action": "submitted",
        "review": {
            "id": rng.getrandbits(31),
            "user": account(reviewer),
            "body": text,
            "state": state,
            "submitted_at": iso(at),
        },
        "pull_request": {
            "id": number * 1013,
            "number": number,
            "title": f"Change {number}",
            "user": account(author),
            "head": {"ref": f"change-{number}", "sha": hex_id(rng, 40)},
            "base": {"ref": "main", "sha": hex_id(rng, 40)},
        },
    }
    return webhook(at, "pull_request_review", reviewer, repository, rng, payload=payload)


def issue(
    at: float, author: Actor, repository: str, rng: Random, *, number: int, title: str, text: str
) -> Timed:
    """An issue opened."""
    body: Event = {
        "id": rng.getrandbits(31),
        "number": number,
        "title": title,
        "body": text,
        "user": account(author),
        "state": "open",
        "created_at": iso(at),
        "updated_at": iso(at),
    }
    payload: Event = {"action": "opened", "issue": body}
    return webhook(at, "issues", author, repository, rng, payload=payload)


def comment(
    at: float, author: Actor, repository: str, rng: Random, *, number: int, text: str
) -> Timed:
    """A comment on an issue or pull request."""
    payload: Event = {
        "action": "created",
        "issue": {"id": number * 1013, "number": number, "title": f"Issue {number}"},
        "comment": {
            "id": rng.getrandbits(31),
            "user": account(author),
            "body": text,
            "created_at": iso(at),
            "updated_at": iso(at),
        },
    }
    return webhook(at, "issue_comment", author, repository, rng, payload=payload)
