"""Run a command that the kernel kills as soon as the thread that started it is gone.

Started as a script, with the parent's process id and the command as arguments. It arms Linux's
`PR_SET_PDEATHSIG` and becomes the command, so the process id stays the same and not even a SIGKILL
of the parent leaves the command behind.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(parent: int, command: list[str]) -> None:
    """Replace this process by the command, tied to the parent's life.

    Args:
        parent: Process id of the expected parent.
        command: Program (found on PATH) and its arguments.

    Raises:
        OSError: The signal could not be armed, or the command could not be run.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before the signal was armed
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
