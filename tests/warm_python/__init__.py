"""Python programs of tests, forked from one process that has imported numpy, pydicom and us.

A start of Python with these imports costs half a second; a fork costs hundredths. The programs run
as usual: their arguments, folder, environment, streams, exit codes and signals are the same.
Without `os.fork` each program starts the usual way.
"""

from __future__ import annotations

import atexit
import os
import shlex
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

__all__ = ["warm_programs", "warm_python"]

_HERE = Path(__file__).parent


def warm_python() -> str:
    """Return a program with which `sys.executable` is replaced in a command."""
    if not hasattr(os, "fork"):
        return sys.executable
    return str(warm_programs() / "python")


@cache
def warm_programs() -> Path:
    """Return a folder with the programs `python` and `dicomseries`, to be first in PATH."""
    if not hasattr(os, "fork"):
        return Path(sys.executable).parent
    folder = tempfile.TemporaryDirectory(prefix="warm-")
    programs = Path(folder.name)
    for name, words in {"python": [], "dicomseries": ["-m", "dicomseries"]}.items():
        start = [sys.executable, "-IS", str(_HERE / "client.py"), folder.name, sys.executable]
        program = programs / name
        program.write_text(
            f'#!/bin/sh\nexec {shlex.join([*start, *words])} "$@"\n', encoding="utf-8"
        )
        program.chmod(0o755)
    # The server ends when its input does: with this process at the latest.
    server = subprocess.Popen(
        [sys.executable, str(_HERE / "server.py"), folder.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_HERE.parents[1] / "src")},
    )

    def end() -> None:
        server.stdin.close()
        server.stdout.close()
        server.wait(timeout=20)
        folder.cleanup()

    atexit.register(end)
    if server.stdout.readline() != b"ready\n":
        message = "the server of warm programs did not start"
        raise RuntimeError(message)
    return programs
