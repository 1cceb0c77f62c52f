"""Which series one array becomes: one of the kind asked for, or a lossless map with a companion for display."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicomseries.errors import OptionError
from dicomseries.iod import Kind, find_kind
from dicomseries.standard.readers import DICOM2NIFTI, GDCM, OHIF, SIMPLEITK, listed
from dicomseries.values import Lossless, Policy
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["Form", "forms_of"]

_MAP = "ParametricMap"
_DISPLAY = "SC"
"""The companion of a map whose numbers nobody has called anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way the array is written.

    Parameters
    ----------
    kind : Kind
        The object.
    policy : policy or None
        What becomes of the values; None is "auto".
    nan, clip
        As in `write`; a map keeps every value, so they are the companion's alone.
    folder : str
        Where its files go below the target.
    description : str
        Added to SeriesDescription, so that people tell the two apart.
    advice : tuple of str
        What the user should know about the choice.
    """

    kind: Kind
    policy: Policy | None
    nan: float | None = None
    clip: tuple[float, float] | None = None
    folder: str = ""
    description: str = ""
    advice: tuple[str, ...] = ()


def forms_of(request: WriteRequest, dtype: np.dtype[np.generic]) -> tuple[Form, ...]:
    """Return the forms that were asked for.

    Raises
    ------
    OptionError
        If a companion is asked for of what is lossless in a classic series already.
    """
    if request.options.companion:
        return _with_companion(request, dtype)
    asked = Form(
        kind=request.kind,
        policy=request.options.values,
        nan=request.options.nan,
        clip=request.options.clip,
    )
    if (
        not isinstance(request.options.values, Lossless)
        or dtype.kind != "f"
        or request.kind.pixels.floats
    ):
        return (asked,)
    advice = (
        f"Floats are kept bit for bit in a Parametric Map, as no {request.kind.name} image can hold them; "
        f"{listed(SIMPLEITK, GDCM, DICOM2NIFTI, OHIF)} cannot read it. Pass `companion=True` for a {request.kind.name} "
        "series beside it."
    )
    kept = {"nan": request.options.nan, "clip": request.options.clip}
    return (Form(kind=find_kind(_MAP), policy=Lossless(), advice=(advice,), **kept),)  # type: ignore[arg-type]


def _with_companion(request: WriteRequest, dtype: np.dtype[np.generic]) -> tuple[Form, ...]:
    is_map = request.kind.pixels.floats
    if not is_map and dtype.kind != "f":
        raise OptionError(
            code="companion-not-needed",
            where="companion",
            given=f"{dtype.name} with `kind={request.kind.name!r}`",
            expected="floats, or `kind='ParametricMap'`: integers are exact in a classic series",
            remedy="Leave `companion=` out.",
        )
    display = find_kind(_DISPLAY) if is_map else request.kind
    policy = None if isinstance(request.options.values, Lossless) else request.options.values
    return (
        Form(kind=find_kind(_MAP), policy=Lossless(), folder="map", description="lossless"),
        Form(
            kind=display,
            policy=policy,
            nan=request.options.nan,
            clip=request.options.clip,
            folder="display",
            description="for display",
        ),
    )
