"""The progress bar of a command, unless its output is for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from dicomseries import progress_bar as bars
from dicomseries.cli.output import Output
from dicomseries.progress_bar import ProgressReport

__all__ = ["progress_bar"]


@contextlib.contextmanager
def progress_bar(output: Output) -> Iterator[ProgressReport | None]:
    """Return a callable that shows progress; None in a pipe.

    Examples
    --------
    >>> with progress_bar(Output(json=True)) as progress:
    ...     print(progress)
    None
    """
    if output.json or output.quiet:
        yield None
        return
    with bars.progress_bar(lifts_prints=True) as report:
        yield report
