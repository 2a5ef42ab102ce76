"""Finding: one incident of one identity, as the correlator knows it.

`schemas.ocsf` turns it into the OCSF Detection Finding that stands on the topic `alerts`. The
parts are msgpack arrays too, because an open incident is kept as state; fields are only ever
appended, with a default.
"""

from enum import IntEnum

import msgspec

from schemas.activity import NOWHERE, Position
from schemas.reach import Reach
from schemas.signal import Feature


class FindingActivity(IntEnum):
    """What happened to the finding; values of OCSF `activity_id`."""

    CREATE = 1
    UPDATE = 2
    CLOSE = 3


class Severity(IntEnum):
    """Values of OCSF `severity_id`."""

    INFORMATIONAL = 1
    LOW = 2
    MEDIUM = 3
    HIGH = 4
    CRITICAL = 5


class Evidence(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One signal with the event that caused it, cut to what an analyst needs.

    Attributes:
        signal: uid of the signal.
        detector: id of the detector.
        noticed: event time of the signal; later than `time` where an absence was established.
        bits: what it weighs as evidence.
        time: of the event, seconds since the epoch.
        event: uid of the event.
        event_id: the vendor's own id of the event.
        position: of the raw record.
    """

    signal: int
    detector: str
    noticed: float
    bits: float
    time: float
    event: int
    source: str = ""
    action: str = ""
    native: str = ""
    account: str = ""
    email: str = ""
    kind: str = ""
    ip: str = ""
    network: str = ""
    country: str = ""
    client: str = ""
    device: str = ""
    session: str = ""
    outcome: str = ""
    target_kind: str = ""
    target: str = ""
    repository: str = ""
    package: str = ""
    version: str = ""
    event_id: str = ""
    position: Position = NOWHERE


class Detection(msgspec.Struct, frozen=True):
    """What one detector contributed.

    Attributes:
        id: of the detector.
        name: a few words.
        technique: how it knows, value of OCSF `analytic.type_id`.
        stage: where in an attack's course it belongs.
        attack: MITRE ATT&CK technique ids.
        runbook: steps for the analyst.
        count: signals counted.
        first: event time of the earliest trigger.
        last: event time of the latest trigger.
        time: event time of the heaviest signal; `p` to `features` are of that signal.
        p: calibrated p-value.
        bits: what the heaviest signal weighs as evidence, in bits.
        cold: the detector judged by the peers, for want of own history.
        title: one sentence in plain words.
        features: the reasons, heaviest first.
    """

    id: str
    name: str
    technique: int
    stage: str
    attack: tuple[str, ...]
    runbook: tuple[str, ...]
    count: int
    first: float
    last: float
    time: float
    p: float
    bits: float
    cold: bool
    title: str
    features: list[Feature]


class Finding(msgspec.Struct, frozen=True):
    """An incident at the moment it is reported.

    Attributes:
        uid: the same for all reports of one incident.
        sequence: 1 for the first report, then 2, 3 …
        activity: opened, grown or closed.
        identity: whom it concerns; the Kafka key.
        time: event time of the report, seconds since the epoch.
        opened: event time of the first report.
        first: event time of the earliest event.
        last: event time of the latest event.
        severity: how much effort it deserves.
        confidence: 0 to 100.
        risk_bits: evidence at its peak: of all signals together, or of the heaviest one, whichever
            is further above its threshold.
        threshold_bits: so much of it opens a finding.
        title: one line.
        description: several lines.
        detections: heaviest first.
        evidence: in order of event time, at most 20.
        count: signals counted, also those whose evidence is not kept.
        accounts: of the identity, sorted.
        reason: why it was reported now.
        reach: what the identity has shown that it can do.
    """

    uid: int
    sequence: int
    activity: FindingActivity
    identity: str
    time: float
    opened: float
    first: float
    last: float
    severity: Severity
    confidence: int
    risk_bits: float
    threshold_bits: float
    title: str
    description: str
    detections: list[Detection]
    evidence: list[Evidence]
    count: int
    accounts: list[str]
    reason: str
    reach: Reach = Reach(0)
