"""Attacks made for one detector each, subtle and blatant, on a member of a benign organisation.

They are made to measure, not to be found: what a careful and a careless attacker would do was
written down before anybody looked at what the detectors make of it. All of it is generated.
"""

from pipeline.generator.attacks.catalogue import ATTACKS, staged

__all__ = ["ATTACKS", "staged"]
