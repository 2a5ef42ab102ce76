"""Rights, guards and audit streams: who uses power, of which kind, and after what."""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from detectors.audit_stopped import AuditStopped
from detectors.base import Detector
from detectors.keys import keys_of
from detectors.new_factor_privilege import NewFactorPrivilege
from detectors.privilege_grant import PrivilegeGrant
from detectors.protection_off import ProtectionOff
from detectors.samples import DAY, HOUR, MONDAY, act, at_work, factor, login, token, working_days
from detectors.toolbox.uses import SharedUses, UseModel, Uses
from pipeline.engine import Engine
from schemas.action import Action
from schemas.activity import Activity, Fact, Target, TargetKind
from schemas.signal import Signal

NOON = MONDAY + DAY + 12 * HOUR
KINDS = ("team.add_member", "repo.add_member", "repo.update_member", "org.invite_member")


def signals(detector: Detector[Any, Any], events: Iterable[Activity]) -> list[Signal]:
    """All signals of a detector over events, in the engine."""
    engine = Engine([detector], {})
    offset = 0
    for event in sorted(events, key=lambda event: event.time):
        for key in keys_of(detector.meta.scope, event):
            engine.judge(key.encode(), event, offset)
            offset += 1
    assert not engine.stats.errors
    return engine.take_signals()


def last_p(detector: Detector[Any, Any], events: Iterable[Activity], last: Activity) -> float:
    """p of the last event; 1 when it is no signal."""
    found = [s.p for s in signals(detector, [*events, last]) if s.activity.uid == last.uid]
    return found[0] if found else 1.0


def change(action: str, time: float, who: str = "mara", native: str = "", **told: Fact) -> Activity:
    event = act(
        action,
        time,
        who=who,
        origin=at_work(),
        target=Target(TargetKind.ACCOUNT, "someone@example.com", organization="example"),
        facts=dict(told),
    )
    return replace(event, native=native or action, uid=event.uid ^ len(native))


def organisation(weeks: int = 12, people: int = 40) -> list[Activity]:
    """Everybody logs in every day; eight of forty give rights of four kinds every week."""
    events = []
    for index, midnight in enumerate(working_days(weeks)):
        events += [login(midnight + 8 * HOUR + i, at_work(), f"p{i}") for i in range(people)]
        events.append(login(midnight + 8 * HOUR, at_work()))
        if index % 5 == 0:
            for i in range(8 * len(KINDS)):
                kind, who = KINDS[i % len(KINDS)], f"p{i // len(KINDS)}"
                events.append(change(Action.MEMBER_ADD, midnight + 9 * HOUR + i, who, kind))
                events.append(
                    change(
                        Action.PROTECTION_CHANGE, midnight + 10 * HOUR + i, who, kind, weakened=True
                    )
                )
    return events


def test_rights_given_by_a_developer_weigh_more_when_nobody_here_gives_such() -> None:
    usual = last_p(
        PrivilegeGrant(), organisation(), change(Action.MEMBER_ADD, NOON, native=KINDS[0])
    )
    unheard = last_p(
        PrivilegeGrant(),
        organisation(),
        change(Action.PRIVILEGE_GRANT, NOON, native="org.update_member", scopes=["admin"]),
    )
    assert unheard < 2**-7
    assert unheard < usual


def test_who_gives_rights_weekly_is_quiet_and_so_is_a_directory_that_does_it_daily() -> None:
    grant = change(Action.MEMBER_ADD, NOON, "p0", KINDS[0])
    assert last_p(PrivilegeGrant(), organisation(), grant) == 1.0
    directory = [
        change(Action.MEMBER_ADD, day + 9 * HOUR, "scim", KINDS[0]) for day in working_days(12)
    ]
    daily = change(Action.MEMBER_ADD, NOON, "scim", KINDS[0])
    assert last_p(PrivilegeGrant(), [*organisation(), *directory], daily) == 1.0


def test_a_signal_says_who_got_the_rights() -> None:
    grant = change(Action.PACKAGE_OWNER, NOON, native="owner", added=True, subject="npm:stranger")
    (found,) = signals(PrivilegeGrant(), [*organisation(), grant])
    assert "to npm:stranger" in found.title
    to_itself = change(Action.PRIVILEGE_GRANT, NOON, native="role", subject="okta:mara@example.com")
    (found,) = signals(PrivilegeGrant(), [*organisation(), to_itself])
    assert "to itself" in found.title


@pytest.mark.parametrize(
    "event",
    [
        change(Action.PACKAGE_OWNER, NOON, native="owner", added=False),
        change(Action.MEMBER_ADD, NOON, native="accept", subject="okta:mara@example.com"),
    ],
    ids=["an owner removed", "an own invitation accepted"],
)
def test_what_gives_nobody_else_anything_is_not_judged(event: Activity) -> None:
    assert not signals(PrivilegeGrant(), [*organisation(), event])


def test_a_weakened_guard_weighs_by_who_and_which() -> None:
    guard = "secret_scanning_push_protection.disable"
    stranger = last_p(
        ProtectionOff(),
        organisation(),
        change(Action.PROTECTION_CHANGE, NOON, native=guard, weakened=True),
    )
    admin = last_p(
        ProtectionOff(),
        organisation(),
        change(Action.PROTECTION_CHANGE, NOON, "p0", KINDS[0], weakened=True),
    )
    assert stranger < 2**-7
    assert admin == 1.0


@pytest.mark.parametrize("told", [{}, {"weakened": False}], ids=["unknown", "tightened"])
def test_only_what_the_vendor_calls_weaker_is_judged(told: dict[str, Fact]) -> None:
    event = change(Action.POLICY_CHANGE, NOON, "mara", "policy", **told)
    assert not signals(ProtectionOff(), [*organisation(), event])


def test_an_audit_stream_stopped_for_the_first_time_is_shown_until_it_is_a_habit() -> None:
    days = list(working_days(12))
    stops = [change(Action.AUDIT_CHANGE, day + 9 * HOUR, weakened=True) for day in days]
    found = signals(AuditStopped(), [*organisation(), *stops])
    assert found[0].time == days[0] + 9 * HOUR
    assert found[0].p <= 2**-8
    assert all(signal.time < days[5] for signal in found)


def test_rights_used_after_a_new_factor_and_not_two_days_later() -> None:
    grant = change(Action.PRIVILEGE_GRANT, NOON)
    soon = last_p(NewFactorPrivilege(), [*organisation(), factor(NOON - HOUR, at_work())], grant)
    late = last_p(NewFactorPrivilege(), [*organisation(), factor(NOON - 2 * DAY, at_work())], grant)
    assert soon < 2**-7
    assert late == 1.0


def test_resetting_the_factors_of_others_is_no_new_factor_of_ones_own() -> None:
    reset = factor(NOON - HOUR, at_work(), subject="colleague1")
    grant = change(Action.PRIVILEGE_GRANT, NOON)
    assert last_p(NewFactorPrivilege(), [*organisation(), reset], grant) == 1.0


def test_where_new_telephones_bring_new_tokens_one_more_is_no_news() -> None:
    setups = [
        event
        for i, midnight in enumerate(working_days(6))
        for event in (
            factor(midnight + 9 * HOUR, at_work(), f"p{i}"),
            token(midnight + 10 * HOUR, at_work(), f"p{i}"),
        )
    ]
    mine = [factor(NOON - HOUR, at_work())]
    made = token(NOON, at_work())
    seldom = last_p(NewFactorPrivilege(), [*organisation(), *mine], made)
    usual = last_p(NewFactorPrivilege(), [*organisation(), *setups, *mine], made)
    assert seldom < 2**-7 < usual


@pytest.mark.parametrize(
    ("alpha", "beta"), [(0.02, 2.0), (0.05, 2.0), (5.0, 1000.0)], ids=["few", "some", "all alike"]
)
def test_acts_of_power_are_no_oftener_surprising_than_they_say(alpha: float, beta: float) -> None:
    """Per four active days p <= x at most about x often, whoever does it and however unequally."""
    chance = random.Random(1)  # noqa: S311 - a simulation, repeatable
    model, organization = UseModel(), SharedUses()
    peers = [SharedUses() for _ in range(5)]
    people = [
        (
            Uses(),
            peers[i % 5],
            chance.betavariate(alpha, beta),
            [int(chance.paretovariate(0.8)) % 12 for _ in range(3)],
        )
        for i in range(150)
    ]
    days, ps = 0, []
    for day in range(250):
        time = MONDAY + day * DAY
        for own, group, rate, favourites in people:
            groups = (group, organization)
            model.learn("", time, own, groups)
            days += day > 60
            if chance.random() >= rate:
                continue
            for _ in range(1 + int(chance.expovariate(1.0))):
                kind = f"kind {chance.choice(favourites)}"
                if day > 60:
                    ps.append(model.judge(kind, time, own, groups).p)
                model.observe(time, own)
                model.learn(kind, time, own, groups)
    for bits in (4, 6, 8):
        expected = days / model.horizon * 2.0**-bits
        assert sum(p <= 2.0**-bits for p in ps) <= 1.2 * expected + 3 * expected**0.5
