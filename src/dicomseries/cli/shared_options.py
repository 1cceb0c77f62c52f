"""Options that several commands have, beside `write`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dicomseries.cli.click_commands.command_line import CommandOption
from dicomseries.cli.option_parameters import shared_option

__all__ = [
    "Affine",
    "Axes",
    "Direction",
    "Origin",
    "Overwrite",
    "Preview",
    "Series",
    "Space",
    "Spacing",
    "StorageOptions",
    "TimePoint",
]

Triple: TypeAlias = tuple[float, float, float]

Spacing = Annotated[Triple | None, shared_option("spacing")]
Origin = Annotated[Triple | None, shared_option("origin")]
Direction = Annotated[str | None, shared_option("direction")]
Affine = Annotated[str | None, shared_option("affine")]
Space = Annotated[str | None, shared_option("space")]
Axes = Annotated[str | None, shared_option("axes")]
TimePoint = Annotated[int | None, shared_option("time_point")]
Overwrite = Annotated[bool, shared_option("overwrite")]
StorageOptions = Annotated[list[str] | None, shared_option("storage_options")]
Series = Annotated[
    str | None,
    shared_option("series", help="SeriesInstanceUID, where there is more than one.", group=""),
]
Preview = Annotated[
    bool,
    CommandOption(
        "--preview", help="Show the middle slice, on a terminal with colour; nothing in a pipe."
    ),
]
