"""One webhook delivery of a code host: what all its activities share."""

import msgspec
from msgspec.structs import replace

from schemas import facts as f
from schemas.activity import NO_ORIGIN, Activity, Actor, Fact, Outcome, Target, TargetKind, digest
from schemas.sources.base import Raw


class Delivery(msgspec.Struct, kw_only=True, gc=False):
    """A decoded delivery.

    Attributes:
        source: name of the parser.
        raw: as it came.
        native: `<event>.<what happened>`, or the event alone.
        uid: the vendor's id of the delivery, the same when it comes again; else the content's
            digest.
        time: when it happened, seconds since the epoch.
        actor: who did it.
        repository: `<host>/<full path>`, or "".
        organization: owner, lower case, or "".
        alias: another account of the actor, where the payload tells it.
    """

    source: str
    raw: Raw
    native: str
    uid: str
    time: float
    actor: Actor
    repository: str
    organization: str
    alias: str = ""

    def activity(
        self,
        action: str,
        target: Target | None,
        facts: dict[str, Fact],
        *,
        index: int = 0,
        uid: int | None = None,
        outcome: Outcome = Outcome.SUCCESS,
        actor: Actor | None = None,
    ) -> Activity:
        """One activity of the delivery.

        Args:
            action: what was done.
            target: to what.
            facts: of the change.
            index: its place in the delivery.
            uid: the event's own id, where another delivery may tell of the same event.
            outcome: did it work.
            actor: who, if more is known than the delivery says.
        """
        if self.alias:
            facts[f.ALIAS] = self.alias
        position = self.raw.position
        return Activity(
            digest(self.source, self.uid, str(index)) if uid is None else uid,
            self.time,
            self.raw.received,
            self.source,
            action,
            self.native,
            actor or self.actor,
            target,
            NO_ORIGIN,
            "",
            outcome,
            facts,
            self.uid,
            replace(position, index=index) if index else position,
        )

    def target(self, kind: TargetKind, name: str, version: str = "") -> Target:
        """A target in the delivery's repository."""
        return Target(kind, name, self.repository, "", version, self.organization)
