"""Layers, attributes and findings as plain values for the page."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dicomseries.checks import Finding
from dicomseries.geometry import Grid
from dicomseries.sources import Volume
from dicomseries.viewing.layers import Layer
from dicomseries.viewing.planes import wire_dtype

__all__ = ["attributes_of", "findings_of", "page_model", "ruler_unit"]

_LONGEST_TEXT = 400
"""Longest shown text of a value, in characters."""


_NO_PLACE = "no place stated"
_PLACE_OF_EACH = "on the plane of the slice: ImagePositionPatient"

_RULER_PLACES = {
    "detector": " at the detector",
    "film": " on the film",
    "ultrasound region": " in the regions",
}


def page_model(layers: Sequence[Layer], *, title: str) -> dict[str, Any]:
    """Return the description of the layers, the lowest first.

    Returns
    -------
    dict
        Plain values. Shapes are (slices, rows, columns); ``affine`` maps (column, row, slice) to
        LPS mm.
    """
    notes: dict[str, None] = {}
    for layer in layers:
        notes |= dict.fromkeys(map(_sentence, layer.notes))
    return {"title": title, "layers": list(map(_layer, layers)), "notes": list(notes)}


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def ruler_unit(grid: Grid) -> str:
    """Return the unit of a ruler; empty without stated lengths.

    Examples
    --------
    >>> from dicomseries.geometry_statement import Statement
    >>> statement = Statement(lengths="detector")
    >>> detector = Grid(shape=(1, 4, 5), spacing_mm=(1, 1, 1), statement=statement)
    >>> ruler_unit(detector), ruler_unit(detector.stated(Statement(spacing="missing")))
    ('mm at the detector', '')
    """
    if not grid.statement.has_lengths:
        return ""
    return f"mm{_RULER_PLACES.get(grid.statement.lengths, '')}"


def _layer(layer: Layer) -> dict[str, Any]:
    volume = layer.volume
    presets, labels = [], []
    for name, window in layer.presets:
        presets.append({"name": name, **window.to_dict()})
    for value, name in sorted(layer.labels.items()):
        labels.append({"value": value, "name": name or f"Segment {value}"})
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
        "noPlace": _NO_PLACE if layer.planes is None else _PLACE_OF_EACH,
        "rulerUnit": ruler_unit(volume.grid),
        "window": layer.window.to_dict(),
        "valuesWindow": layer.values_window.to_dict(),
        "presets": presets,
        "labels": labels,
        "axis": layer.axis,
        "steps": list(layer.steps),
        "isInverted": layer.is_inverted,
    }


def attributes_of(volume: Volume) -> dict[str, Any]:
    """Return the attributes of a series as texts.

    Returns
    -------
    dict
        ``shared``: pairs of name and text; ``varying``: for each name one text per frame, in the
        order of the array, or a single text if some frames have no attributes (empty slices of a
        segmentation).
    """
    if volume.tags is None:
        return {"shared": [], "varying": {}}
    frames = volume.tags.instances
    varying: dict[str, list[str]] = {}
    for name in dict.fromkeys(itertools.chain.from_iterable(frames)):
        varying[name] = [f"({len(frames)} values)"]
        if len(frames) == volume.slabs.shape[0]:
            varying[name] = [_text(attributes.get(name, "")) for attributes in frames]
    shared = [[name, _text(value)] for name, value in volume.tags.shared.items()]
    return {"shared": shared, "varying": varying}


def findings_of(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings, equal ones once with their number."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.id, finding.level, finding.message), []).append(finding)
    rows = []
    for alike in groups.values():
        row = dataclasses.asdict(alike[0])
        if len(alike) > 1:
            row["where"] += f" and {len(alike) - 1} more"
        rows.append(row)
    return rows


def _text(value: Any) -> str:
    text = _full_text(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"


def _full_text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        parts = [f"{name}: {_full_text(part)}" for name, part in value.items()]
        return f"{{{', '.join(parts)}}}"
    if isinstance(value, list | tuple):
        has_items = any(isinstance(part, Mapping) for part in value)
        return ("; " if has_items else "\\").join(map(_full_text, value))
    return str(value)
