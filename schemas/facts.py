"""Keys of `Activity.facts`: what detectors need to know of a change, per action.

A parser sets the keys it can; a detector treats a missing key as unknown, never as false.
"""

from typing import Final

# any action
ALIAS: Final = "alias"  # str: another account of the actor, as the vendor's record itself proves

# package.publish
PROVENANCE: Final = "provenance"  # bool: the version carries a provenance attestation
PUBLISHER: Final = "publisher"  # str: "trusted" (CI, OIDC), "staged" (approved) or "user"
PUBLISHER_EMAIL: Final = "publisher_email"  # str: lower case
INSTALL_SCRIPT: Final = "install_script"  # bool: runs code at install time
DEPENDENCIES: Final = "dependencies"  # list[str]: `<ecosystem>/<name>`, sorted, at most 64
MAINTAINERS: Final = "maintainers"  # list[str]: accounts, sorted, at most 32
COMMIT: Final = "commit"  # str: commit id the publisher claims
ADDED: Final = "added"  # package.owner: bool
PREVIOUS: Final = "previous"  # float: when the version before was published, seconds since epoch
PREVIOUS_PUBLISHER: Final = "previous_publisher"  # str: account that published it

# push, branch.*, tag.*
REF: Final = "ref"  # str: full ref name
FORCED: Final = "forced"  # bool
DEFAULT_BRANCH: Final = "default_branch"  # bool: the ref is the repository's default branch
COMMITS: Final = "commits"  # int: number of commits
WORKFLOW_FILES: Final = "workflow_files"  # list[str]: changed files under CI configuration
# commit
AUTHOR: Final = "author"  # str: the author line's address, hashed or lower case: a claim
COMMITTER: Final = "committer"
AGENTS: Final = "agents"  # list[str]: also of a push: accounts of AI agents that it names: a claim
AUTHORED: Final = "authored"  # float: seconds since the epoch, by the author's clock: a claim
UTC_OFFSET: Final = "utc_offset"  # int: minutes east of UTC, as the committer's machine says
FILES: Final = "files"  # int
INSERTIONS: Final = "insertions"  # int
DELETIONS: Final = "deletions"  # int
PARENTS: Final = "parents"  # int

# workflow.run
STATUS: Final = "status"  # str: requested, in_progress, completed
CONCLUSION: Final = "conclusion"  # str
TRIGGER: Final = "trigger"  # str: push, release, workflow_dispatch, pull_request_target …
# protection.change, policy.change, audit.change
WEAKENED: Final = "weakened"  # bool
VISIBILITY: Final = "visibility"  # str: public, private, internal

# login, mfa.challenge, factor.*, token.*
FACTOR: Final = "factor"  # str: webauthn, totp, push, sms …
REASON: Final = "reason"  # str: the vendor's reason of a failure
TOKEN_ID: Final = "token"  # noqa: S105 - str: hash of the token used or made
SCOPES: Final = "scopes"  # list[str]
BY_ADMIN: Final = "by_admin"  # bool: somebody else did it to this account
SUBJECT: Final = "subject"  # str: account it was done to, when that is not the actor
PROTOCOL: Final = "protocol"  # str: how, when not in a browser: deviceCode, ropc, imap4 …
RISK: Final = "risk"  # str: low, medium, high: what the vendor itself makes of it

# agent.*
TOOL: Final = "tool"  # str
MODEL: Final = "model"  # str
MODE: Final = "mode"  # str: permission mode now
PREVIOUS_MODE: Final = "previous_mode"  # str
DECISION: Final = "decision"  # str: accept, reject
DECIDED_BY: Final = "decided_by"  # str: config, hook, user_permanent, user_temporary …
SERVER: Final = "server"  # str: tool server
COST_USD: Final = "cost_usd"  # float
UNGUARDED: Final = "unguarded"  # bool: permission prompts are switched off
DEFINITIONS: Final = "definitions"  # list[str]: `<tool>=<hash of its definition>`, at most 128
ARGUMENT_BYTES: Final = "argument_bytes"  # int: length of a tool call's arguments, as JSON
INTERACTIVE: Final = "interactive"  # bool: false: not at a terminal, started by a script

# issue.open, pull_request.open, comment, pull_request.review, and edits of their text
INSTRUCTIONS: Final = "instructions"  # float: 0..1, how much it reads like orders to an agent
