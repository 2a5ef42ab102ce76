"""What an attack finds when it begins: the organisation, its victim, both parties' sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from pipeline.generator import github_audit, github_webhook
from pipeline.generator.npm import Package
from pipeline.generator.okta import Session
from pipeline.generator.people import Actor, Device, Person
from pipeline.generator.places import RELAY, Network
from pipeline.generator.records import Event, Timed


@dataclass(frozen=True, slots=True)
class Scene:
    """The moment before an attack.

    Attributes:
        victim: a member of the organisation, at work on that day.
        colleagues: the others who are there.
        own: the victim's session of the morning, from the usual laptop.
        packages: what the victim maintains.
        offset: minutes east of UTC of the victim's clock.
        at: when it begins, seconds since the epoch.
        rng: for what is drawn.
        subtle: whether the attacker is careful.
    """

    victim: Person
    colleagues: Sequence[Person]
    own: Session
    packages: Sequence[Package]
    offset: int
    at: float
    rng: Random
    subtle: bool

    def few(self, subtle: int, blatant: int) -> int:
        """How many: a careful attacker's number, a careless one's."""
        return subtle if self.subtle else blatant

    def thief(self, *, near: bool = False) -> Session:
        """The attacker's session with the victim's account.

        Args:
            near: in the victim's country, with the victim's browser; the device is another.
        """
        device = Device.issued(self.rng)
        network = RELAY
        if near:
            known = self.own.device
            device = replace(known, token=device.token, fingerprint=device.fingerprint)
            network = replace(RELAY, place=self.victim.place)
        return Session.opened(self.victim, network, device, self.rng)

    def careful(self) -> Session:
        """The victim's own machine for a careful attacker, the attacker's for a careless one."""
        return self.own if self.subtle else self.thief()

    def git(self, at: float, verb: str, session: Session, repository: str) -> Timed:
        """`git.clone` or another of the victim from that session."""
        return github_audit.git(
            at, verb, session.person, repository, self.rng, address=session.address,
            country=session.network.place.code, agent=session.device.git,
        )  # fmt: skip

    def commit(self, at: float, who: Actor, files: Sequence[str] = ()) -> Event:
        """One commit by the clock of the victim."""
        return github_webhook.commit(at, self.offset, who, "Update", self.rng, files=files)

    @property
    def repository(self) -> str:
        """One that the victim works in."""
        return self.victim.repositories[0]


Make = Callable[[Scene], Iterable[Timed]]


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack made for one detector.

    Attributes:
        make: the records, given a scene.
        subtle: what a careful attacker does.
        blatant: what a careless one does.
        needs: `npm`, `claude` or nothing: an account the victim must have.
        identity: whom the findings must concern; empty: the victim.
        days: how long the organisation has been watched before.
        asleep: days for which the victim was away before.
        silences: a source that says nothing from the first record to the last.
    """

    make: Make
    subtle: str
    blatant: str
    needs: str = ""
    identity: str = ""
    days: int = 23
    asleep: int = 0
    silences: str = ""


def elsewhere(place_of: Network, asn: int, name: str) -> Network:
    """A network of another provider in the same place."""
    return replace(RELAY, asn=asn, name=name, place=place_of.place)
