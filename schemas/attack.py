"""Names of MITRE ATT&CK techniques (Enterprise matrix), for the ids that detectors give."""

from typing import Final

NAMES: Final = {
    "T1020": "Automated Exfiltration",
    "T1036": "Masquerading",
    "T1059": "Command and Scripting Interpreter",
    "T1059.004": "Unix Shell",
    "T1070": "Indicator Removal",
    "T1072": "Software Deployment Tools",
    "T1078": "Valid Accounts",
    "T1078.004": "Cloud Accounts",
    "T1098": "Account Manipulation",
    "T1098.001": "Additional Cloud Credentials",
    "T1098.003": "Additional Cloud Roles",
    "T1098.004": "SSH Authorized Keys",
    "T1098.005": "Device Registration",
    "T1110": "Brute Force",
    "T1110.003": "Password Spraying",
    "T1110.004": "Credential Stuffing",
    "T1119": "Automated Collection",
    "T1195": "Supply Chain Compromise",
    "T1195.001": "Compromise Software Dependencies and Development Tools",
    "T1195.002": "Compromise Software Supply Chain",
    "T1199": "Trusted Relationship",
    "T1204": "User Execution",
    "T1213": "Data from Information Repositories",
    "T1213.003": "Code Repositories",
    "T1485": "Data Destruction",
    "T1528": "Steal Application Access Token",
    "T1537": "Transfer Data to Cloud Account",
    "T1539": "Steal Web Session Cookie",
    "T1550": "Use Alternate Authentication Material",
    "T1550.001": "Application Access Token",
    "T1550.004": "Web Session Cookie",
    "T1552": "Unsecured Credentials",
    "T1552.001": "Credentials In Files",
    "T1554": "Compromise Host Software Binary",
    "T1556": "Modify Authentication Process",
    "T1556.006": "Multi-Factor Authentication",
    "T1556.009": "Conditional Access Policies",
    "T1557": "Adversary-in-the-Middle",
    "T1562": "Impair Defenses",
    "T1562.001": "Disable or Modify Tools",
    "T1562.008": "Disable or Modify Cloud Logs",
    "T1565": "Data Manipulation",
    "T1565.001": "Stored Data Manipulation",
    "T1567": "Exfiltration Over Web Service",
    "T1567.001": "Exfiltration to Code Repository",
    "T1621": "Multi-Factor Authentication Request Generation",
    "T1677": "Poisoned Pipeline Execution",
}


def _named(uid: str) -> dict[str, str]:
    name = NAMES.get(uid)
    return {"uid": uid, "name": name} if name else {"uid": uid}


def technique(uid: str) -> dict[str, object]:
    """OCSF `attack` object of a technique or, with a dot in its id, of a sub-technique."""
    parent, dot, _ = uid.partition(".")
    attack: dict[str, object] = {"technique": _named(parent)}
    if dot:
        attack["sub_technique"] = _named(uid)
    return attack
