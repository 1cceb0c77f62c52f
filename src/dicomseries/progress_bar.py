"""A progress bar on a terminal or in a notebook; nothing in a pipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from dicomseries.errors import OptionError

if TYPE_CHECKING:
    from rich.progress import Task

__all__ = ["ProgressReport", "progress_bar", "progress_report"]

ProgressReport: TypeAlias = Callable[[int, int, str], object]
"""Called with slices (or files) done, all of them, and ``"reading"``, ``"writing"`` and so on.

All of them are 0 while their number is not known.
"""


@contextlib.contextmanager
def progress_report(
    progress: ProgressReport | bool | None,  # noqa: FBT001 - the value of the option `progress`
) -> Iterator[ProgressReport | None]:
    """Give the callable that `progress=` means.

    Parameters
    ----------
    progress : callable, bool, optional
        True for a bar, which vanishes when the context ends.

    Raises
    ------
    OptionError
        If it is neither.

    Examples
    --------
    >>> with progress_report(None) as report:
    ...     print(report)
    None
    """
    if progress is True:
        with progress_bar() as report:
            yield report
        return
    if progress is None or progress is False:
        yield None
        return
    if not callable(progress):
        raise OptionError(
            code="progress-not-callable",
            where="progress",
            given=repr(progress),
            expected="True for a bar, or a function of (done, total, what)",
            remedy="Pass `progress=True`, or leave it out.",
        )
    yield progress


@contextlib.contextmanager
def progress_bar(*, lifts_prints: bool = False) -> Iterator[ProgressReport | None]:
    """Give a callable that moves a bar on stderr; None in a pipe.

    Parameters
    ----------
    lifts_prints : bool
        Whether lines printed meanwhile appear above the bar. This replaces `sys.stdout` and
        `sys.stderr`, so only a program with one bar may do it, such as the command line.
    """
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    if not is_terminal and "IPython" not in sys.modules:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    if not is_terminal and not Console(stderr=True).is_jupyter:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    # Transient: the bar vanishes at the end, and the terminal shows the result or the error.
    with Progress(
        *columns,
        # rich's bar for notebooks needs a package; that of terminals works there too.
        console=Console(stderr=True, force_jupyter=False, force_terminal=True),
        transient=True,
        redirect_stdout=lifts_prints,
        redirect_stderr=lifts_prints,
    ) as bar:
        task = bar.add_task("", total=None)

        def report(done: int, total: int, what: str) -> None:
            if _begins_anew(bar.tasks[0], done, what):
                bar.reset(task)  # the remaining time is that of this stage
            bar.update(task, completed=done, total=total or None, description=what)

        yield report


def _begins_anew(task: Task, done: int, what: str) -> bool:
    """Return whether another stage or series has begun."""
    return bool(task.description != what or done < task.completed)
