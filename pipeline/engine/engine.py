"""The engine: one partition of activities in, signals out, state beside it."""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from zlib import crc32

import msgspec

from detectors.base import MAX_TIMERS, Detector, Scope, Score
from pipeline.engine.calibration import DAY, Calibration
from pipeline.engine.guard import check
from pipeline.engine.handover import (
    ADOPT_KEY,
    HAND_OVER_KEY,
    Adoption,
    joined,
    read_adoption,
    read_hand_over,
)
from pipeline.engine.keystate import KeyState, KeyStateCodec, Timer, TimerKind
from pipeline.engine.runner import Runner
from pipeline.engine.stats import EngineStats
from pipeline.state.partition import Entry, PartitionState
from schemas.activity import Activity, decode
from schemas.reach import reach_of
from schemas.signal import MIN_P, Signal, signal_uid

MAX_WOKEN = 128  # keys a record; after a long silence half of all may be due at once
_IDENTITY = f"{Scope.IDENTITY}:".encode()


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How the engine treats scores and time.

    Attributes:
        hold_seconds: how long a signalled activity waits before it is learned as normal, if no
            other detector has signalled under the same key meanwhile. A day: long enough for an
            analyst or a second detector, short enough for a new laptop.
        confirm_seconds: how long before an activity another detector's signal still confirms it.
        lateness_seconds: an activity older than the clock by more is counted, not judged.
        delay_seconds: the clock runs this far behind the newest activity, so that timers wait
            for events that come a little out of order.
    """

    hold_seconds: float = 86400.0
    confirm_seconds: float = 3600.0
    lateness_seconds: float = 7 * 86400.0
    delay_seconds: float = 60.0


class Engine:
    """Detectors over one partition.

    Per activity and detector: judge, signal if surprising, then learn, unless held out. The
    result depends on nothing but the partition's log and its stored entries.

    Args:
        detectors: all of them; each gets the keys of its scope and its actions only.
        stored: the partition's entries; the caller applies what `flush` returns.
        partition: its number, for the signals' origin.
        settings: see there.
        stats: shared by the partitions of a process.
        on_score: told of every judgement: detector, key, activity, p-value.
    """

    def __init__(
        self,
        detectors: Iterable[Detector[Any, Any]],
        stored: MutableMapping[bytes, bytes],
        *,
        partition: int = 0,
        settings: EngineSettings | None = None,
        stats: EngineStats | None = None,
        on_score: Callable[[str, str, Activity, float], None] | None = None,
    ) -> None:
        self.settings = settings or EngineSettings()
        self.stats = stats or EngineStats()
        self._codec = KeyStateCodec()
        self.state = PartitionState(stored, self._codec)
        self._partition = partition
        self._on_score = on_score
        detectors = tuple(detectors)
        self._calibration = Calibration({d.meta.id: d.meta for d in detectors}, self.state)
        self._runners: dict[str, Runner] = {}
        self._by_scope: dict[tuple[bytes, str], list[Runner]] = {}
        for detector in detectors:
            rate = self._calibration.rates[detector.meta.id]
            runner = Runner(detector, self.state, self.stats, rate)
            self._runners[runner.id] = runner
            for action in detector.meta.actions:
                scope = detector.meta.scope.value.encode()
                self._by_scope.setdefault((scope, str(action)), []).append(runner)
        if len({runner.slot for runner in self._runners.values()}) < len(detectors):
            raise ValueError("two detectors have one state slot: rename one of them")
        self._set_bounds()
        self._signals: list[Signal] = []
        self._adoptions: list[Adoption] = []
        self._offset = -1
        self._index_of = -1  # offset of the last signal
        self._index = 0  # its number among the signals of that offset

    @property
    def position(self) -> int:
        """Last offset that the state contains."""
        return self.state.meta.position

    def process(self, key: bytes, value: bytes, offset: int) -> None:
        """One record of the activity log. Records at or below `position` are skipped."""
        if offset <= self.state.meta.position:
            return
        try:
            if key == HAND_OVER_KEY:
                self._hand_over(*read_hand_over(value), offset)
                return
            if key == ADOPT_KEY:
                self._adopt(read_adoption(value), offset)
                return
            activity = decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self.stats.undecodable += 1
            self.state.passed(offset)
            return
        self.judge(key, activity, offset)

    def judge(self, key: bytes, activity: Activity, offset: int) -> None:
        """As `process`, for an activity that is decoded already."""
        state = self.state
        if offset <= state.meta.position:
            return
        self._offset = offset
        state.passed(offset)
        origin = activity.position
        if origin.offset >= 0 and state.is_rerun(
            f"{origin.topic}/{origin.partition}", origin.offset, origin.index
        ):
            self.stats.reruns += 1
            return
        if state.is_duplicate(activity.uid ^ crc32(key)):
            self.stats.duplicates += 1
            return
        time = activity.time
        if time < state.meta.clock - self.settings.lateness_seconds:
            self.stats.late += 1
            return
        seen = activity.received if 0.0 < activity.received < time else time
        self.advance(seen - self.settings.delay_seconds)
        runners = self._by_scope.get((key[: key.find(b":")], activity.action))
        if not runners:
            return
        self.stats.activities += 1
        entry = state.get(key) or KeyState()
        if key.startswith(_IDENTITY):
            entry.reach |= reach_of(activity)
            if time // DAY > state.touched(key) // DAY:
                self._calibration.totals.identity_days += 1.0
        text = key.decode("utf-8", "replace")
        for runner in runners:
            if not runner.guard.resting:
                self._run(runner, text, entry, activity)
        state.put(key, entry, time)
        self._schedule(key, entry)

    def advance(self, time: float) -> bool:
        """Event time has come this far: do what was waiting for it, so much at a time.

        Returns:
            Whether more may be waiting; the next call goes on with it.
        """
        self.state.advance(time)
        if self._calibration.begin(int(self.state.meta.clock // DAY)):
            self._set_bounds()
        woken = 0
        for key, entry in islice(self.state.due(), MAX_WOKEN):
            self._wake(key, entry)
            woken += 1
        return woken == MAX_WOKEN

    def _set_bounds(self) -> None:
        identity_days = self._calibration.totals.identity_days
        for runner in self._runners.values():
            runner.context.signal_below = runner.rate.signal_below(identity_days)

    def tick(self, time: float, offset: int) -> None:
        """A record that says only that event time went on."""
        if offset > self.state.meta.position:
            self._offset = offset
            self.state.passed(offset)
            self.advance(time)

    def take_signals(self) -> list[Signal]:
        """Signals since the last call, in order."""
        signals, self._signals = self._signals, []
        return signals

    def take_adoptions(self) -> list[Adoption]:
        """Entries that go to other keys, since the last call; to be sent before the flush."""
        adoptions, self._adoptions = self._adoptions, []
        return adoptions

    def flush(self) -> list[Entry]:
        """What changed since the last call; to be written as one unit."""
        for runner in self._runners.values():
            runner.save()
        if self.state.dirty:
            self._calibration.save()
        return self.state.flush()

    # A key that is renamed

    def _hand_over(self, old: bytes, new: bytes, offset: int) -> None:
        self.state.passed(offset)
        entry = self.state.get(old)
        if entry is None or old == new:
            return
        self.stats.handed_over += 1
        data = self._codec.encode(entry)
        self.state.delete(old)
        self._adoptions.append(
            Adoption(old, new, data, self.state.meta.clock, self._partition, offset)
        )

    def _adopt(self, adoption: Adoption, offset: int) -> None:
        arrived = self._codec.decode(adoption.entry)
        self.state.passed(offset)
        if self.state.is_duplicate(adoption.uid):
            self.stats.duplicates += 1
            return
        self.stats.adopted += 1
        key = adoption.new
        old, new = (name.decode("utf-8", "replace") for name in (adoption.old, key))
        entry = joined(self.state.get(key), arrived, old.partition(":")[2], new.partition(":")[2])
        self.state.put(key, entry, max(adoption.time, self.state.meta.clock))
        self._schedule(key, entry)

    # One detector, one activity

    def _run(self, runner: Runner, key: str, entry: KeyState, activity: Activity) -> None:
        detector = runner.detector
        context = runner.context_of(key, activity)
        try:
            own = entry.state(runner.slot, detector)
            score = detector.judge(activity, own, context)
            if score is not None:
                self._judged(runner, key, activity, score)
            detector.observe(activity, own, context)
            if score is not None and score.p <= runner.context.signal_below:
                self._signal(runner, key, entry, activity, score)
                self._hold(runner, entry, activity)
            else:
                runner.learn(own, activity)
            self._take_timers(runner, entry)
            runner.guard.succeeded()
        except Exception as error:  # noqa: BLE001 - a detector may raise anything; isolate it
            context.timers.clear()
            runner.guard.failed(error, key)

    def _judged(self, runner: Runner, key: str, activity: Activity, score: Score) -> None:
        check(score)
        self.stats.judged[runner.id] += 1
        runner.rate.judged += 1.0
        if self._on_score is not None:
            self._on_score(runner.id, key, activity, score.p)

    def _hold(self, runner: Runner, entry: KeyState, activity: Activity) -> None:
        self.stats.held += 1
        at = activity.time + self.settings.hold_seconds
        self._add_timer(entry, Timer(at, runner.id, TimerKind.LEARN, activity))

    def _signal(
        self,
        runner: Runner,
        key: str,
        entry: KeyState,
        activity: Activity,
        score: Score,
        *,
        absent_at: float | None = None,
    ) -> None:
        detector = runner.detector
        time = activity.time if absent_at is None else absent_at
        name = runner.id if absent_at is None else f"{runner.id}/absent"
        self._index = self._index + 1 if self._offset == self._index_of else 0
        self._index_of = self._offset
        self.stats.signals[runner.id] += 1
        identity_days = self._calibration.totals.identity_days
        p = max(score.p, MIN_P)
        rate = runner.rate.chance_rate(p, identity_days)
        entry.alarms[runner.id] = self._calibration.signalled(
            runner.id, entry.alarms.get(runner.id), time, p
        )
        self._signals.append(
            Signal(
                uid=signal_uid(name, key, activity.uid),
                detector=runner.id,
                key=key,
                identity=detector.subject(activity),
                time=time,
                p=p,
                title=score.title or detector.meta.title,
                features=sorted(score.features, key=lambda feature: -feature.bits),
                cold=score.cold,
                activity=activity,
                origin=(self._partition, self._offset, self._index),
                rate=rate,
                identity_days=identity_days,
                reach=entry.reach | reach_of(activity),
            )
        )

    # Timers

    def _take_timers(self, runner: Runner, entry: KeyState) -> None:
        timers = runner.context.timers
        for at, activity in timers:
            self._add_timer(entry, Timer(at, runner.id, TimerKind.JUDGE, activity))
        timers.clear()

    @staticmethod
    def _add_timer(entry: KeyState, timer: Timer) -> None:
        if len(entry.timers) < MAX_TIMERS:
            entry.timers.append(timer)
            entry.timers.sort(key=lambda timer: timer.at)

    def _schedule(self, key: bytes, entry: KeyState) -> None:
        if entry.timers:
            self.state.schedule(key, entry.timers[0].at)

    def _wake(self, key: bytes, entry: KeyState) -> None:
        clock = self.state.meta.clock
        text = key.decode("utf-8", "replace")
        while entry.timers and entry.timers[0].at <= clock:
            timer = entry.timers.pop(0)
            self.stats.timers += 1
            runner = self._runners.get(timer.detector)
            if runner is not None and not runner.guard.resting:
                self._fire(runner, text, entry, timer)
        self.state.put(key, entry, clock)
        self._schedule(key, entry)

    def _fire(self, runner: Runner, key: str, entry: KeyState, timer: Timer) -> None:
        context = runner.context_of(key, timer.activity)
        try:
            own = entry.state(runner.slot, runner.detector)
            if timer.kind is TimerKind.LEARN:
                if self._confirmed(runner, entry, timer.activity):
                    self.stats.discarded += 1
                else:
                    runner.learn(own, timer.activity)
            else:
                score = runner.detector.due(timer.activity, own, context)
                if score is not None:
                    self._judged(runner, key, timer.activity, score)
                    if score.p <= runner.context.signal_below:
                        self._signal(runner, key, entry, timer.activity, score, absent_at=timer.at)
            self._take_timers(runner, entry)
            runner.guard.succeeded()
        except Exception as error:  # noqa: BLE001 - as in _run
            context.timers.clear()
            runner.guard.failed(error, key)

    def _confirmed(self, runner: Runner, entry: KeyState, activity: Activity) -> bool:
        since = activity.time - self.settings.confirm_seconds
        return any(alarm.time >= since for name, alarm in entry.alarms.items() if name != runner.id)
