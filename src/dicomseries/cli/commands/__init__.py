"""Commands of the command line, one module each."""

__all__ = ["NAMES"]

NAMES = (
    "demo",
    "write",
    "derive",
    "picture",
    "measure",
    "result",
    "read",
    "convert",
    "list",
    "tags",
    "view",
    "serve",
    "check",
    "doctor",
)
"""Commands in the order of the help; the module of ``list`` is ``list_command``."""
