"""Axes of volumes: time, echo, diffusion and others, with a value for each entry."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.errors import OptionError, SourceError
from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "AXIS_NAMES",
    "VolumeAxis",
    "VolumeLayout",
    "axis_words",
    "entries_of",
    "layout_of_record",
    "layout_of_times",
    "picked_volumes",
    "plain_axis",
    "record_of_volumes",
    "settled_axes",
    "times_of_axes",
    "volume_words",
]

AXIS_NAMES: Mapping[str, str] = {
    "energy_window": "energy window of nuclear medicine, by name or limits",
    "detector": "detector of nuclear medicine, by its view or number",
    "rotation": "rotation of the detectors",
    "rr_interval": "interval between R waves that the frames belong to",
    "part": "magnitude, phase, real and imaginary part",
    "image_type": "ImageType: water and fat, in phase and out of phase",
    "echo": "echo time",
    "inversion_time": "inversion time",
    "flip_angle": "flip angle",
    "diffusion": "b-value; the direction of each volume is in `gradients`",
    "asl_context": "label, control or m0scan of arterial spin labelling",
    "cardiac_phase": "delay after the R wave, or percentage of the cycle",
    "angular_view": "angle of the detector",
    "time": "seconds after the first volume, or number of the time point",
    "acquisition": "AcquisitionNumber",
    "segment": "segment of a segmentation",
    "volume": "number of the volume: nothing more is known",
}
"""Names of axes, the outer before the inner, and what their values are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeAxis:
    """What differs along an axis of volumes.

    Parameters
    ----------
    name : str
        ``time``, ``echo``, ``part``, ``diffusion``, ``inversion_time``, ``flip_angle``,
        ``asl_context``, ``cardiac_phase``, ``image_type``, ``acquisition``, ``segment`` or
        ``volume``; of nuclear medicine ``energy_window``, ``detector``, ``rotation``,
        ``rr_interval``, ``angular_view``.
    values : tuple of float or str
        One for each entry, in the order of the volumes.
    unit : str
        Of the values: ``s``, ``ms``, ``deg``, ``s/mm2``, ``%``, or "" for numbers and names.

    Raises
    ------
    SourceError
        If there is no value, or the name is none of these.

    Examples
    --------
    >>> axis = VolumeAxis(name="echo", values=(4.9, 7.4), unit="ms")
    >>> len(axis), axis.texts
    (2, ('4.9 ms', '7.4 ms'))
    """

    name: str
    values: tuple[float | str, ...]
    unit: str = ""

    def __post_init__(self) -> None:
        values = tuple(value if isinstance(value, str) else float(value) for value in self.values)
        object.__setattr__(self, "values", values)
        if self.name in AXIS_NAMES and values:
            return
        raise SourceError(
            code="volume-axis-wrong",
            where="volume_axes",
            given=f"an axis {self.name!r} of {len(values)} values",
            expected=f"a name of {', '.join(AXIS_NAMES)}, and at least one value",
            remedy="Give each axis one of these names, and a value for each of its entries.",
        )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def texts(self) -> tuple[str, ...]:
        """The values with their unit."""
        return tuple(map(self._text, self.values))

    def _text(self, value: float | str) -> str:
        if isinstance(value, str):
            return value
        unit = self.unit.replace("mm2", "mm²")
        return f"{value:.6g} {unit}".strip()

    def _place_of(self, entry: int | str) -> int | None:
        if isinstance(entry, str):
            names = [value.lower() for value in self.values if isinstance(value, str)]
            return names.index(entry.lower()) if names.count(entry.lower()) == 1 else None
        is_inside = not isinstance(entry, bool) and -len(self) <= entry < len(self)
        return entry % len(self) if is_inside else None

    def index_of(self, entry: int | str) -> int:
        """Return the index of an entry.

        Parameters
        ----------
        entry : int or str
            Index from 0, negative from the end; or a value that is a name, in any case.

        Raises
        ------
        OptionError
            If there is no such entry.
        """
        index = self._place_of(entry)
        if index is not None:
            return index
        listed = ", ".join(f"{index}: {text}" for index, text in enumerate(self.texts[:8]))
        if len(self) > 8:
            listed += ", …"
        raise OptionError(
            code="volume-axis-entry",
            where="pick",
            given=f"{self.name} {entry!r}",
            expected=f"an index from 0 to {len(self) - 1} ({listed})",
            remedy="Choose one of these entries by its index; those that are words also by name.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeLayout:
    """What is known of the volumes of a series.

    Parameters
    ----------
    axes : tuple of VolumeAxis
        The outer axis first; empty for one volume.
    times_s : tuple of float, optional
        Start of each volume in seconds after the first, if they rise from volume to volume.
    b_values : tuple of float, optional
        Of each volume, s/mm².
    gradients : tuple of (float, float, float), optional
        Unit vector of the diffusion gradient of each volume, patient LPS; zeros where there is no
        direction.
    """

    axes: tuple[VolumeAxis, ...] = ()
    times_s: tuple[float, ...] | None = None
    b_values: tuple[float, ...] | None = None
    gradients: tuple[tuple[float, float, float], ...] | None = None


def plain_axis(volumes: int, times_s: Sequence[float] | None) -> VolumeAxis:
    """Return the axis of volumes of which at most the times are known.

    Examples
    --------
    >>> plain_axis(2, None).values, plain_axis(2, (0, 2.5)).texts
    ((1.0, 2.0), ('0 s', '2.5 s'))
    """
    if times_s is None:
        return VolumeAxis(name="volume", values=tuple(range(1, volumes + 1)))
    return VolumeAxis(name="time", values=tuple(times_s), unit="s")


def layout_of_times(times_s: Sequence[float] | None) -> VolumeLayout:
    """Return the layout of volumes at known times; an empty one without times.

    Examples
    --------
    >>> layout_of_times((0.0, 2.5)).axes[0].texts, layout_of_times(None).axes
    (('0 s', '2.5 s'), ())
    """
    if times_s is None:
        return VolumeLayout()
    axis = plain_axis(len(times_s), times_s)
    return VolumeLayout(axes=(axis,), times_s=tuple(times_s))


def settled_axes(
    axes: Sequence[VolumeAxis], volumes: int | None, times_s: tuple[float, ...] | None
) -> tuple[VolumeAxis, ...]:
    """Return the axes of volumes; the axis of time if none is named.

    Times that were given or removed since the one axis was named change it.

    Raises
    ------
    SourceError
        If two have one name, or the product of their lengths is not the number of volumes.

    Examples
    --------
    >>> settled_axes((), None, None), settled_axes((), 2, (0.0, 2.5))[0].texts
    ((), ('0 s', '2.5 s'))
    """
    if volumes is None:
        return ()
    if not axes or _is_outdated(axes, volumes, times_s):
        return (plain_axis(volumes, times_s),)
    names = [axis.name for axis in axes]
    if math.prod(map(len, axes)) == volumes and len(set(names)) == len(names):
        return tuple(axes)
    lengths = " × ".join(f"{axis.name} {len(axis)}" for axis in axes)
    raise SourceError(
        code="volume-axes-do-not-fit",
        where="volume_axes",
        given=f"{lengths} for {volumes} volumes",
        expected="axes of different names, whose lengths have the number of volumes as product",
        remedy="Give the axes of all volumes, the outer one first, or leave them out.",
    )


def _is_outdated(
    axes: Sequence[VolumeAxis], volumes: int, times_s: tuple[float, ...] | None
) -> bool:
    """Return whether volumes or times changed since the one axis was named."""
    if len(axes) > 1 or axes[0].name not in {"time", "volume", "segment"}:
        return False
    if len(axes[0]) != volumes:
        return True
    if axes[0].name == "segment":
        return False
    if times_s is None:
        return axes[0].unit == "s"
    return axes[0].values != times_s


def times_of_axes(
    axes: Sequence[VolumeAxis], volumes: Sequence[int], times_s: tuple[float, ...] | None
) -> tuple[float, ...] | None:
    """Return the times of some volumes, which have these axes; None if unknown.

    Parameters
    ----------
    axes : sequence of VolumeAxis
        Of these volumes.
    volumes : sequence of int
        Which of all they are.
    times_s : tuple of float or None
        Of all volumes.

    Examples
    --------
    >>> time = VolumeAxis(name="time", values=(0, 2.5), unit="s")
    >>> times_of_axes([time], [2, 3], None)
    (0.0, 2.5)
    """
    if len(axes) != 1:
        return None
    if times_s is not None:
        return tuple(times_s[index] - times_s[volumes[0]] for index in volumes)
    if axes[0].name == "time" and axes[0].unit == "s":
        return tuple(map(float, axes[0].values))
    return None


def volume_words(axes: Sequence[VolumeAxis], times_s: Sequence[float] | None) -> str:
    """Return the number of volumes, and what their axes are; "" for one volume.

    Examples
    --------
    >>> part = VolumeAxis(name="part", values=("magnitude", "phase"))
    >>> volume_words([part], None), volume_words([plain_axis(2, (0, 2.5))], (0, 2.5))
    ('2: part 2 (magnitude, phase)', '2, 2.5 s from first to last')
    """
    if not axes:
        return ""
    duration = f", {times_s[-1]:g} s from first to last" if times_s else ""
    count = math.prod(map(len, axes))
    if len(axes) == 1 and axes[0].name in {"time", "volume"}:
        return f"{count}{duration}"
    return f"{count}: {axis_words(axes)}{duration}"


def axis_words(axes: Sequence[VolumeAxis]) -> str:
    """Return names, lengths and values in a few words.

    Examples
    --------
    >>> axis_words([VolumeAxis(name="echo", values=(5, 7.5), unit="ms")])
    'echo 2 (5, 7.5 ms)'
    """
    return " × ".join(f"{axis.name} {len(axis)}{_value_words(axis)}" for axis in axes)


def _value_words(axis: VolumeAxis) -> str:
    if axis.name == "volume":
        return ""
    if isinstance(axis.values[0], str):
        texts = list(axis.texts)
        return f" ({', '.join(texts[:4])}{', …' if len(texts) > 4 else ''})"
    unit = f" {axis.unit.replace('mm2', 'mm²')}".rstrip()
    numbers = [f"{value:.6g}" for value in axis.values]
    if axis.name == "diffusion":
        numbers = [f"{value:.6g}" for value in sorted(set(map(float, axis.values)))]
    if len(numbers) > 4:
        numbers = [*numbers[:2], "…", numbers[-1]]
    return f" ({', '.join(numbers)}{unit})"


def record_of_volumes(
    axes: Sequence[VolumeAxis],
    b_values: Sequence[float] | None,
    gradients: Sequence[Sequence[float]] | None,
) -> dict[str, Any]:
    """Return axes, b-values and gradients of volumes for programs.

    Examples
    --------
    >>> record_of_volumes([VolumeAxis(name="echo", values=(5, 7), unit="ms")], None, None)
    {'volume_axes': [{'name': 'echo', 'unit': 'ms', 'values': [5.0, 7.0]}]}
    """
    listed = [{"name": axis.name, "unit": axis.unit, "values": list(axis.values)} for axis in axes]
    record: dict[str, Any] = {"volume_axes": listed}
    if b_values is not None and gradients is not None:
        record["b_values"] = list(map(float, b_values))
        record["gradients_lps"] = [list(map(float, gradient)) for gradient in gradients]
    return record


def entries_of(axes: Sequence[VolumeAxis]) -> tuple[tuple[str, ...], ...]:
    """Return the texts of the entries of each volume.

    Examples
    --------
    >>> part = VolumeAxis(name="part", values=("magnitude", "phase"))
    >>> entries_of([part, VolumeAxis(name="echo", values=(5, 7), unit="ms")])[1]
    ('magnitude', '7 ms')
    """
    entries: list[tuple[str, ...]] = [()]
    for axis in axes:
        entries = [(*entry, text) for entry in entries for text in axis.texts]
    return tuple(entries)


def picked_volumes(
    axes: Sequence[VolumeAxis], entries: Mapping[str, int | str]
) -> tuple[tuple[VolumeAxis, ...], tuple[int, ...]]:
    """Return the axes that remain, and the volumes of chosen entries.

    Parameters
    ----------
    axes : sequence of VolumeAxis
        The outer axis first.
    entries : mapping of str to int or str
        Index or name of an entry by axis.

    Raises
    ------
    OptionError
        If there is no such axis or entry.

    Examples
    --------
    >>> time = VolumeAxis(name="time", values=(0, 2.5, 5), unit="s")
    >>> axes, volumes = picked_volumes([time], {"time": -1})
    >>> axes, volumes
    ((), (2,))
    """
    names = [axis.name for axis in axes]
    for name in entries:
        if name not in names:
            raise OptionError(
                code="volume-axis-unknown",
                where="pick",
                given=f"the axis {name!r}",
                expected=f"an axis of this volume: {axis_words(axes)}" if axes else "one volume",
                remedy="Choose an axis that the series has, or leave it out for all volumes.",
            )
    volumes = [0]
    remaining = []
    for axis in axes:
        chosen: Sequence[int] = range(len(axis))
        if axis.name in entries:
            chosen = [axis.index_of(entries[axis.name])]
        else:
            remaining.append(axis)
        volumes = [volume * len(axis) + index for volume in volumes for index in chosen]
    return tuple(remaining), tuple(volumes)


def layout_of_record(record: Mapping[str, Any]) -> VolumeLayout | None:
    """Return axes, b-values and gradients of a record that `record_of_volumes` made.

    None if it has none of them.

    Raises
    ------
    SourceError, AttributeError, KeyError, TypeError, ValueError
        If the record was changed, and is none.

    Examples
    --------
    >>> axis = VolumeAxis(name="echo", values=(5, 7), unit="ms")
    >>> layout_of_record(record_of_volumes([axis], None, None)).axes == (axis,)
    True
    """
    rows, b_values = record.get("volume_axes"), record.get("b_values")
    if rows is None and b_values is None:
        return None
    axes = []
    for row in rows or ():
        unit = str(row.get("unit", ""))
        axes.append(VolumeAxis(name=str(row["name"]), values=tuple(row["values"]), unit=unit))
    if b_values is None:
        return VolumeLayout(axes=tuple(axes))
    gradients = []
    for x, y, z in record["gradients_lps"]:
        gradients.append((float(x), float(y), float(z)))
    return VolumeLayout(
        axes=tuple(axes), b_values=tuple(map(float, b_values)), gradients=tuple(gradients)
    )
