"""Commands of the command line, one module each."""

__all__ = ["FOLDERS", "NAMES"]

NAMES = (
    "demo",
    "write",
    "derive",
    "picture",
    "measure",
    "result",
    "read",
    "convert",
    "batch",
    "transcode",
    "send",
    "list",
    "tags",
    "view",
    "serve",
    "check",
    "doctor",
)
"""Commands in the order of the help; the module of ``list`` is ``list_command``."""

FOLDERS = {"batch": "datasets", "send": "network"}
"""Command → the subpackage of its module, where it is in one."""
