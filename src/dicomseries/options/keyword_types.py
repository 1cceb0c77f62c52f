"""Types of the keyword arguments of `write` and `plan` (PEP 692)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from dicomseries.progress_bar import ProgressReport

if TYPE_CHECKING:
    import numpy.typing as npt
    from pydicom.dataset import Dataset

    from dicomseries.codecs import Codec, CompressionWord
    from dicomseries.geometry import Space
    from dicomseries.iod import KindName
    from dicomseries.orientation import Orient
    from dicomseries.reading import SeriesSource
    from dicomseries.segmentation import SegmentationType
    from dicomseries.sources import Volume
    from dicomseries.uids import UidPolicy
    from dicomseries.values import Policy

__all__ = ["MappingLike", "PlanKeywords", "Progress", "SegmentsLike", "WriteKeywords"]

MappingLike: TypeAlias = "Mapping[str, Any] | Dataset | str | os.PathLike[str] | None"
"""A mapping, a pydicom Dataset, or the path of a TOML or JSON file of a mapping."""

SegmentFacts: TypeAlias = str | Mapping[str, Any] | None
"""The name of a segment, its description by field, or None for no segment."""

SegmentsLike: TypeAlias = (
    "Mapping[Any, SegmentFacts] | Sequence[SegmentFacts] | os.PathLike[str] | str | None"
)
"""Label or name of a mask → name or description, a list for the labels 1, 2, 3 … or for each mask,
or the path of a file."""

Progress: TypeAlias = ProgressReport | bool
"""True for a bar, or a function that is called while the work goes on."""


class PlanKeywords(TypedDict, total=False):
    """Keyword arguments of `plan`, as callers type them."""

    kind: KindName | None
    values: Policy | str
    nan: float | None
    clip: tuple[float, float] | None
    value_range: tuple[float, float] | None
    units: str | None
    companion: bool
    like: SeriesSource | Volume | None
    series: str | None
    derivation: str | Sequence[str] | Mapping[str, str] | None
    description: str | None
    model: Mapping[str, str] | None
    keep_private: Sequence[str]
    same_space: bool | None
    spacing: Sequence[float] | npt.NDArray[Any] | None
    origin: Sequence[float] | npt.NDArray[Any] | None
    direction: npt.ArrayLike | None
    affine: npt.ArrayLike | None
    space: Space | None
    positions: npt.ArrayLike | str | os.PathLike[str] | None
    axes: str | None
    orient: Orient | None
    times: npt.ArrayLike | None
    time_point: int | None
    part: Literal["magnitude", "phase", "real", "imaginary"] | None
    split: Literal["time"] | None
    per_volume: MappingLike
    segments: SegmentsLike
    segmentation_type: SegmentationType | None
    threshold: float | None
    metadata: MappingLike
    bids: MappingLike
    uid: str | Mapping[str, str] | UidPolicy
    now: dt.datetime | None
    entropy: bytes | None
    compression: Codec | CompressionWord | None
    workers: int | None
    memory: int | str | None
    executor: Any
    progress: Progress | None
    storage_options: Mapping[str, Any] | None


class WriteKeywords(PlanKeywords, total=False):
    """Keyword arguments of `write`, as callers type them."""

    overwrite: bool
    resume: bool
    verify: bool
    sync: bool
    dicomdir: bool
