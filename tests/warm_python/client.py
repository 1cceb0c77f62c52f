"""Stand-alone client: passes its arguments, folder, environment and streams to the server."""

import json
import os
import signal
import socket
import sys

FORMS = ("-c", "-m")
HARMLESS = {
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
}
"""Other settings of Python count at its start alone: then it starts anew."""

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    """Run a program in a fork of the server, and end as it ends."""
    folder, python, *words = sys.argv[1:]
    settings = {name for name in os.environ if name.startswith("PYTHON")} - HARMLESS
    if settings or not words or (words[0] not in FORMS and words[0].startswith("-")):
        os.execv(python, [python, *words])  # noqa: S606
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"{folder}/socket")
        ignored = [one for one in FORWARDED if signal.getsignal(one) == signal.SIG_IGN]
        request = {
            "words": words,
            "folder": os.getcwd(),  # noqa: PTH109 - without imports that take time
            "environment": dict(os.environ),
            "ignored": ignored,
        }
        content = json.dumps(request).encode()
        socket.send_fds(server, [len(content).to_bytes(8, "big")], [0, 1, 2])
        server.sendall(content)
        program = int.from_bytes(server.recv(8), "big")
        for number in set(FORWARDED) - set(ignored):
            signal.signal(number, lambda number, _: os.kill(program, number))
        status = server.recv(8)
    code = os.waitstatus_to_exitcode(int.from_bytes(status, "big"))
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code not in {9, 19} else None
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
