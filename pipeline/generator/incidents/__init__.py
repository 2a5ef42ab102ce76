"""Public incidents as raw vendor events: one module each, its facts and what is staged of them.

What is documented stands as `FACTS` in the module, each with the precision of its time. Every
record of an incident carries `label` with `basis` and `time_basis`, `documented` or `generated`;
where a fact is coarser than a minute, the record's time is generated. Organisations, people,
networks and ordinary activity around are generated throughout.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from pipeline.generator.incidents import (
    amazon_q_2025_07,
    event_stream_2018,
    nx_s1ngularity_2025_08,
    okta_support_2023,
    tj_actions_2025_03,
)
from pipeline.generator.incidents.facts import Fact
from pipeline.generator.incidents.staged import Staged

__all__ = ["FACTS", "INCIDENTS", "Fact", "Staged"]

INCIDENTS: Mapping[str, Callable[[], Staged]] = MappingProxyType(
    {
        "amazon-q-2025-07": amazon_q_2025_07.staged,
        "amazon-q-2025-07-token": partial(amazon_q_2025_07.staged, by_token=True),
        "event-stream-2018": event_stream_2018.staged,
        "nx-s1ngularity-2025-08": nx_s1ngularity_2025_08.staged,
        "nx-s1ngularity-2025-08-victim": nx_s1ngularity_2025_08.staged_victim,
        "okta-support-2023": okta_support_2023.staged,
        "tj-actions-2025-03": tj_actions_2025_03.staged,
        "tj-actions-2025-03-pull-request": tj_actions_2025_03.staged_pull_request,
        "tj-actions-2025-03-member": tj_actions_2025_03.staged_member,
        "tj-actions-2025-03-branch": tj_actions_2025_03.staged_branch,
        "tj-actions-2025-03-one-tag": tj_actions_2025_03.staged_one_tag,
    }
)
"""Scenarios by name."""

FACTS: Mapping[str, tuple[Fact, ...]] = MappingProxyType(
    {
        module.INCIDENT: module.FACTS
        for module in (
            amazon_q_2025_07,
            event_stream_2018,
            nx_s1ngularity_2025_08,
            okta_support_2023,
            tj_actions_2025_03,
        )
    }
)
"""What is documented, by incident."""
