"""``dicomseries tags``: the attributes of a file or a series."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dicomseries.cli import options
from dicomseries.cli.output import Output, plain
from dicomseries.cli.storage import storage_options_of
from dicomseries.cli.wording import printable

__all__ = ["register", "tags"]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command(
        short_help="The attributes of a file or a series.",
        epilog=options.examples("dicomseries tags out/0001.dcm", "dicomseries tags out/ --no-private --json"),
    )(tags)


def tags(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A file, or the folder of a series.")],
    *,
    series: options.Series = None,
    no_private: Annotated[bool, typer.Option("--no-private", help="Leave out private attributes.")] = False,
    storage_options: options.StorageOptions = None,
) -> None:
    """Print the attributes by keyword; private ones by group, element and creator.

    What differs from slice to slice is a list with one value a slice.
    """
    import dicomseries as dcs

    output: Output = context.obj
    every = dcs.tags(path, series=series, storage_options=storage_options_of(storage_options))
    found: dict[str, Any] = {name: value for name, value in every.items() if not (no_private and is_private(name))}
    output.answer("\n".join(f"{printable(name)}: {_text(value)}" for name, value in found.items()), found)


def is_private(name: str) -> bool:
    """Tell whether a name is that of a private attribute: "(gggg,eeee) creator" with an odd group.

    Examples
    --------
    >>> is_private("(0029,1010) SIEMENS CSA HEADER"), is_private("(0028,9999)"), is_private("PatientID")
    (True, False, False)
    """
    return name.startswith("(") and int(name[1:5], 16) % 2 == 1


def _text(value: Any) -> str:
    return printable(str(plain(value)))
