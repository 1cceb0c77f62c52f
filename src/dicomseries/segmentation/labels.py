"""Voxels of a layer: checked, and the place of each label found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.errors import KindError, ValuesError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.sources import HIGHEST_LABEL, Volume, used_rows

__all__ = [
    "FRACTION_STEPS",
    "FramePiece",
    "LabelPlaces",
    "LabelSpan",
    "LabelSurvey",
    "check_labels",
    "check_range",
    "label_spans",
    "stored_fractions",
    "unsigned_labels",
]

FRACTION_STEPS = 255
"""MaximumFractionalValue: the stored number of the fraction 1."""


class FramePiece(NamedTuple):
    """Bytes of one frame; the bytes around them are 0.

    Parameters
    ----------
    frame : int
        Frame of the file, from 0, or a slice.
    first : int
        Place of the first byte in the frame.
    content : bytes
        The bytes.
    """

    frame: int
    first: int
    content: bytes


class LabelSpan(NamedTuple):
    """First voxel of a label in a frame, and the one behind its last."""

    label: int
    start: int
    stop: int


def check_labels(volume: Volume, segmentation_type: str = "binary") -> None:
    """Reject volumes that cannot be a layer of labels.

    Parameters
    ----------
    volume : Volume
        Whole numbers or booleans, or fractions in floats; grey, one time point.
    segmentation_type : {"binary", "labelmap", "fractional"}
        Form of the pixels; floats are fractional.

    Raises
    ------
    ValuesError
        For other types, and for scaled integers.
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
            "classes name their axis c, such as `axes='zyxc'`; or use `kind='SC'` for a picture.",
        )
    if (volume.volumes or 1) > 1:
        raise KindError(
            code="volumes-not-allowed",
            where="kind",
            given=f"Segmentation and {volume.volumes} volumes",
            expected="one volume: a Segmentation holds one label map",
            remedy="Pass `split='time'` for one Segmentation per volume, or `time_point=` for one "
            "of them; if the first axis holds masks or probabilities of classes, name it c: "
            "`axes='czyx'`.",
        )
    dtype = volume.slabs.dtype
    kinds = "buif" if segmentation_type == "fractional" else "bui"
    if dtype.kind not in kinds:
        raise ValuesError(
            code="labels-not-whole",
            where="source",
            given=f"dtype {dtype.name}",
            expected="whole numbers or booleans: each label names a segment",
            remedy="Convert labels, such as labels.astype('uint16'); of probabilities pass "
            "`threshold=0.5` for voxels of at least that value, or "
            "`segmentation_type='fractional'` to keep them.",
        )
    if volume.is_scaled:
        raise ValuesError(
            code="labels-scaled",
            where="source",
            given=f"integers with slope {volume.slope:g} and intercept {volume.intercept:g}",
            expected="labels without a scale",
            remedy="Pass the real labels as whole numbers, such as labels.astype('uint16').",
        )


def check_range(slab: npt.NDArray[Any]) -> None:
    """Reject labels that are no segment numbers.

    Raises
    ------
    ValuesError
        For labels below 0 or above 65535.

    Examples
    --------
    >>> check_range(np.array([0, 65535]))
    """
    if slab.dtype.kind == "b" or (slab.dtype.kind == "u" and slab.dtype.itemsize <= 2):
        return
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


def unsigned_labels(slab: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return labels as uint8 or uint16, C-contiguous, native byte order.

    Examples
    --------
    >>> unsigned_labels(np.array([[True, False]])).dtype.name
    'uint8'
    """
    dtype = np.dtype(np.uint8 if slab.dtype.itemsize == 1 else np.uint16)
    if slab.dtype.kind in "bi" and slab.dtype.itemsize == 1:
        slab = slab.view(np.uint8)
    return np.ascontiguousarray(slab, dtype=dtype)


def label_spans(frame: npt.NDArray[Any]) -> Iterator[LabelSpan]:
    """Yield each label above 0 of a frame with its first and last voxel.

    Voxels that follow each other with one label are a run; only the runs are sorted.

    Parameters
    ----------
    frame : ndarray, shape (rows, columns), uint8 or uint16
        C-contiguous.

    Examples
    --------
    >>> [tuple(span) for span in label_spans(np.array([[0, 4, 4], [7, 0, 4]], "uint8"))]
    [(4, 1, 6), (7, 3, 4)]
    """
    rows = used_rows(frame)
    if rows is None:
        return
    before = rows.start * frame.shape[1]
    voxels = frame[rows].reshape(-1)
    if voxels.max() == 1:  # a mask, as most layers are
        inside = np.flatnonzero(voxels)
        yield LabelSpan(1, before + int(inside[0]), before + int(inside[-1]) + 1)
        return
    edges = np.flatnonzero(voxels[1:] != voxels[:-1]) + 1
    starts = np.concatenate(([0], edges))
    labels = voxels[starts]
    runs = np.argsort(labels, kind="stable")
    in_order = labels[runs]
    firsts = np.concatenate(([0], np.flatnonzero(in_order[1:] != in_order[:-1]) + 1))
    lasts = np.concatenate((firsts[1:], [len(runs)])) - 1
    stops = np.concatenate((edges, [len(voxels)]))
    for label, start, stop in zip(
        in_order[firsts].tolist(),
        (before + starts[runs[firsts]]).tolist(),
        (before + stops[runs[lasts]]).tolist(),
        strict=True,
    ):
        if label:
            yield LabelSpan(label, start, stop)


def stored_fractions(frame: npt.NDArray[Any]) -> tuple[int, npt.NDArray[np.uint8], float]:
    """Return the first row with a fraction, the stored rows, and the error.

    Nearest rounding: the error of a voxel is at most 1/510.

    Parameters
    ----------
    frame : ndarray of float, shape (rows, columns)
        From 0 to 1.

    Raises
    ------
    ValuesError
        If a value is NaN or outside of 0 to 1.

    Examples
    --------
    >>> row, stored, error = stored_fractions(np.array([[0.0, 0.0], [0.5, 1.0]]))
    >>> row, stored.tolist(), round(error, 5)
    (1, [[128, 255]], 0.00196)
    """
    used = np.flatnonzero(frame.any(axis=1))
    if not len(used):
        return 0, np.empty((0, frame.shape[1]), np.uint8), 0.0
    first = int(used[0])
    rows = frame[first : int(used[-1]) + 1].astype(np.float64)
    low, high = float(rows.min()), float(rows.max())
    if not 0 <= low <= high <= 1:  # NaN too
        raise ValuesError(
            code="fractions-outside",
            where="source",
            given="NaN" if np.isnan(low) else f"values from {low:g} to {high:g}",
            expected="a probability or occupancy from 0 to 1 in each voxel",
            remedy="Pass the output of the network's sigmoid or softmax, or clip the array: "
            "np.clip(np.nan_to_num(array), 0, 1).",
        )
    stored = np.rint(rows * FRACTION_STEPS)
    error = float(np.abs(stored / FRACTION_STEPS - rows).max())
    return first, stored.astype(np.uint8), error


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelPlaces:
    """Labels of some slices.

    Parameters
    ----------
    slices, labels : tuple of int
        Each slice and label that occur together.
    union : tuple of FramePiece
        Of each slice the bits of voxels in any segment, if asked for.
    """

    slices: tuple[int, ...]
    labels: tuple[int, ...]
    union: tuple[FramePiece, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelSurvey:
    """Finds the labels of each slice; pickled for other processes.

    Parameters
    ----------
    segments : mapping of int to int, optional
        Labels that are segments; all above 0 if not given.
    has_union : bool
        Whether the voxels of all segments are returned too.
    """

    segments: Mapping[int, int] | None = None
    has_union: bool = False

    def __call__(self, slab: npt.NDArray[Any], bounds: tuple[int, int]) -> LabelPlaces:
        """Return the labels of the slices of a slab."""
        if slab.dtype.kind == "f":
            return self._of_fractions(slab, bounds)
        check_range(slab)
        slices: list[int] = []
        labels: list[int] = []
        union: list[FramePiece] = []
        for index, frame in zip(range(*bounds), unsigned_labels(slab), strict=True):
            of_frame = list(label_spans(frame))
            spans = of_frame
            if self.segments is not None:
                spans = [span for span in of_frame if span.label in self.segments]
            slices += [index] * len(spans)
            labels += [span.label for span in spans]
            if self.has_union and spans:
                is_all = len(spans) == len(of_frame)
                union.append(_union(index, frame, spans, is_all=is_all))
        return LabelPlaces(slices=tuple(slices), labels=tuple(labels), union=tuple(union))

    def _of_fractions(self, slab: npt.NDArray[Any], bounds: tuple[int, int]) -> LabelPlaces:
        slices: list[int] = []
        union: list[FramePiece] = []
        for index, frame in zip(range(*bounds), slab, strict=True):
            row, stored, _ = stored_fractions(frame)
            if not stored.any():
                continue
            slices.append(index)
            if self.has_union:
                before = row * frame.shape[1]
                mask = np.concatenate((np.zeros(before % 8, np.bool_), stored.reshape(-1) != 0))
                bits = np.packbits(mask, bitorder="little").tobytes()
                union.append(FramePiece(index, before // 8, bits))
        return LabelPlaces(slices=tuple(slices), labels=(1,) * len(slices), union=tuple(union))


def _union(
    index: int, frame: npt.NDArray[Any], spans: list[LabelSpan], *, is_all: bool
) -> FramePiece:
    """Return the bits of voxels in spans; `is_all`: of all voxels with a label."""
    first = min(span.start for span in spans) // 8
    stop = max(span.stop for span in spans)
    voxels = frame.reshape(-1)[first * 8 : stop]
    if is_all:
        mask = voxels != 0
    else:
        mask = np.isin(voxels, [span.label for span in spans])
    return FramePiece(index, first, np.packbits(mask, bitorder="little").tobytes())
