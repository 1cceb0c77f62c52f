"""``dicomseries tags``: the attributes of a file or a series."""

from __future__ import annotations

from typing import Annotated, Any

import click

from dicomseries.cli import shared_options
from dicomseries.cli.click_commands.command_line import CommandArgument, CommandLine, CommandOption
from dicomseries.cli.help_sections import examples
from dicomseries.cli.output import Output, plain
from dicomseries.cli.progress import progress_bar
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.cli.terminal import printable

__all__ = ["register", "tags"]

_LONGEST_LINE = 300
"""Characters of the values of an attribute that are printed in full."""


def register(app: CommandLine) -> None:
    """Add the command to `app`."""
    app.declare(
        short_help="The attributes of a file or a series.",
        epilog=examples(
            "dicomseries tags out/0001.dcm", "dicomseries tags out/ --no-private --json"
        ),
    )(tags)


def tags(
    context: click.Context,
    path: Annotated[
        str, CommandArgument(metavar="PATH", help="A file, or the folder or URL of a series.")
    ],
    *,
    series: shared_options.Series = None,
    no_private: Annotated[
        bool, CommandOption("--no-private", help="Leave out private attributes.")
    ] = False,
    every_value: Annotated[
        bool, CommandOption("--all", help="Print long lists of values in full.")
    ] = False,
    storage_options: shared_options.StorageOptions = None,
) -> None:
    """Print the attributes by keyword; private ones by group, element and creator.

    An attribute that differs between slices is a list with one value for each slice.
    Long lists show the first two values and the last one; --all and --json print them in full.
    """
    import dicomseries as dcs

    output: Output = context.obj
    access = storage_options_of(storage_options)
    with progress_bar(output) as progress:
        every = dcs.tags(path, series=series, progress=progress, storage_options=access)
    attributes: dict[str, Any] = {}
    lines = []
    for name, value in every.items():
        if not (no_private and is_private(name)):
            attributes[name] = value
            lines.append(f"{printable(name)}: {_text(value, in_full=every_value)}")
    output.answer("\n".join(lines), attributes)


def is_private(name: str) -> bool:
    """Return whether an attribute is private (odd group).

    Examples
    --------
    >>> is_private("(0029,1010) SIEMENS CSA HEADER"), is_private("(0028,9999)")
    (True, False)
    >>> is_private("PatientID")
    False
    """
    return name.startswith("(") and int(name[1:5], 16) % 2 == 1


def _text(value: Any, *, in_full: bool) -> str:
    """Return a value as one line, long lists shortened.

    Examples
    --------
    >>> _text(tuple(range(1000, 1100)), in_full=False)
    '[1000, 1001, …, 1099] (100 values)'
    """
    values = plain(value)
    text = printable(str(values))
    if in_full or len(text) <= _LONGEST_LINE or not isinstance(values, list) or len(values) < 4:
        return text
    first, second, last = (printable(str(values[index])) for index in (0, 1, -1))
    return f"[{first}, {second}, …, {last}] ({len(values)} values)"
