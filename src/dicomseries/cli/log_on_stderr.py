"""Logs on stderr, for ``--verbose``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicomseries.cli.output import Output

if TYPE_CHECKING:  # most commands need no log
    import logging

__all__ = ["highdicom_log_on_stderr", "log_on_stderr"]


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

    level = LOGGER.level
    LOGGER.setLevel(logging.INFO if output.verbosity == 1 else logging.DEBUG)
    try:
        with _handled(LOGGER, output, shows_warnings=output.quiet):
            yield
    finally:
        LOGGER.setLevel(level)


@contextlib.contextmanager
def highdicom_log_on_stderr(output: Output) -> Iterator[None]:
    """Show what highdicom notes while it converts, if a log is asked for.

    Its warnings would be raw lines on stderr otherwise. Each converted frame is compared anyway.

    Examples
    --------
    >>> with highdicom_log_on_stderr(Output()):
    ...     pass
    """
    import logging

    with _handled(logging.getLogger("highdicom"), output, shows_warnings=bool(output.verbosity)):
        yield


@contextlib.contextmanager
def _handled(logger: logging.Logger, output: Output, *, shows_warnings: bool) -> Iterator[None]:
    """Give records of a logger to the output, as lines."""
    import logging

    class _Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not output.verbosity:
                return
            if shows_warnings or record.levelno < logging.WARNING:
                output.logged(record.levelname, record.getMessage())

    handler = _Lines()
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
