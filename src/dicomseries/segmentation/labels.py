"""Volumes of labels: checked, and read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import KindError, ValuesError
from dicomseries.sources import HIGHEST_LABEL, Volume

__all__ = ["LabelVolume", "check_labels", "read_labels", "renumbered"]

_BYTES_PER_READ = 2**24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelVolume:
    """The labels of a volume.

    Parameters
    ----------
    array : ndarray, shape (slices, rows, columns), uint8 or uint16
        0 outside of all segments.
    values : tuple of int
        The labels above 0 in the array, in order.
    """

    array: npt.NDArray[Any]
    values: tuple[int, ...]


def check_labels(volume: Volume) -> None:
    """Reject volumes that cannot be a label map.

    Parameters
    ----------
    volume : Volume
        Whole numbers or booleans, grey, one time point.

    Raises
    ------
    ValuesError
        For floats and other types, and for scaled integers.
    KindError
        For colour and for several volumes.

    Examples
    --------
    >>> from dicomseries.sources import open_volume
    >>> check_labels(open_volume(np.ones((1, 2, 3), bool), spacing=(1, 1, 1)))
    """
    if volume.samples > 1:
        raise KindError(
            code="colour-not-allowed",
            where="kind",
            given=f"Segmentation and an array with {volume.samples} samples per pixel",
            expected="one label per voxel",
            remedy="Turn each colour into a whole number from 1; of masks or probabilities of "
            "classes take the class of each voxel, array.argmax over their axis; or use "
            "`kind='SC'` for a picture.",
        )
    if (volume.volumes or 1) > 1:
        raise KindError(
            code="volumes-not-allowed",
            where="kind",
            given=f"Segmentation and {volume.volumes} volumes",
            expected="one volume: a Segmentation holds one label map",
            remedy="Pass `split='time'` for one Segmentation per volume, or `time_point=` for one "
            "of them; if the first axis holds masks or probabilities of classes, take the class of "
            "each voxel, array.argmax(0).",
        )
    dtype = volume.slabs.dtype
    if dtype.kind not in "bui":
        raise ValuesError(
            code="labels-not-whole",
            where="source",
            given=f"dtype {dtype.name}",
            expected="whole numbers or booleans: each label names a segment",
            remedy="Convert the array, such as labels.astype('uint16'); threshold a probability "
            "map first; of one map for each class, take array.argmax over the axis of the classes.",
        )
    if volume.is_scaled:
        raise ValuesError(
            code="labels-scaled",
            where="source",
            given=f"integers with slope {volume.slope:g} and intercept {volume.intercept:g}",
            expected="labels without a scale",
            remedy="Pass the real labels as whole numbers, such as labels.astype('uint16').",
        )


def read_labels(volume: Volume) -> LabelVolume:
    """Return the labels of a volume, read once.

    Parameters
    ----------
    volume : Volume
        Accepted by `check_labels`. Its labels need one byte per voxel, or two if its dtype has
        more than one.

    Raises
    ------
    ValuesError
        For negative labels, labels above 65535, and if no voxel has a label.

    Examples
    --------
    >>> from dicomseries.sources import open_volume
    >>> read_labels(open_volume(np.array([[[0, 300, 2]]]), spacing=(1, 1, 1))).values
    (2, 300)
    """
    check_labels(volume)
    slices, rows, columns = volume.grid.shape
    dtype = volume.slabs.dtype
    array = np.empty((slices, rows, columns), np.uint8 if dtype.itemsize == 1 else np.uint16)
    is_present = np.zeros(HIGHEST_LABEL + 1, np.bool_)
    step = max(1, volume.slabs.depth, _BYTES_PER_READ // (rows * columns * dtype.itemsize))
    for start in range(0, slices, step):
        slab = np.asarray(volume.slabs.read(start, min(start + step, slices)))
        _check_range(slab)
        array[start : start + step] = slab
        is_present[array[start : start + step]] = True
    is_present[0] = False
    values = tuple(np.flatnonzero(is_present).tolist())
    if not values:
        raise ValuesError(
            code="labels-empty",
            where="source",
            given="no voxel above 0",
            expected="at least one voxel with a label",
            remedy="Leave the empty mask out: a Segmentation without voxels says nothing.",
        )
    return LabelVolume(array=array, values=values)


def _check_range(slab: npt.NDArray[Any]) -> None:
    low, high = int(slab.min()), int(slab.max())
    if low < 0:
        raise ValuesError(
            code="labels-negative",
            where="source",
            given=f"the label {low}",
            expected=f"labels from 0 (no segment) to {HIGHEST_LABEL}",
            remedy="Set voxels outside of segments to 0 and number the segments from 1.",
        )
    if high > HIGHEST_LABEL:
        raise ValuesError(
            code="labels-too-high",
            where="source",
            given=f"the label {high}",
            expected=f"labels up to {HIGHEST_LABEL}: SegmentNumber has 16 bits "
            "(PS3.3 section C.8.20.2)",
            remedy="Change their numbers: values, labels = np.unique(labels, return_inverse=True), "
            "and reshape labels.",
        )


def renumbered(
    labels: LabelVolume, values: Sequence[int], numbers: Sequence[int]
) -> npt.NDArray[Any]:
    """Return the labels as segment numbers.

    Examples
    --------
    >>> labels = LabelVolume(array=np.array([[[0, 300, 2]]], "uint16"), values=(2, 300))
    >>> renumbered(labels, [2, 300], [1, 2]).tolist()
    [[[0, 2, 1]]]
    """
    dtype = np.uint8 if max(numbers) < 256 else np.uint16
    if tuple(values) == tuple(numbers):
        return labels.array.astype(dtype, copy=False)
    table = np.zeros(HIGHEST_LABEL + 1, dtype)
    table[list(values)] = numbers
    return np.take(table, labels.array)
