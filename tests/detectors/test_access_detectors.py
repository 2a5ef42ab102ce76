"""Prompts, sprays, journeys, dormant accounts: what they say and what they leave alone."""

import random
from collections.abc import Iterable
from itertools import chain
from typing import Any

import pytest
from msgspec.structs import replace

from detectors.base import Detector
from detectors.dormant_account import DormantAccount
from detectors.impossible_travel import ImpossibleTravel
from detectors.keys import keys_of
from detectors.mfa_fatigue import MfaFatigue
from detectors.password_spray import PasswordSpray
from detectors.samples import (
    DAY,
    HOUR,
    INTRUDER,
    LAPTOP,
    MONDAY,
    NEW_LAPTOP,
    abroad,
    act,
    at_home,
    at_work,
    login,
    team_logins,
    working_days,
)
from pipeline.engine import Engine
from schemas import facts
from schemas.action import Action
from schemas.activity import Activity, Fact, Origin, Outcome
from schemas.signal import Signal

NOON = MONDAY + DAY + 12 * HOUR
STRANGER = abroad(INTRUDER)
WEAK = 2.0**-7


def signals(
    detector: Detector[Any, Any], events: Iterable[Activity], advance: float = 0.0
) -> list[Signal]:
    """All signals of a detector over events, in the engine."""
    engine = Engine([detector], {})
    offset = 0
    time = 0.0
    for event in events:
        for key in keys_of(detector.meta.scope, event):
            engine.judge(key.encode(), event, offset)
            offset += 1
        time = event.time
    engine.advance(time + advance)
    assert not engine.stats.errors
    return engine.take_signals()


def last_p(detector: Detector[Any, Any], events: Iterable[Activity]) -> float:
    """p of the last event; 1 when it is no signal."""
    known = list(events)
    found = [s.p for s in signals(detector, known) if s.activity.uid == known[-1].uid]
    return found[0] if found else 1.0


# Prompts for a second factor


def prompt(
    time: float,
    outcome: Outcome,
    reason: str = "",
    factor: str = "push",
    who: str = "mara",
) -> Activity:
    told: dict[str, Fact] = {facts.FACTOR: factor} if factor else {}
    if reason:
        told[facts.REASON] = reason
    return act(Action.MFA_CHALLENGE, time, who=who, origin=at_work(), outcome=outcome, facts=told)


def refusals(count: int, gap: float = 90.0, **more: str) -> list[Activity]:
    return [
        prompt(
            NOON + gap * i,
            Outcome.FAILURE,
            more.get("reason", "denied"),
            more.get("factor", "push"),
        )
        for i in range(count)
    ]


def test_the_longer_prompts_go_on_the_less_usual_it_is() -> None:
    ps = [
        last_p(
            MfaFatigue(),
            [*team_logins(), *refusals(count), prompt(NOON + HOUR, Outcome.SUCCESS)],
        )
        for count in (1, 3, 8, 20)
    ]
    assert ps == sorted(ps, reverse=True)
    assert ps[0] > WEAK > ps[2]


def test_an_approval_after_refusals_says_so_and_how_many() -> None:
    events = [*team_logins(), *refusals(9), prompt(NOON + 900, Outcome.SUCCESS)]
    final = signals(MfaFatigue(), events)[-1]
    assert "did not approve 9 within" in final.title
    assert "then one approved" in final.title


def test_three_records_of_one_refusal_count_once() -> None:
    once = [*team_logins(), *refusals(4)]
    thrice = [*team_logins()]
    for event in refusals(4):
        thrice += [
            replace(event, uid=event.uid + i, time=event.time // 10 * 10 + i) for i in range(3)
        ]
    assert min(s.p for s in signals(MfaFatigue(), thrice)) == pytest.approx(
        min(s.p for s in signals(MfaFatigue(), once))
    )


def test_prompts_sent_and_never_answered_count_although_no_refusal_is_logged() -> None:
    sent = [prompt(NOON + 60 * i, Outcome.UNKNOWN) for i in range(12)]
    assert last_p(MfaFatigue(), [*team_logins(), *sent]) < WEAK


def test_prompts_that_are_approved_one_after_the_other_are_quiet() -> None:
    answered = chain.from_iterable(
        (prompt(NOON + 60 * i, Outcome.UNKNOWN), prompt(NOON + 60 * i + 20, Outcome.SUCCESS))
        for i in range(30)
    )
    assert not signals(MfaFatigue(), chain(team_logins(), answered))


@pytest.mark.parametrize("factor", ["totp", "webauthn", "sms", "password"])
def test_codes_typed_wrongly_are_no_prompts(factor: str) -> None:
    assert not signals(
        MfaFatigue(), [*team_logins(), *refusals(30, 20.0, factor=factor, reason="wrong")]
    )


def test_a_refusal_by_an_unnamed_factor_counts_only_if_the_vendor_says_that_it_was_refused() -> (
    None
):
    assert signals(MfaFatigue(), [*team_logins(), *refusals(12, factor="")])
    assert not signals(MfaFatigue(), [*team_logins(), *refusals(12, factor="", reason="expired")])


def test_who_always_misses_two_prompts_is_known_for_it() -> None:
    def morning(day: float) -> list[Activity]:
        missed = [prompt(day + 8 * HOUR + 60 * i, Outcome.FAILURE, "timeout") for i in range(2)]
        return [login(day + 7 * HOUR, at_work()), *missed, prompt(day + 9 * HOUR, Outcome.SUCCESS)]

    events = [event for day in working_days(10) for event in morning(day)]
    noisy = signals(MfaFatigue(), events)
    assert all(signal.time < MONDAY - 35 * DAY for signal in noisy)


# Sprays


def fail(
    time: float, who: str, origin: Origin = STRANGER, action: Action = Action.LOGIN
) -> Activity:
    return act(action, time, who=who, origin=origin, outcome=Outcome.FAILURE)


def spray(count: int, gap: float = 20.0) -> list[Activity]:
    return [fail(NOON + gap * i, f"target{i}") for i in range(count)]


def test_a_spray_that_nobody_fell_to_is_told_once_about_its_first_target() -> None:
    found = signals(PasswordSpray(), spray(200), advance=DAY)
    assert [signal.identity for signal in found] == ["target0"]
    assert "none got in" in found[0].title


def test_a_slow_spray_is_told_once_it_pauses() -> None:
    found = signals(PasswordSpray(), spray(10, 700.0), advance=DAY)
    assert len(found) == 1
    assert "10 accounts" in found[0].title


def test_whoever_gets_in_after_a_spray_is_whom_it_is_about() -> None:
    found = signals(
        PasswordSpray(), [*spray(30), login(NOON + 700, STRANGER, "victim")], advance=DAY
    )
    assert {signal.identity for signal in found} == {"victim"}
    assert "30 other accounts" in found[0].title


def test_one_account_tried_very_often_is_no_spray() -> None:
    tries = [fail(NOON + 2.0 * i, "colleague1") for i in range(500)]
    assert not signals(PasswordSpray(), tries, advance=DAY)


def test_failed_sign_ons_count_only_over_a_protocol_that_takes_passwords() -> None:
    expired = [fail(NOON + i, f"p{i}", action=Action.SSO) for i in range(40)]
    legacy = [
        act(
            Action.SSO,
            NOON + i,
            who=f"p{i}",
            origin=STRANGER,
            outcome=Outcome.FAILURE,
            facts={facts.PROTOCOL: "imap4"},
        )
        for i in range(40)
    ]
    assert not signals(PasswordSpray(), expired, advance=DAY)
    assert signals(PasswordSpray(), legacy, advance=DAY)


@pytest.mark.parametrize("people", [60, 400])
def test_an_office_behind_one_address_where_many_mistype_is_quiet(people: int) -> None:
    """Everybody logs in each morning within an hour, one in eight at the second try."""
    chance = random.Random(people)  # noqa: S311 - a simulation, repeatable

    def day(midnight: float) -> list[Activity]:
        events = []
        for number in range(people):
            at = midnight + 7 * HOUR + chance.random() * HOUR
            who = f"p{number}"
            if chance.random() < 1 / 8:
                events.append(fail(at - 30.0, who, at_work()))
            events.append(login(at, at_work(), who))
        return sorted(events, key=lambda event: event.time)

    events = [event for midnight in working_days(3) for event in day(midnight)]
    assert all(signal.p > WEAK for signal in signals(PasswordSpray(), events, advance=DAY))


# Journeys


def test_a_stranger_far_away_while_the_person_works_here() -> None:
    found = signals(
        ImpossibleTravel(), [*team_logins(), login(NOON, at_work()), login(NOON + 600, STRANGER)]
    )
    assert "BR 10 minutes after DE" in found[0].title


@pytest.mark.parametrize(
    "origin",
    [
        replace(STRANGER, proxy=True),
        replace(STRANGER, country=""),
        replace(STRANGER, country="DE"),
        abroad(LAPTOP),
    ],
    ids=["proxy", "unknown country", "same country", "same device behind an exit"],
)
def test_what_proves_no_journey_is_not_judged(origin: Origin) -> None:
    events = [*team_logins(), login(NOON, at_work()), login(NOON + 600, origin)]
    assert not signals(ImpossibleTravel(), events)


def test_a_login_through_a_proxy_does_not_move_the_person_there() -> None:
    events = [
        login(NOON, replace(STRANGER, proxy=True)),
        login(NOON + 600, at_work()),
        login(NOON + 1200, replace(STRANGER, proxy=True)),
        login(NOON + 1800, at_work(NEW_LAPTOP)),
    ]
    assert not signals(ImpossibleTravel(), [*team_logins(), *events])


def test_an_exit_abroad_that_colleagues_use_is_less_surprising_than_another_country() -> None:
    telephone = replace(INTRUDER, network="AS64510", country="NL")
    roaming = chain.from_iterable(
        (
            login(midnight + 8 * HOUR + 60 * i, at_work(), f"c{i}"),
            login(midnight + 9 * HOUR + 60 * i, telephone, f"c{i}"),
        )
        for midnight in working_days(4)
        for i in range(6)
    )
    history = sorted([*team_logins(), *roaming], key=lambda event: event.time)
    same = last_p(
        ImpossibleTravel(), [*history, login(NOON, at_work()), login(NOON + 600, telephone)]
    )
    other = last_p(
        ImpossibleTravel(), [*history, login(NOON, at_work()), login(NOON + 600, STRANGER)]
    )
    assert other < same


def test_a_telephone_abroad_that_takes_turns_with_the_laptop_all_day_becomes_known() -> None:
    telephone = replace(INTRUDER, network="AS64510", country="NL")
    events = [
        login(midnight + 8 * HOUR + 600 * i, telephone if i % 2 else at_work())
        for midnight in working_days(8)
        for i in range(40)
    ]
    found = signals(ImpossibleTravel(), events)
    assert all(signal.time < MONDAY - 42 * DAY for signal in found)


# Dormant accounts


SPRING = MONDAY + 200 * DAY + 9 * HOUR


def asleep(*last: Activity) -> list[Activity]:
    others = (
        replace(event, uid=event.uid ^ 1, time=event.time + 190 * DAY)
        for event in team_logins()
        if event.actor.identity != "mara"
    )
    return [*team_logins(), *others, *last]


def test_a_strangers_use_of_a_forgotten_account_is_told_once() -> None:
    logins = [login(SPRING + 600 * i, STRANGER) for i in range(6)]
    found = signals(DormantAccount(), asleep(*logins))
    assert len(found) == 1
    assert "203 days of silence" in found[0].title


def test_a_push_without_an_address_wakes_and_the_login_after_it_tells() -> None:
    push = act(Action.PUSH, SPRING)
    found = signals(DormantAccount(), asleep(push, login(SPRING + HOUR, STRANGER)))
    assert [signal.activity.action for signal in found] == [Action.LOGIN]


def test_three_weeks_of_holiday_are_no_dormancy() -> None:
    back = login(MONDAY + 20 * DAY, STRANGER)
    assert not signals(DormantAccount(), [*team_logins(), back])


@pytest.mark.parametrize(
    "origin", [at_home(), at_home(NEW_LAPTOP), abroad()], ids=["as ever", "new laptop", "moved"]
)
def test_people_who_come_back_with_something_familiar_are_quiet(origin: Origin) -> None:
    assert not signals(DormantAccount(), asleep(login(SPRING, origin)))


def test_where_people_come_back_with_everything_new_it_says_less() -> None:
    def comes_back(who: str, start: float) -> list[Activity]:
        days = [login(start + day * DAY, at_work(), who) for day in range(12)]
        fresh = Origin(network=f"AS{who}", country="DE", client="Edge/1", device=f"{who}-new")
        return [*days, login(start + 90 * DAY, fresh, who)]

    returned = chain.from_iterable(comes_back(f"w{i}", MONDAY + i * 3600.0) for i in range(30))
    history = sorted([*asleep(), *returned], key=lambda event: event.time)
    usual = last_p(DormantAccount(), [*history, login(SPRING, STRANGER)])
    assert usual > last_p(DormantAccount(), asleep(login(SPRING, STRANGER)))
