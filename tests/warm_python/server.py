"""Server of warm programs: imports once, then forks a process for each program.

``python server.py FOLDER`` listens at FOLDER/socket until its input ends.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any


def main() -> None:
    """Import, listen, fork."""
    sys.path.pop(0)
    _import()
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{sys.argv[1]}/socket")
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener, 0], [], [])
            if 0 in ready:
                return
            client, _ = listener.accept()
            with client:
                if os.fork() == 0:
                    listener.close()
                    _serve(client)
                    os._exit(0)


def _import() -> None:
    """Write, read and check a small series: that imports what these need."""
    import numpy as np

    import dicomseries as dcs
    import dicomseries.cli

    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"kind": "CT", "spacing": (1, 1, 2), "sync": False}
        dcs.write(np.zeros((2, 3, 4)), f"{folder}/series", **options)
        dcs.check(f"{folder}/series", validators=False)
        assert dicomseries.cli.main(["read", f"{folder}/series", f"{folder}/a.npy", "--quiet"]) == 0
    tempfile.tempdir = None


def _serve(client: socket.socket) -> None:
    """Start the program of a client, and tell it the end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(client, 8, 3)
    content = b""
    while len(content) < int.from_bytes(length, "big"):
        content += client.recv(1 << 20)
    program = os.fork()
    if program == 0:
        client.close()
        _become(json.loads(content), streams)
    for stream in streams:
        os.close(stream)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(null, stream)
    client.sendall(program.to_bytes(8, "big"))
    _, status = os.waitpid(program, 0)
    try:
        client.sendall(status.to_bytes(8, "big"))
    except BrokenPipeError:  # killed in the meantime
        return


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Run the program in this process and end it."""
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    for number in request["ignored"]:
        signal.signal(number, signal.SIG_IGN)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    _open_streams()
    code = 1
    try:
        _run(request["words"])
        code = 0
    except SystemExit as end:
        code = _code(end.code)
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:  # noqa: BLE001 - as Python itself does
        traceback.print_exc()
    finally:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                code = code or 120
        os._exit(code)


def _open_streams() -> None:
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", 1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdout.reconfigure(write_through=bool(os.environ.get("PYTHONUNBUFFERED")))


def _run(words: list[str]) -> None:
    form, *rest = words
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:0] = [path for path in paths if path and path not in sys.path]
    if form == "-c":
        sys.argv = ["-c", *rest[1:]]
        sys.path.insert(0, "")
        main_module = type(sys)("__main__")
        sys.modules["__main__"] = main_module
        exec(compile(rest[0], "<string>", "exec"), main_module.__dict__)  # noqa: S102
    elif form == "-m":
        sys.path.insert(0, str(Path.cwd()))
        sys.argv = ["-m", *rest[1:]]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        sys.path.insert(0, str(Path(form).parent.absolute()))
        runpy.run_path(form, run_name="__main__")


def _code(value: Any) -> int:
    if value is None or isinstance(value, int):
        return (value or 0) & 255
    sys.stderr.write(f"{value}\n")
    return 1


if __name__ == "__main__":
    main()
