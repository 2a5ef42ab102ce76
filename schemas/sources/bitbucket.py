"""What Bitbucket Data Center and Cloud have in common: who acts."""

from functools import lru_cache

from schemas.activity import Actor, ActorKind


@lru_cache(65_536)
def actor_of(name: str, kind: ActorKind = ActorKind.UNKNOWN, email: str = "") -> Actor:
    """The actor of a login: Data Center's user name, Cloud's address or else its account id."""
    login = name.lower()
    return Actor(f"bitbucket:{login}" if login else "", kind=kind, email=email.lower())
