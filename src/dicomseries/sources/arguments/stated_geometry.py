"""The certainty of a geometry, from arguments and source."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.geometry import Grid
from dicomseries.geometry_statement import ASSUMED, UNSTATED, Certainty, Statement
from dicomseries.sources.arguments.source_arguments import SourceArguments

__all__ = ["IN_PLANE", "is_default", "joined_statement", "lengths_only", "without_unit"]

IN_PLANE = Statement(origin="missing", direction="missing")
"""Of a two-dimensional image: rows and columns have a spacing, and no place is stated."""

_DEFAULT_NOTE = (
    "The image has the geometry of a new image (spacing 1, 1, 1, origin 0, along the axes), which "
    "probably nobody set: 1 mm is written as its voxel size. Pass `spacing=` if that is wrong."
)


def lengths_only(source: str) -> Statement:
    """Return the statement of lengths without a place.

    Parameters
    ----------
    source : str
        Where they are stated, e.g. ``"ImageJ metadata"``.

    Examples
    --------
    >>> lengths_only("ImageJ metadata").origin
    'assumed'
    """
    note = (
        f"The voxel size is that of {source}, which states no place in the patient: the first "
        "voxel "
        "is put at 0, and the slices are taken as axial. Pass `origin=` and `direction=` if you "
        "know "
        "them."
    )
    return replace(ASSUMED, source=source, notes=(note,))


def without_unit(what: str) -> str:
    """Return the note of lengths that have no unit.

    Examples
    --------
    >>> without_unit("The coordinates")
    'The coordinates have no unit: they are taken as mm.'
    """
    return f"{what} have no unit: they are taken as mm."


def is_default(grid: Grid) -> bool:
    """Return whether a grid is that of a new image.

    Examples
    --------
    >>> is_default(Grid(shape=(3, 4, 5), spacing_mm=(1, 1, 1)))
    True
    """
    is_plain = grid.spacing_mm == (1.0, 1.0, 1.0) and grid.origin_lps == (0.0, 0.0, 0.0)
    return is_plain and tuple(map(abs, grid.direction_lps)) == (1, 0, 0, 0, 1, 0, 0, 0, 1)


def joined_statement(arguments: SourceArguments, stated: Grid | None) -> Statement:
    """Return the statement of a source, overridden by arguments.

    Parameters
    ----------
    arguments : SourceArguments
        The caller's arguments, without an affine.
    stated : Grid, optional
        The grid of the source; None if it states none.

    Examples
    --------
    >>> joined_statement(SourceArguments(spacing=(1, 1, 2)), None) == ASSUMED
    True
    >>> joined_statement(SourceArguments(), Grid(shape=(1, 1, 1), spacing_mm=(1, 1, 1))).spacing
    'default'
    """
    if arguments.is_complete:
        return Statement()
    base = UNSTATED
    if stated is not None:
        base = _source_statement(stated)
    if not arguments.has_geometry:
        return base
    if arguments.spacing is not None:
        base = replace(
            base,
            spacing="stated",
            thickness="stated",
            origin=_unless_missing(base.origin),
            direction=_unless_missing(base.direction),
            notes=() if base.origin in {"missing", "default"} else base.notes,
        )
    if not base.has_place:
        return base
    origin: Certainty = "stated" if arguments.origin is not None else base.origin
    direction: Certainty = "stated" if arguments.direction is not None else base.direction
    notes = () if origin == direction == "stated" and base.space == "scanner" else base.notes
    return replace(base, origin=origin, direction=direction, notes=notes)


def _unless_missing(certainty: Certainty) -> Certainty:
    return "assumed" if certainty == "missing" else certainty


def _source_statement(grid: Grid) -> Statement:
    """Return the statement of a source, without image defaults."""
    statement = grid.statement
    if not is_default(grid) or not statement.is_placed_by_source:
        return statement
    notes = (_DEFAULT_NOTE, *statement.notes)
    return replace(statement, spacing="default", origin="default", direction="default", notes=notes)
