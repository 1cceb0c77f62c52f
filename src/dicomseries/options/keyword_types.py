"""Types of the keyword arguments of `write` and `plan` (PEP 692)."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from dicomseries.progress_bar import ProgressReport

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from dicomseries.codecs import Codec
    from dicomseries.reading import SeriesSource
    from dicomseries.sources import Volume
    from dicomseries.uids import UidPolicy
    from dicomseries.values import Policy

__all__ = ["MappingLike", "PlanKeywords", "Progress", "WriteKeywords"]

MappingLike: TypeAlias = "Mapping[str, Any] | Dataset | str | os.PathLike[str] | None"
"""A mapping, a pydicom Dataset, or the path of a TOML or JSON file of a mapping."""

Progress: TypeAlias = ProgressReport | bool
"""True for a bar, or a function that is called while the work goes on."""


class PlanKeywords(TypedDict, total=False):
    """Keyword arguments of `plan`, as callers type them."""

    kind: str | None
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
    spacing: Sequence[float] | None
    origin: Sequence[float] | None
    direction: Any
    affine: Any
    space: str | None
    axes: str | None
    orient: str | None
    times: float | Sequence[float] | None
    time_point: int | None
    split: str | None
    per_volume: MappingLike
    segments: Any
    segmentation_type: str | None
    metadata: MappingLike
    bids: MappingLike
    uid: str | Mapping[str, str] | UidPolicy
    now: dt.datetime | None
    entropy: bytes | None
    compression: Codec | str | None
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
