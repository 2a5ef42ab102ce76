"""The taxonomy of actions: what was done, in one vocabulary for all vendors.

A parser maps a vendor's name to one of these. A name that no parser knows stays as the vendor
wrote it (prefixed with the source), so that novelty detectors still see it.
"""

from enum import StrEnum


class Action(StrEnum):
    """One thing an actor can do. The value is `noun.verb` and stable: it is stored in state."""

    # Identity provider
    LOGIN = "login"  # interactive sign-in, the start of a session; the outcome says if it worked
    SSO = "login.sso"  # an existing session opens an application
    MFA_CHALLENGE = "mfa.challenge"  # a second factor was asked for; the outcome says the answer
    FACTOR_ENROLL = "factor.enroll"
    FACTOR_REMOVE = "factor.remove"
    FACTOR_RESET = "factor.reset"  # all factors of an account
    PASSWORD_CHANGE = "password.change"  # noqa: S105 - an action, not a password
    SESSION_CHANGE = "session.change"  # the provider saw the session's address or device change
    SESSION_IMPERSONATE = "session.impersonate"  # somebody acts in another's session, or may
    SESSION_END = "session.end"
    TOKEN_CREATE = "token.create"  # noqa: S105 - personal access token, API token, OAuth grant
    TOKEN_REVOKE = "token.revoke"  # noqa: S105
    TOKEN_USE = "token.use"  # noqa: S105
    PRIVILEGE_GRANT = "privilege.grant"
    PRIVILEGE_REVOKE = "privilege.revoke"
    MEMBER_ADD = "member.add"
    MEMBER_REMOVE = "member.remove"
    POLICY_CHANGE = "policy.change"  # sign-on, authentication, 2FA or SSO requirement
    POLICY_EVALUATE = "policy.evaluate"  # a sign-on policy was asked; the outcome is its answer
    AUDIT_CHANGE = "audit.change"  # an audit stream was changed, paused or removed

    # Version control
    COMMIT = "commit"  # one commit; its author line is a claim, not a login
    PUSH = "push"  # facts: forced, default_branch, commits
    BRANCH_CREATE = "branch.create"
    BRANCH_DELETE = "branch.delete"
    TAG_CREATE = "tag.create"
    TAG_MOVE = "tag.move"
    TAG_DELETE = "tag.delete"
    RELEASE_PUBLISH = "release.publish"
    RELEASE_EDIT = "release.edit"
    RELEASE_DELETE = "release.delete"
    PULL_REQUEST_OPEN = "pull_request.open"
    PULL_REQUEST_CLOSE = "pull_request.close"
    PULL_REQUEST_MERGE = "pull_request.merge"
    REVIEW = "pull_request.review"
    ISSUE_OPEN = "issue.open"
    COMMENT = "comment"
    WORKFLOW_RUN = "workflow.run"  # facts: status, conclusion, event
    WORKFLOW_CHANGE = "workflow.change"
    CLONE = "repository.clone"
    FETCH = "repository.fetch"
    DOWNLOAD = "repository.download"  # an archive of the whole repository
    FORK = "repository.fork"
    REPOSITORY_CREATE = "repository.create"
    REPOSITORY_DELETE = "repository.delete"
    REPOSITORY_TRANSFER = "repository.transfer"
    REPOSITORY_ARCHIVE = "repository.archive"  # read only from now on
    VISIBILITY_CHANGE = "repository.visibility"  # facts: visibility
    PROTECTION_CHANGE = "protection.change"  # facts: weakened
    KEY_ADD = "key.add"  # SSH, GPG or deploy key
    KEY_REMOVE = "key.remove"
    WEBHOOK_CHANGE = "webhook.change"
    APP_INSTALL = "app.install"
    RUNNER_CHANGE = "runner.change"
    SECRET_CHANGE = "secret.change"  # noqa: S105 - CI secrets, by name only
    ALERT_CHANGE = "security_alert.change"  # code scanning, secret scanning, dependency alerts
    API_REQUEST = "api.request"

    # Package registry
    PACKAGE_PUBLISH = "package.publish"
    PACKAGE_UNPUBLISH = "package.unpublish"
    PACKAGE_DEPRECATE = "package.deprecate"
    PACKAGE_TAG = "package.tag"  # a dist-tag was set or removed
    PACKAGE_OWNER = "package.owner"
    PACKAGE_DOWNLOAD = "package.download"  # from a private registry, which sees its readers

    # AI coding tools
    AGENT_PROMPT = "agent.prompt"
    AGENT_REQUEST = "agent.request"  # one call of the model
    AGENT_TOOL = "agent.tool"  # facts: tool, decision
    AGENT_DECISION = "agent.decision"  # a tool call was allowed or refused
    AGENT_PERMISSION = "agent.permission"  # facts: mode, previous_mode
    AGENT_CONNECT = "agent.connect"  # a tool server (MCP) was connected
    AGENT_EXTEND = "agent.extend"  # a hook, plugin or skill was loaded

    # The pipeline's own
    CLOCK_TICK = "clock.tick"  # event time went on although nothing happened
