"""The command line; each command calls one public function.

========  ==============================================================
exit      meaning
========  ==============================================================
0         done
1         ``check`` found errors
2         the command line itself is wrong
3         the input was rejected; nothing was written
4         reading or writing failed; nothing is left behind
130       interrupted by Ctrl-C; nothing is left behind
========  ==============================================================
"""

from __future__ import annotations

import gc
from collections.abc import Sequence

__all__ = ["main"]

_FEWER_COLLECTIONS = 50_000
"""New objects between two collections of garbage; Python's own number is 700 to 2,000."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after ``dicomseries``; those of the process if not given.

    Examples
    --------
    >>> main(["--version"])
    dicomseries ...
    0
    """
    if arguments is None:  # the process is that of the command
        # Each collection looks at all that was imported; a first write would spend a tenth on it.
        gc.set_threshold(_FEWER_COLLECTIONS)
    # Late, so that `import dicomseries.cli` does not import click.
    from dicomseries.cli.app import run

    return run(arguments)
