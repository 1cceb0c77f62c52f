"""The log of a command on stderr, for ``--verbose``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dicomseries.cli.output import Output

__all__ = ["log_on_stderr"]


@contextlib.contextmanager
def log_on_stderr(output: Output) -> Iterator[None]:
    """Show the log of the commands inside, if it is asked for.

    Advice is in the report of a command already, and shown here only without one.

    Examples
    --------
    >>> with log_on_stderr(Output()):
    ...     pass
    """
    if not output.verbosity:
        yield
        return
    import logging

    from dicomseries.event_log import LOGGER

    class _Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if output.quiet or record.levelno < logging.WARNING:
                output.logged(record.levelname, record.getMessage())

    handler, level = _Lines(), LOGGER.level
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO if output.verbosity == 1 else logging.DEBUG)
    try:
        yield
    finally:
        LOGGER.setLevel(level)
        LOGGER.removeHandler(handler)
