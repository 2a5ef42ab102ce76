"""Child processes that never outlive this one."""

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

# The kernel ends a tethered child with the thread that forked it, so the children are forked by a
# thread that lives as long as the interpreter: the caller's own may end earlier.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="broker-forker")
_TETHER = Path(__file__).with_name("tether.py")


def spawn(
    command: list[str],
    *,
    stdout: IO[bytes] | int,
    cwd: Path,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command that dies with this process, however this process ends.

    It runs in a session of its own: Ctrl-C reaches this process only, which then stops its
    children in the right order.

    Args:
        command: Program (found on PATH) and its arguments.
        stdout: Where its standard output and standard error go.
        cwd: Its working directory.
        env: Its environment; this process's if not given.

    Returns:
        The running process.
    """
    return _forker.submit(
        lambda: subprocess.Popen(  # noqa: S603 (the commands are the broker's and Maven's)
            [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    ).result()
