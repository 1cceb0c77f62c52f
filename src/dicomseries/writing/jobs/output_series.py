"""The output series of an array."""

from __future__ import annotations

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.iod import Kind, find_kind
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.known_readers import DICOM2NIFTI, GDCM, SIMPLEITK, listed
from dicomseries.values import Lossless, Policy
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["OutputSeries", "output_series"]

_MAP = "ParametricMap"
_DISPLAY = "SC"
"""Kind of the companion of a Parametric Map, whose quantity is not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSeries:
    """One of the series that an array is written as.

    Parameters
    ----------
    kind : Kind
        The information object.
    policy : policy or None
        How values are stored; None is "auto".
    nan, clip
        As in `write`; a map keeps every value, so they belong to the companion alone.
    folder : str
        Folder of its files below the target.
    description : str
        Added to SeriesDescription, so that people can distinguish the two.
    advice : tuple of str
        Sentences for the user about the choice.
    """

    kind: Kind
    policy: Policy | None
    nan: float | None = None
    clip: tuple[float, float] | None = None
    folder: str = ""
    description: str = ""
    advice: tuple[str, ...] = ()


def output_series(request: WriteRequest, dtype: np.dtype[np.generic]) -> tuple[OutputSeries, ...]:
    """Return the series that the options ask for.

    Raises
    ------
    OptionError
        If a companion is asked for, but a classic series is lossless already.
    """
    options, kind = request.options, request.kind
    if options.companion:
        return _with_companion(request, dtype)
    is_lossless = isinstance(options.values, Lossless) and dtype.kind == "f"
    if not is_lossless or kind.pixels.floats:
        series = OutputSeries(kind=kind, policy=options.values, nan=options.nan, clip=options.clip)
        return (series,)
    advice = (
        f"Floats are kept bit for bit in a Parametric Map, as no {kind.name} image can hold them; "
        f"{listed(SIMPLEITK, GDCM, DICOM2NIFTI)} cannot read it. Pass `companion=True` for a "
        f"{kind.name} series beside it."
    )
    series = OutputSeries(
        kind=find_kind(_MAP),
        policy=Lossless(),
        nan=options.nan,
        clip=options.clip,
        advice=(advice,),
    )
    return (series,)


def _with_companion(request: WriteRequest, dtype: np.dtype[np.generic]) -> tuple[OutputSeries, ...]:
    options, is_map = request.options, request.kind.pixels.floats
    if not is_map and dtype.kind != "f":
        raise OptionError(
            code="companion-not-needed",
            where="companion",
            given=f"{dtype.name} with `kind={request.kind.name!r}`",
            expected="floats, or `kind='ParametricMap'`: integers are exact in a classic series",
            remedy="Leave `companion=` out.",
        )
    lossless = OutputSeries(
        kind=find_kind(_MAP), policy=Lossless(), folder="map", description="lossless"
    )
    kind, policy = request.kind, options.values
    if is_map:
        kind = find_kind(_DISPLAY)
    if isinstance(policy, Lossless):
        policy = None
    display = OutputSeries(
        kind=kind,
        policy=policy,
        nan=options.nan,
        clip=options.clip,
        folder="display",
        description="for display",
    )
    return lossless, display
