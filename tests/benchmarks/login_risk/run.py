"""ROC-AUC of login risk: `login_novelty`, with and without `impossible_travel`, and Freeman et al.

    python -m tests.benchmarks.login_risk.run

All see the same generated logins in order of time, judge each before they learn it, and learn
those of the owners only. The last line is JSON. The weights of Freeman's levels are those that do
best on another seed, so the baseline is not made worse than it is.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from statistics import mean
from typing import Any

from msgspec.structs import replace
from scipy.stats import rankdata

from detectors.base import Context, Detector
from detectors.impossible_travel import ImpossibleTravel
from detectors.login_novelty import LoginNovelty
from pipeline.generator.logins import ATTACKS, Login, logins
from schemas.activity import Activity
from schemas.signal import bits
from tests.benchmarks.login_risk.freeman import Freeman

TUNED_ON = 1
SEEDS = (11, 12, 13)
LEVEL_WEIGHTS = (
    (0.25, 0.25, 0.25, 0.25),
    (0.3, 0.4, 0.29, 0.01),
    (0.6, 0.3, 0.09, 0.01),
    (0.9, 0.09, 0.009, 0.001),
    (0.98, 0.015, 0.004, 0.001),
    (0.998, 0.0015, 0.0004, 0.0001),
    (0.99, 0.0, 0.0, 0.01),
)
GRID = tuple(product(LEVEL_WEIGHTS, repeat=2))
ALL = "all"


class Alone:
    """A detector without the engine: scores are surprise in bits."""

    def __init__(self, detector: Detector[Any, Any]) -> None:
        self._detector = detector
        self._own: defaultdict[str, Any] = defaultdict(detector.State)
        self._groups: defaultdict[str, Any] = defaultdict(detector.Shared)

    def score(self, activity: Activity) -> float:
        """Surprise of a login; 0 where the detector has nothing to say."""
        own, context = self._of(activity)
        score = self._detector.judge(activity, own, context)
        return bits(score.p) if score is not None else 0.0

    def learn(self, activity: Activity) -> None:
        """The owner's login."""
        own, context = self._of(activity)
        self._detector.observe(activity, own, context)
        self._detector.learn(activity, own, context)

    def _of(self, activity: Activity) -> tuple[Any, Context[Any]]:
        actor = activity.actor
        groups = self._groups
        context = Context(f"identity:{actor.identity}", groups[actor.peers], groups[""], 0.0)
        return self._own[actor.identity], context


def auc(attacks: list[float], owners: list[float]) -> float:
    """Chance that an attack scores higher than an owner's login, ties by half."""
    ranks = rankdata([*attacks, *owners])[: len(attacks)]
    return float((ranks.sum() / len(attacks) - (len(attacks) + 1) / 2) / len(owners))


def caught(attacks: list[float], owners: list[float], share: float = 0.001) -> float:
    """Share of attacks above all but that share of the owners' logins."""
    bound = sorted(owners)[-max(1, round(share * len(owners)))]
    return sum(score > bound for score in attacks) / len(attacks)


def scored(models: dict[str, Any], made: Iterable[Login]) -> dict[str, dict[str, list[float]]]:
    """Scores by model and attack; of the owners from the first attack on."""
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in models}
    begun = False
    for login in made:
        begun = begun or bool(login.attack)
        for name, model in models.items():
            if begun:
                found[name][login.attack].append(model.score(login.activity))
            if not login.attack:
                model.learn(login.activity)
    return found


def combined(scores: dict[str, dict[str, list[float]]], *names: str) -> dict[str, list[float]]:
    """The larger score of several models."""
    kinds = scores[names[0]]
    return {
        kind: [max(x) for x in zip(*(scores[n][kind] for n in names), strict=True)]
        for kind in kinds
    }


def table(scores: dict[str, dict[str, list[float]]]) -> dict[str, dict[str, tuple[float, float]]]:
    """AUC and share caught by model and attack."""
    result = {}
    for name, by_attack in scores.items():
        owners = by_attack[""]
        every = [score for attack in ATTACKS for score in by_attack[attack]]
        kinds = {**{attack: by_attack[attack] for attack in ATTACKS}, ALL: every}
        result[name] = {k: (auc(v, owners), caught(v, owners)) for k, v in kinds.items()}
    return result


def attacked(seed: int) -> Iterator[Login]:
    """200 people over 120 days, from day 60 on five victims a day and kind of attack."""
    return logins(seed, 200, 120, attacks_from=60, attacks_a_day=5)


def tuned() -> tuple[tuple[float, ...], ...]:
    """Freeman's weights that do best on the other seed."""
    models = {str(weights): Freeman(weights) for weights in GRID}
    done = table(scored(models, attacked(TUNED_ON)))
    return max(GRID, key=lambda weights: done[str(weights)][ALL][0])


def blind(made: Iterable[Login]) -> Iterable[Login]:
    """Without ids of devices, which Freeman's model does not know and many vendors do not give."""
    for login in made:
        origin = replace(login.activity.origin, device="")
        yield Login(replace(login.activity, origin=origin), login.attack)


def main() -> None:
    """Print the table, then JSON."""
    weights = tuned()
    runs = []
    for seed in SEEDS:
        scores = scored(
            {
                "Freeman et al.": Freeman(weights),
                "login_novelty": Alone(LoginNovelty()),
                "impossible_travel": Alone(ImpossibleTravel()),
            },
            attacked(seed),
        )
        without = scored({"login_novelty": Alone(LoginNovelty())}, blind(attacked(seed)))
        scores["larger of both"] = combined(scores, "login_novelty", "impossible_travel")
        scores["login_novelty, no device ids"] = without["login_novelty"]
        runs.append(table(scores))
    kinds = (*ATTACKS, ALL)
    print(f"seeds {SEEDS}; Freeman's weights (place, tool): {weights}")
    print("ROC-AUC, and share of attacks above all but 1 in 1,000 of the owners' logins")
    print(f"{'':<30}" + "".join(f"{kind:>18}" for kind in kinds))
    summary: dict[str, dict[str, dict[str, float]]] = {}
    for name in runs[0]:
        cells = {k: [mean(run[name][k][i] for run in runs) for i in (0, 1)] for k in kinds}
        print(f"{name:<30}" + "".join(f"{a:>11.4f} {100 * c:>5.1f}%" for a, c in cells.values()))
        summary[name] = {
            k: {"auc": round(a, 4), "caught": round(c, 4)} for k, (a, c) in cells.items()
        }
    print(json.dumps({"seeds": SEEDS, "weights": weights, "models": summary}))


if __name__ == "__main__":
    main()
