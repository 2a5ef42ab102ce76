"""Every detector there is: those shipped here, and those that other distributions bring.

A distribution adds detectors through the entry point group `devspm.detectors`; each entry point
names a `Detector` subclass:

    [project.entry-points."devspm.detectors"]
    my_detector = "my_package.my_detector:MyDetector"
"""

from importlib.metadata import entry_points
from typing import Any

from detectors.agent_alone import AgentAlone
from detectors.agent_instructions import AgentInstructions
from detectors.agent_reach import AgentReach
from detectors.agent_unguarded import AgentUnguarded
from detectors.agent_unreviewed import AgentUnreviewed
from detectors.ai_unapproved import AiUnapproved
from detectors.audit_stopped import AuditStopped
from detectors.author_mismatch import AuthorMismatch
from detectors.base import Detector
from detectors.commit_habit import CommitHabit
from detectors.day_outlier import DayOutlier
from detectors.dormant_account import DormantAccount
from detectors.dormant_package import DormantPackage
from detectors.edge_burst import EdgeBurst
from detectors.factor_change import FactorChange
from detectors.first_push import FirstPush
from detectors.impossible_travel import ImpossibleTravel
from detectors.integration_added import IntegrationAdded
from detectors.login_novelty import LoginNovelty
from detectors.mass_read import MassRead
from detectors.mcp_server_new import McpServerNew
from detectors.mfa_fatigue import MfaFatigue
from detectors.new_factor_privilege import NewFactorPrivilege
from detectors.package_trust_drop import PackageTrustDrop
from detectors.password_spray import PasswordSpray
from detectors.privilege_grant import PrivilegeGrant
from detectors.protection_off import ProtectionOff
from detectors.publish_burst import PublishBurst
from detectors.publish_without_code import PublishWithoutCode
from detectors.ref_rewrite import RefRewrite
from detectors.repository_series import RepositorySeries
from detectors.session_moved import SessionMoved
from detectors.short_lived import ShortLived
from detectors.source_silent import SourceSilent
from detectors.token_creation import TokenCreation
from detectors.tool_redefined import ToolRedefined
from detectors.volume_shift import VolumeShift
from detectors.workflow_change import WorkflowChange
from detectors.workflow_for_stranger import WorkflowForStranger
from detectors.workflow_spread import WorkflowSpread
from detectors.young_dependency import YoungDependency

GROUP = "devspm.detectors"

DETECTORS: tuple[Detector[Any, Any], ...] = (
    LoginNovelty(),
    SessionMoved(),
    FactorChange(),
    TokenCreation(),
    CommitHabit(),
    RefRewrite(),
    AgentUnguarded(),
    PublishBurst(),
    PublishWithoutCode(),
    PackageTrustDrop(),
    YoungDependency(),
    AuthorMismatch(),
    DormantPackage(),
    FirstPush(),
    IntegrationAdded(),
    MassRead(),
    RepositorySeries(),
    ShortLived(),
    WorkflowChange(),
    WorkflowForStranger(),
    WorkflowSpread(),
    MfaFatigue(),
    PasswordSpray(),
    ImpossibleTravel(),
    DormantAccount(),
    NewFactorPrivilege(),
    PrivilegeGrant(),
    ProtectionOff(),
    AuditStopped(),
    AgentAlone(),
    AgentInstructions(),
    AgentReach(),
    AgentUnreviewed(),
    AiUnapproved(),
    McpServerNew(),
    SourceSilent(),
    ToolRedefined(),
    EdgeBurst(),
    DayOutlier(),
    VolumeShift(),
)


class RegistryError(Exception):
    """A detector from another distribution cannot be used; the message says which and why."""


def external() -> tuple[Detector[Any, Any], ...]:
    """Detectors of other installed distributions, by name.

    Raises:
        RegistryError: one cannot be imported or made, or is no detector.
    """
    found: list[Detector[Any, Any]] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        try:
            detector = point.load()()
        except Exception as error:
            raise RegistryError(f"{point.name} ({point.value}): {error!r}") from error
        if not isinstance(detector, Detector):
            raise RegistryError(f"{point.name} ({point.value}) is no Detector")
        found.append(detector)
    return tuple(found)


def by_id() -> dict[str, Detector[Any, Any]]:
    """All detectors, shipped and external, by id, in the order in which they run.

    Raises:
        RegistryError: two have the same id: their states and signals could not be told apart.
    """
    found: dict[str, Detector[Any, Any]] = {}
    for detector in (*DETECTORS, *external()):
        if detector.meta.id in found:
            raise RegistryError(f"two detectors have the id {detector.meta.id!r}")
        found[detector.meta.id] = detector
    return found
