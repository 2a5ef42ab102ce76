"""Tables of what vendors' actions mean, written as text: a head, then the vendor's names.

A head is `[action kind sign …]`: an `Action` and a `TargetKind` by their names; where the vendor's
name alone tells it, `weakened` or `strengthened` (what became of a control) or `failure`.
"""

from typing import NamedTuple

from schemas.action import Action
from schemas.activity import Outcome, TargetKind


class Rule(NamedTuple):
    """What a vendor's action means.

    Attributes:
        action: an `Action`, or `<source>/<vendor's name>` when the taxonomy has none.
        kind: what is acted upon.
        weakened: whether a control became weaker, where the name alone tells it.
        outcome: failure where the name itself says so.
    """

    action: str
    kind: TargetKind = TargetKind.OTHER
    weakened: bool | None = None
    outcome: Outcome = Outcome.SUCCESS


def rules(table: str) -> dict[str, Rule]:
    r"""Vendor's name -> its rule.

    >>> rules("[LOGIN APPLICATION failure]\nlogin.failed")["login.failed"].outcome
    <Outcome.FAILURE: 'failure'>
    """
    found: dict[str, Rule] = {}
    rule = Rule("")
    for line in table.split("\n"):
        if line.startswith("["):
            rule = _rule(*line.strip("[]").split())
        else:
            found.update(dict.fromkeys(line.split(), rule))
    return found


def _rule(action: str, kind: str, *signs: str) -> Rule:
    return Rule(
        Action[action],
        TargetKind[kind],
        True if "weakened" in signs else False if "strengthened" in signs else None,
        Outcome.FAILURE if "failure" in signs else Outcome.SUCCESS,
    )
