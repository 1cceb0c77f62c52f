"""Layers → what the page is told of them, as plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dicomseries.checks import Finding
from dicomseries.geometry import Grid
from dicomseries.sources import Volume
from dicomseries.viewing.layers import Layer
from dicomseries.viewing.planes import wire_dtype

__all__ = ["attributes_of", "findings_of", "page_model", "ruler_unit"]

_LONGEST_TEXT = 400
"""Characters of a value that are shown."""


def page_model(layers: Sequence[Layer], *, title: str) -> dict[str, Any]:
    """Return what the page must know to show the layers, the first of which is below the others.

    Returns
    -------
    dict
        Plain values. Shapes are (slices, rows, columns); ``affine`` maps (column, row, slice) to LPS mm.
    """
    return {"title": title, "layers": [_layer(layer) for layer in layers]}


def ruler_unit(grid: Grid) -> str:
    """Return the unit of a ruler on a picture, with where its lengths hold; empty where no length is stated.

    Examples
    --------
    >>> from dicomseries.geometry_statement import Statement
    >>> detector = Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 1), statement=Statement(lengths="detector"))
    >>> ruler_unit(detector), ruler_unit(detector.stated(Statement(spacing="missing")))
    ('mm at the detector', '')
    """
    if not grid.statement.has_lengths:
        return ""
    where = {
        "detector": " at the detector",
        "film": " on the film",
        "ultrasound region": " in the regions",
    }
    return f"mm{where.get(grid.statement.lengths, '')}"


def _layer(layer: Layer) -> dict[str, Any]:
    volume = layer.volume
    return {
        "name": layer.name,
        "kind": layer.kind,
        "unit": layer.unit,
        "shape": list(volume.grid.shape),
        "volumes": volume.volumes or 1,
        "samples": volume.samples,
        "dtype": wire_dtype(volume.slabs.dtype).name,
        "slope": volume.slope,
        "intercept": volume.intercept,
        "affine": volume.grid.affine().tolist(),
        "hasPlace": volume.grid.statement.has_place,
        "rulerUnit": ruler_unit(volume.grid),
        "window": layer.window.to_dict(),
        "valuesWindow": layer.values_window.to_dict(),
        "presets": [{"name": name, **window.to_dict()} for name, window in layer.presets],
        "labels": [
            {"value": value, "name": name or f"Segment {value}"}
            for value, name in sorted(layer.labels.items())
        ],
        "axis": layer.axis,
        "steps": list(layer.steps),
        "isInverted": layer.is_inverted,
    }


def attributes_of(volume: Volume) -> dict[str, Any]:
    """Return the attributes of a series as texts.

    Returns
    -------
    dict
        ``shared``: pairs of name and text; ``varying``: for each name one text a frame, in the order of the array, or,
        where frames have no attributes of their own (empty slices of a segmentation), a single text.
    """
    if volume.tags is None:
        return {"shared": [], "varying": {}}
    each = volume.tags.instances
    names = dict.fromkeys(name for one in each for name in one)
    is_by_frame = len(each) == volume.slabs.shape[0]
    return {
        "shared": [[name, _text(value)] for name, value in volume.tags.shared.items()],
        "varying": {
            name: [_text(one.get(name, "")) for one in each]
            if is_by_frame
            else [f"({len(each)} values)"]
            for name in names
        },
    }


def findings_of(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return what is wrong with a series, each fault once with the number of places that have it."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.level, finding.message), []).append(finding)
    return [
        {
            "id": first.id,
            "level": first.level,
            "part": first.part,
            "where": first.where if len(alike) == 1 else f"{first.where} and {len(alike) - 1} more",
            "message": first.message,
            "remedy": first.remedy,
        }
        for alike in groups.values()
        for first in alike[:1]
    ]


def _text(value: Any) -> str:
    text = _whole_text(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"


def _whole_text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_whole_text(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(part, Mapping) for part in value) else "\\").join(
            map(_whole_text, value)
        )
    return str(value)
