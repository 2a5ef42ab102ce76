"""ATT&CK ids and names are those of the published catalogue."""

import pytest
from sigma.data.mitre_attack import mitre_attack_techniques

from detectors.registry import DETECTORS
from schemas.attack import NAMES

NEWER = {"T1677": "Poisoned Pipeline Execution"}
"""Since version 18 of the catalogue; the library carries 17."""
CATALOGUE = {**mitre_attack_techniques, **NEWER}
USED = sorted({technique for detector in DETECTORS for technique in detector.meta.attack})


@pytest.mark.parametrize("technique", USED)
def test_the_techniques_that_detectors_name_exist(technique: str) -> None:
    assert technique in CATALOGUE
    assert technique in NAMES


@pytest.mark.parametrize("technique", sorted(NAMES))
def test_names_are_the_catalogues(technique: str) -> None:
    assert NAMES[technique] == CATALOGUE[technique]
