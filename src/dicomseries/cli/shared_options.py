"""Options that several commands have, beside `write`."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from dicomseries.cli.click_commands.command_line import CommandOption
from dicomseries.cli.option_parameters import shared_option

__all__ = [
    "Affine",
    "Axes",
    "Dicomdir",
    "Direction",
    "Origin",
    "Overwrite",
    "Preview",
    "Series",
    "Space",
    "Spacing",
    "StorageOptions",
    "TimePoint",
    "Workers",
    "drawing_options",
]

Triple: TypeAlias = tuple[float, float, float]

Spacing = Annotated[Triple | None, shared_option("spacing")]
Origin = Annotated[Triple | None, shared_option("origin")]
Direction = Annotated[str | None, shared_option("direction")]
Affine = Annotated[str | None, shared_option("affine")]
Space = Annotated[str | None, shared_option("space")]
Axes = Annotated[str | None, shared_option("axes")]
TimePoint = Annotated[int | None, shared_option("time_point")]
Dicomdir = Annotated[bool, shared_option("dicomdir", group="")]
Overwrite = Annotated[bool, shared_option("overwrite")]
StorageOptions = Annotated[list[str] | None, shared_option("storage_options")]
Series = Annotated[
    str | None,
    shared_option(
        "series",
        help="SeriesInstanceUID, where there is more than one; of a part, UID/PART as in list.",
        group="",
    ),
]
Workers = Annotated[
    int | None,
    CommandOption(metavar="N", help="Threads.  [default: as many as there are processors]"),
]
Preview = Annotated[
    bool,
    CommandOption(
        "--preview", help="Show the middle slice, on a terminal with colour; nothing in a pipe."
    ),
]


def drawing_options(group: str) -> dict[str, tuple[Any, Any, Any]]:
    """Return the options of a drawn result by name: declaration, words and default.

    Parameters
    ----------
    group : str
        Section of ``--help``.

    Examples
    --------
    >>> list(drawing_options("Picture"))
    ['slices', 'window', 'preset']
    """
    slices = CommandOption(
        metavar="A:B[:C]|result|key",
        help="Slices from A up to B, every C-th; result: from the first to the last that shows"
        " it; key: for each segment the one where it is largest.  [default: all]",
        group=group,
    )
    window = CommandOption(
        metavar="CENTRE WIDTH",
        help="Window of the source.  [default: what its files say]",
        group=group,
    )
    preset = CommandOption(
        metavar="NAME",
        help="A window of CT by name: lung, bone, brain, soft tissue.",
        group=group,
    )
    return {
        "slices": (slices, str, None),
        "window": (window, tuple[float, float], None),
        "preset": (preset, str, None),
    }
