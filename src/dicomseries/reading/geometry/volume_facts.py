"""What differs between the volumes of a series, in the field's terms.

A fact has a value for each frame: echo time, part, b-value and direction. `axis_layout` makes axes
of those that differ from volume to volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading.geometry.vendor_facts import (
    DIFFUSION_COLUMNS,
    FIELD_MAP,
    asl_word,
    part_of_codes,
)
from dicomseries.reading.geometry.volume_keys import (
    ASL_CONTEXT,
    file_column,
    frame_column,
    frame_texts,
)
from dicomseries.reading.parse.functional_groups import FunctionalGroups, path_of
from dicomseries.reading.parse.instance import Instance

__all__ = ["VolumeFact", "diffusion_of_frames", "facts_of_files", "facts_of_frames"]

Floats = npt.NDArray[np.float64]

_PART_ORDER = ("magnitude", "phase", "real", "imaginary", FIELD_MAP, "")
_DIFFUSION = "MRDiffusionSequence"
_TIMING = "MRTimingAndRelatedParametersSequence"
_CARDIAC = "CardiacSynchronizationSequence"

_FILE_NUMBERS = (
    ("echo", "ms", "EchoTime"),
    ("echo", "", "EchoNumbers"),
    ("inversion_time", "ms", "InversionTime"),
    ("flip_angle", "deg", "FlipAngle"),
)
_FRAME_NUMBERS = (
    ("echo", "ms", ("MREchoSequence", "EffectiveEchoTime")),
    ("inversion_time", "ms", ("MRModifierSequence", "InversionTimes")),
    ("flip_angle", "deg", (_TIMING, "FlipAngle")),
    ("cardiac_phase", "ms", (_CARDIAC, "NominalCardiacTriggerDelayTime")),
    ("cardiac_phase", "%", (_CARDIAC, "NominalPercentageOfCardiacPhase")),
    ("time", "", ("FrameContentSequence", "TemporalPositionIndex")),
    ("acquisition", "", ("FrameContentSequence", "FrameAcquisitionNumber")),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VolumeFact:
    """An attribute of the frames that may be an axis of volumes.

    Parameters
    ----------
    axis : str
        Name of the axis.
    values : ndarray, shape (frames, n)
        NaN if missing; codes of names.
    unit : str
        Of the values.
    names : tuple of str
        Name of each code; empty for numbers.
    """

    axis: str
    values: Floats
    unit: str = ""
    names: tuple[str, ...] = ()


def facts_of_files(
    instances: Sequence[Instance],
    diffusion: Floats | None,
    parts: Sequence[str],
    asl_contexts: Sequence[str],
) -> tuple[VolumeFact, ...]:
    """Return the facts about files of one frame, the outer axis first.

    Parameters
    ----------
    instances : sequence of Instance
        Of one series.
    diffusion : ndarray, shape (files, 4), or None
        b-values and directions, as `diffusion_of_files` returns them.
    parts : sequence of str
        Part of a complex value, as `parts_of_files` returns them.
    asl_contexts : sequence of str
        Label, control or m0scan, as `asl_contexts_of_files` returns them.
    """
    facts = list(_named("part", parts, _PART_ORDER))
    facts += _named("image_type", ["\\".join(file.texts("ImageType")) for file in instances])
    for axis, unit, keyword in _FILE_NUMBERS:
        facts += _numbers(axis, unit, file_column(instances, keyword, 1))
    facts += _numbers("diffusion", "s/mm2", diffusion)
    facts += _named("asl_context", asl_contexts)
    if _is_cardiac(instances):
        facts += _numbers("cardiac_phase", "ms", file_column(instances, "TriggerTime", 1))
    facts += _numbers("time", "", file_column(instances, "TemporalPositionIdentifier", 1))
    facts += _numbers("acquisition", "", file_column(instances, "AcquisitionNumber", 1))
    return tuple(facts)


def facts_of_frames(
    files: Sequence[FunctionalGroups], diffusion: Floats | None
) -> tuple[VolumeFact, ...]:
    """Return the facts about frames of multi-frame files, the outer axis first.

    Parameters
    ----------
    files : sequence of FunctionalGroups
        Of one series.
    diffusion : ndarray, shape (frames, 4), or None
        As `diffusion_of_frames` returns them.
    """
    facts = list(_named("part", _frame_parts(files), _PART_ORDER))
    types = frame_texts(files, ("MRImageFrameTypeSequence", "FrameType"))
    facts += _named("image_type", types)
    facts += _named("asl_context", list(map(asl_word, frame_texts(files, ASL_CONTEXT))))
    for axis, unit, keywords in _FRAME_NUMBERS:
        facts += _numbers(axis, unit, frame_column(files, path_of(*keywords), 1))
        if axis == "flip_angle":
            facts += _numbers("diffusion", "s/mm2", diffusion)
    return tuple(facts)


def diffusion_of_frames(files: Sequence[FunctionalGroups]) -> Floats | None:
    """Return b-values and unit vectors of frames, shape (frames, 4).

    Patient LPS; zeros where there is no direction. None if all frames lack a b-value.
    """
    b_values = frame_column(files, path_of(_DIFFUSION, "DiffusionBValue"), 1)
    if b_values is None:
        return None
    direction = path_of(
        _DIFFUSION, "DiffusionGradientDirectionSequence", "DiffusionGradientOrientation"
    )
    vectors = frame_column(files, direction, 3)
    table = np.zeros((len(b_values), DIFFUSION_COLUMNS))
    table[:, 0] = b_values[:, 0]
    if vectors is not None:
        lengths = np.linalg.norm(np.nan_to_num(vectors), axis=1)
        is_directed = (lengths > 1e-6) & (b_values[:, 0] > 0)
        table[is_directed, 1:] = vectors[is_directed] / lengths[is_directed, None]
    return table


def _frame_parts(files: Sequence[FunctionalGroups]) -> list[str]:
    parts = []
    components = frame_texts(files, ("MRImageFrameTypeSequence", "ComplexImageComponent"))
    types = frame_texts(files, ("MRImageFrameTypeSequence", "FrameType"))
    for component, frame_type in zip(components, types, strict=True):
        of_type = part_of_codes(frame_type.split("\\"))
        of_component = part_of_codes(("", "", component))
        parts.append(of_type if of_type == FIELD_MAP else of_component or of_type)
    if any(parts):
        return parts
    by_file: list[str] = []
    for groups in files:
        codes = groups.instance.texts("ImageType")
        by_file += [part_of_codes(codes)] * groups.count
    return by_file


def _is_cardiac(instances: Sequence[Instance]) -> bool:
    """Return whether TriggerTime is a phase of the heart's cycle, not a clock."""
    return instances[0].decimal("CardiacNumberOfImages", 0) > 1


def _numbers(axis: str, unit: str, values: Floats | None) -> Iterator[VolumeFact]:
    if values is not None:
        yield VolumeFact(axis=axis, unit=unit, values=values)


def _named(axis: str, texts: Sequence[str], order: Sequence[str] = ()) -> Iterator[VolumeFact]:
    """Yield a fact of names, if they differ."""
    present = set(texts)
    if len(present) < 2:
        return
    names = [name for name in order if name in present] or sorted(present)
    codes = {name: float(code) for code, name in enumerate(names)}
    column = np.array([[codes[text]] for text in texts])
    yield VolumeFact(axis=axis, values=column, names=tuple(name or "other" for name in names))
