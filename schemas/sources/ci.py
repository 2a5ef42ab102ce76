"""Which files decide what continuous integration runs."""

_FOLDERS = (".github/workflows/", ".github/actions/", ".circleci/", ".buildkite/", ".woodpecker/")
_FILES = frozenset(
    {
        ".drone.yml",
        ".gitlab-ci.yml",
        ".travis.yml",
        "action.yaml",
        "action.yml",
        "appveyor.yml",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "buildspec.yml",
        "cloudbuild.yaml",
        "jenkinsfile",
    }
)


def is_ci_file(path: str) -> bool:
    """Is the file, named from the repository's root, part of the CI configuration.

    >>> is_ci_file(".github/workflows/release.yml")
    True
    """
    name = path.lower()
    return name.startswith(_FOLDERS) or name in _FILES
