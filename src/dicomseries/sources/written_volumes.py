"""Axes of volumes that a file of this package states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dicomseries.errors import SourceError
from dicomseries.sources.arguments.source_arguments import SourceArguments
from dicomseries.sources.volume import Volume
from dicomseries.volume_axes import layout_of_record

__all__ = ["record_of_text", "with_written_volumes"]


def with_written_volumes(
    volume: Volume, record: Mapping[str, Any], arguments: SourceArguments
) -> Volume:
    """Return a volume with the axes, b-values and gradients of its file.

    Parameters
    ----------
    volume : Volume
        As it was opened.
    record : mapping
        As `record_of_volumes` makes it; other keys are left out of account. A record that does not
        fit the volumes is left out: the file was changed.
    arguments : SourceArguments
        Times of the caller name the axis of volumes instead.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> grid = Grid(shape=(1, 1, 1), spacing_mm=(1, 1, 1))
    >>> volume = Volume(slabs=array_frames(np.zeros((2, 1, 1))), grid=grid, volumes=2)
    >>> record = {"volume_axes": [{"name": "echo", "unit": "ms", "values": [5, 7]}]}
    >>> with_written_volumes(volume, record, SourceArguments()).volume_axes[0].texts
    ('5 ms', '7 ms')
    """
    if volume.volumes is None or arguments.times is not None:
        return volume
    try:
        layout = layout_of_record(record)
        if layout is None:
            return volume
        return replace(
            volume,
            volume_axes=layout.axes or volume.volume_axes,
            b_values=None if layout.b_values is None else np.array(layout.b_values),
            gradients=None if layout.gradients is None else np.array(layout.gradients),
        )
    except (SourceError, AttributeError, KeyError, TypeError, ValueError):
        return volume


def record_of_text(text: str) -> Mapping[str, Any]:
    """Return a record from its JSON; an empty one if it is none.

    Examples
    --------
    >>> record_of_text('{"b_values": [0]}'), record_of_text("[]"), record_of_text("{")
    ({'b_values': [0]}, {}, {})
    """
    try:
        record = json.loads(text)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
