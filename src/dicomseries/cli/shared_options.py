"""The options that more than one command has, written once."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "EVERYWHERE",
    "GEOMETRY",
    "VOLUMES",
    "Affine",
    "Axes",
    "Direction",
    "Orient",
    "Origin",
    "Overwrite",
    "Preview",
    "Series",
    "Space",
    "Spacing",
    "StorageOptions",
    "TimePoint",
    "examples",
]

EVERYWHERE = """\b
Every command also takes:
  --json   one object on stdout and nothing else there; on failure stdout is
           empty and stderr has {"error": {...}}
  --quiet  no progress and no report; notes and errors stay
  --debug  the traceback after an error
"""

GEOMETRY = "Geometry (from the file, where it has one)"
VOLUMES = "Time points, echoes, diffusion weightings (axis t)"

Triple = tuple[float, float, float]

Spacing = Annotated[
    Triple | None,
    typer.Option(
        metavar="X Y Z",
        help="Voxel size in mm: along columns, rows, slices (ITK's order). SC and MultiframeSC can do without.",
        rich_help_panel=GEOMETRY,
    ),
]
Origin = Annotated[
    Triple | None,
    typer.Option(
        metavar="X Y Z",
        help="Centre of the first voxel, LPS mm.  [default: 0 0 0]",
        rich_help_panel=GEOMETRY,
    ),
]
Direction = Annotated[
    str | None,
    typer.Option(
        metavar="N...",
        help="6 cosines as ImageOrientationPatient has them, or 9 as ITK prints them.",
        rich_help_panel=GEOMETRY,
    ),
]
Affine = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="4x4 matrix from (column, row, slice) to mm: .npy, .txt or .json.",
        rich_help_panel=GEOMETRY,
    ),
]
Space = Annotated[
    str | None,
    typer.Option(
        metavar="LPS|RAS", help="The frame in which --affine ends.", rich_help_panel=GEOMETRY
    ),
]
Axes = Annotated[
    str | None,
    typer.Option(
        metavar="zyx",
        help="Names of the array's axes, any order of t z y x c: tzyx, xyzt, zyxc.",
        rich_help_panel=GEOMETRY,
    ),
]
Orient = Annotated[
    str | None,
    typer.Option(
        metavar="CHOICE",
        help="Order in which whole axes are stored: as-is, upright, axial, coronal, sagittal.  [default: the grid of "
        "the series it comes from where the voxels are its own, upright for images with directions, else as-is]",
        rich_help_panel=GEOMETRY,
    ),
]
TimePoint = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Only this one of several volumes, from 0.  [default: all]",
        rich_help_panel=VOLUMES,
    ),
]
Series = Annotated[
    str | None,
    typer.Option(
        "--series", metavar="UID", help="SeriesInstanceUID, where there is more than one."
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace what is there, once the new one is whole.",
        rich_help_panel="Writing",
    ),
]
StorageOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--storage-options",
        metavar="KEY=VALUE",
        help="For URLs: an option of fsspec, as text or JSON; repeat for more. Keep secret keys in the environment "
        "or a profile instead: other users can see the command line, and shells store it.",
        rich_help_panel="URLs (s3://..., what fsspec knows)",
    ),
]
Preview = Annotated[
    bool,
    typer.Option(
        "--preview", help="Show the middle slice, on a terminal with colour; nothing in a pipe."
    ),
]


def examples(*lines: str) -> str:
    """Return the end of a command's help: its examples, then the options every command has.

    Examples
    --------
    >>> print(examples("dicomseries list scans/").splitlines()[2])
      dicomseries list scans/
    """
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", EVERYWHERE])
