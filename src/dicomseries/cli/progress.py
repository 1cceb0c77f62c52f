"""A progress bar on a terminal; nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

from dicomseries.cli.output import Output

__all__ = ["progress_bar"]

Progress = Callable[[int, int, str], None]


@contextlib.contextmanager
def progress_bar(output: Output) -> Iterator[Progress | None]:
    """Return a callable that shows progress; None in a pipe.

    Examples
    --------
    >>> with progress_bar(Output(json=True)) as progress:
    ...     print(progress)
    None
    """
    if output.json or output.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Transient: the bar vanishes at the end, and the terminal shows the result or the error.
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def report(done: int, total: int, what: str) -> None:
            if _begins_anew(bar.tasks[0], done, what):
                bar.reset(task)  # the remaining time is that of this stage
            bar.update(task, completed=done, total=total, description=what)

        yield report


def _begins_anew(task: Any, done: int, what: str) -> bool:
    """Return whether another stage or series has begun."""
    return bool(task.description != what or done < task.completed)
