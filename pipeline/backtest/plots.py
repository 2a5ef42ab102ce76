"""Plots of backtests as SVG text. Needs matplotlib, the extra `report`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure

from pipeline.backtest.run import DAY, Result
from pipeline.backtest.scenario import Label
from pipeline.backtest.trace import Trace
from schemas.signal import bits

INK, FAINT, ALARM, CALM = "#1f2933", "#9aa5b1", "#c81e1e", "#1d4ed8"
STEPS = 40  # bits; p-values have no more
LEAST = 10  # judgements that a bit must have to be drawn


def _moment(time: float) -> float:
    return float(date2num(datetime.fromtimestamp(time, UTC)))  # type: ignore[no-untyped-call]


def _figure(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9.0, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawing = text.getvalue()
    return drawing[drawing.index("<svg") :]


def _dated(axes: Axes) -> None:
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)


def timeline(label: Label, result: Result, trace: Trace) -> str:
    """Every signal by its evidence, the threshold, and the attack if there is one."""
    figure, axes = _figure(3.2)
    theirs = [m for m in trace.signals if m.identity == label.identity and m.time >= label.began]
    others = [m for m in trace.signals if m not in theirs]
    for marks, colour, name in (
        (others, FAINT, "signals of everybody"),
        (theirs, ALARM, f"of {label.identity} from the attack on"),
    ):
        if marks:
            axes.scatter(
                [_moment(m.time) for m in marks],
                [m.weight for m in marks],
                s=14,
                color=colour,
                label=name,
                zorder=3,
            )
    if trace.thresholds:
        axes.step(
            [_moment(time) for time, _ in trace.thresholds],
            [level for _, level in trace.thresholds],
            where="post",
            color=CALM,
            label="opens an incident",
        )
    if label.identity:
        axes.axvline(_moment(label.began), color=INK, lw=0.8, ls=":", label="attack begins")
        if result.first_alert is not None:
            axes.axvline(_moment(result.first_alert), color=ALARM, lw=0.8, label="first alert")
    axes.set_ylabel("evidence, bits")
    _dated(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7, loc="upper left", ncols=5, frameon=False, bbox_to_anchor=(0, 1.16))
    return _svg(figure)


def budget(trace: Trace, alerts: Sequence[float], per_thousand: float) -> str:
    """False incidents so far beside those that the budget allows."""
    figure, axes = _figure(2.6)
    days = sorted(trace.active)
    allowed, spent, asked = 0.0, [], []
    for day in days:
        allowed += per_thousand / 1000 * len(trace.active[day])
        asked.append(allowed)
        spent.append(sum(time < (day + 1) * DAY for time in alerts))
    when = [_moment(day * DAY) for day in days]
    axes.plot(when, asked, color=FAINT, label="asked")
    axes.step(when, spent, where="post", color=CALM, label="spent")
    axes.set_ylabel("false incidents")
    _dated(axes)
    axes.legend(fontsize=7, frameon=False)
    return _svg(figure)


def calibration(traces: Sequence[Trace]) -> str:
    """Of each detector, how often p is at most 2^-b beside how often it should be."""
    figure, axes = _figure(4.2)
    detectors = sorted({name for trace in traces for name in trace.scores})
    for detector in detectors:
        counts = [sum(trace.scores[detector][b] for trace in traces) for b in range(STEPS)]
        total = sum(counts)
        tail = [sum(counts[b:]) for b in range(STEPS)]
        shown = [b for b in range(STEPS) if tail[b] >= LEAST]
        if len(shown) > 1:
            axes.plot(shown, [bits(tail[b] / total) for b in shown], lw=0.9, label=detector)
    top = max(axes.get_xlim()[1], 1.0)
    axes.plot([0, top], [0, top], color=INK, lw=1.2, ls="--", label="uniform")
    axes.set_xlabel("p at most 2^-b: b")
    axes.set_ylabel("seen as often as 2^-b: b")
    axes.legend(fontsize=6, ncols=2, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure)
