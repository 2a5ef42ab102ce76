"""One session goes on from another network with another client."""

from collections.abc import Iterable
from itertools import chain

import msgspec
from msgspec.structs import replace

from detectors.base import Context, Detector, Example, Metadata, Scope, Score, Stage, Technique
from detectors.samples import (
    HOUR,
    INTRUDER,
    LAPTOP,
    MONDAY,
    abroad,
    act,
    at_home,
    at_work,
    login,
)
from detectors.toolbox.decay import DAY
from detectors.toolbox.levels import shared_levels
from detectors.toolbox.proportion import Proportion, of_group
from detectors.toolbox.surroundings import tool_of
from schemas.action import Action
from schemas.activity import Activity, Origin
from schemas.signal import Feature, bits

_MOST = 4  # values remembered of one session
_HALF_LIFE = 180 * DAY
# Before any session has been watched: one in ten thousand moves to another network *and* client,
# one in five of these to another country. Worth two thousand watched sessions.
_PRIOR = 1e-4
_PRIOR_ABROAD = 2e-5
_WORTH = 2000.0
_DEVICE_DIGITS = 10

# A push prompt is answered on the telephone, whose address and client the vendor may log under
# the session of the laptop; a commit's origin is not the session's.
_NOT_SEEN = frozenset({Action.MFA_CHALLENGE, Action.SESSION_END, Action.COMMIT, Action.CLOCK_TICK})


class Session(msgspec.Struct, array_like=True):
    """Where one session has been and with what."""

    networks: list[str] = msgspec.field(default_factory=list)
    countries: list[str] = msgspec.field(default_factory=list)
    tools: list[str] = msgspec.field(default_factory=list)
    devices: list[str] = msgspec.field(default_factory=list)
    counted: bool = False  # among the watched sessions
    moved: bool = False


class Sessions(msgspec.Struct, array_like=True):
    """Of a group's sessions, how many moved to another network and client, and how many abroad."""

    moves: Proportion = msgspec.field(default_factory=Proportion)
    abroad: Proportion = msgspec.field(default_factory=Proportion)


class SessionMoved(Detector[Session, Sessions]):
    """The share of the organisation's sessions that do this is the p-value.

    A network that changes while the client stays (mobile telephone, VPN, IPv4 and IPv6 side by
    side) and a client that changes while the network stays are no moves.
    """

    meta = Metadata(
        id="session_moved",
        title="Session continued elsewhere",
        description=(
            "A session goes on from a network it has not used, with a client or device it has not "
            "used: its cookie or token has been copied. Mobile hops, VPNs and dual-stack addresses "
            "with the same client stay quiet."
        ),
        scope=Scope.SESSION,
        actions=frozenset(Action) - _NOT_SEEN,
        technique=Technique.STATISTICAL,
        stage=Stage.ACCESS,
        phrase="in a session that moved",
        judged_per_day=8.0,
        attack=("T1539", "T1550.004", "T1557"),
        severity_floor=4,
        runbook=(
            "End the session, and all others of the account.",
            "Find out how it was copied: a phishing proxy, malware, an uploaded HAR file.",
            "List what the session did after it moved; undo factors, tokens and keys it made.",
        ),
        blind_spots=(
            "A replay that imitates the client, without a device id to tell them apart; a replay "
            "from the same network."
        ),
        version=2,
    )
    State = Session
    Shared = Sessions

    def judge(self, activity: Activity, state: Session, context: Context[Sessions]) -> Score | None:
        """Score an activity of a session that has been seen before."""
        origin = activity.origin
        if not _comparable(origin, state):
            return None
        if not _is_move(origin, state):
            return Score(1.0)
        abroad = _is_abroad(origin, state)
        peers, everybody = context.peers, context.organization
        if abroad:
            p = of_group(peers.abroad, everybody.abroad, _PRIOR_ABROAD, _WORTH)
        else:
            p = of_group(peers.moves, everybody.moves, _PRIOR, _WORTH)
        if p > context.signal_below:
            return Score(p)
        expected = ", ".join(state.networks)
        features = (
            Feature("session", "moved to another network and client", "stays", bits(p)),
            Feature("network", origin.network, expected, 0.0),
            Feature("client", tool_of(origin), ", ".join(state.tools), 0.0),
        )
        where = f" and to {origin.country}" if abroad else ""
        return Score(
            p,
            features,
            title=f"Session continued from another network{where} with another client",
        )

    def learn(self, activity: Activity, state: Session, context: Context[Sessions]) -> None:
        """Remember where the session has been; count it and its move once each."""
        origin = activity.origin
        if _comparable(origin, state):
            move = _is_move(origin, state)
            for shared in shared_levels(context):
                _count(shared, activity, state, move=move)
            state.counted = True
            state.moved = state.moved or move
        _remember(state.networks, origin.network)
        _remember(state.countries, origin.country)
        _remember(state.tools, tool_of(origin))
        _remember(state.devices, origin.device[:_DEVICE_DIGITS])

    @staticmethod
    def examples() -> Iterable[Example]:
        """A copied cookie against hops that happen every day."""
        morning = MONDAY + 8 * HOUR
        first = login(morning, at_work(), session="s1")

        def then(origin: Origin, action: str = Action.SSO) -> Iterable[Activity]:
            return chain([first], [act(action, morning + HOUR, origin=origin, session="s1")])

        phone = Origin(client="Safari/18", system="iOS", device="phone")
        yield Example(
            "a copied session cookie is used abroad with another browser",
            lambda: then(abroad(INTRUDER)),
            fires=True,
        )
        yield Example(
            "a copied session makes a token from another network of the same country",
            lambda: then(replace(abroad(INTRUDER), country="DE"), Action.TOKEN_CREATE),
            fires=True,
        )
        yield Example("from work to home", lambda: then(at_home()), fires=False)
        yield Example(
            "the browser updates itself within a session",
            lambda: then(at_home(replace(LAPTOP, client="Chrome/140"))),
            fires=False,
        )
        yield Example(
            "the same client over IPv6",
            lambda: then(replace(at_work(), ip="2001:db8::7", network="2001:db8::/48")),
            fires=False,
        )
        yield Example(
            "a push prompt answered on the telephone",
            lambda: then(replace(phone, network="AS64499", country="DE"), Action.MFA_CHALLENGE),
            fires=False,
        )
        yield Example(
            "another client on the same network",
            lambda: then(at_work(INTRUDER)),
            fires=False,
        )


def _comparable(origin: Origin, state: Session) -> bool:
    tool = (state.tools and tool_of(origin)) or (state.devices and origin.device)
    return bool(origin.network and state.networks and tool)


def _is_move(origin: Origin, state: Session) -> bool:
    if origin.network in state.networks:
        return False
    device = origin.device[:_DEVICE_DIGITS]
    if device and state.devices:
        return device not in state.devices
    return tool_of(origin) not in state.tools


def _is_abroad(origin: Origin, state: Session) -> bool:
    return bool(origin.country and state.countries and origin.country not in state.countries)


def _remember(values: list[str], value: str) -> None:
    if value and value not in values:
        values.append(value)
        del values[:-_MOST]


def _count(shared: Sessions, activity: Activity, state: Session, *, move: bool) -> None:
    if not state.counted:
        shared.moves.learn(False, activity.time, _HALF_LIFE)
        shared.abroad.learn(False, activity.time, _HALF_LIFE)
    if move and not state.moved:
        shared.moves.hits += 1
        if _is_abroad(activity.origin, state):
            shared.abroad.hits += 1
