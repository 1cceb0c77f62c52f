"""The loss that `transcode` is allowed: only what a user states."""

from __future__ import annotations

import math
import operator

from dicomseries.codecs import Codec
from dicomseries.errors import OptionError
from dicomseries.transcoding import Loss

__all__ = ["LOSSY_FILES", "check_loss"]

LOSSY_FILES = (
    "Compressed with loss: SeriesInstanceUID and SOPInstanceUID are new, ImageType is DERIVED, and "
    "values such as PixelPaddingValue may be off by the error. Keep the source for measurements."
)

_CODECS_OF_RATIO = ("j2k", "htj2k")


def check_loss(codec: Codec | None, near: int | None, ratio: float | None) -> Loss | None:
    """Return the loss that is allowed; None for none.

    Raises
    ------
    OptionError
        If a value is not possible, or belongs to another codec.
    """
    if near is None and ratio is None:
        return None
    word = codec.word if codec is not None else None
    if near is not None and (word != "jpegls" or ratio is not None):
        raise _not_possible(
            name="near", value=near, expected="`compression='jpegls'`, without `ratio=`"
        )
    if ratio is not None and word not in _CODECS_OF_RATIO:
        raise _not_possible(
            name="ratio", value=ratio, expected="`compression='j2k'` or `compression='htj2k'`"
        )
    if codec is None:
        return None
    if near is not None:
        return Loss(codec=codec, near=_near(near))
    return Loss(codec=codec, ratio=_ratio(ratio))


def _near(near: object) -> int:
    try:
        whole = operator.index(near)  # type: ignore[arg-type]
    except TypeError:
        whole = 0
    if isinstance(near, bool) or not 1 <= whole <= 255:
        raise OptionError(
            code="near-not-possible",
            where="near",
            given=repr(near),
            expected="a whole number from 1 to 255, in stored values",
            remedy="Pass `near=1` or more, or leave it out for no loss.",
        )
    return whole


def _ratio(ratio: object) -> float:
    is_number = isinstance(ratio, (int, float)) and not isinstance(ratio, bool)
    if not is_number or not math.isfinite(ratio) or not 1 < ratio <= 1000:  # type: ignore[arg-type,operator]
        raise OptionError(
            code="ratio-not-possible",
            where="ratio",
            given=repr(ratio),
            expected="a number above 1 and at most 1000",
            remedy="Pass `ratio=10` for pixels ten times smaller, or leave it out for no loss.",
        )
    return float(ratio)  # type: ignore[arg-type]


def _not_possible(*, name: str, value: object, expected: str) -> OptionError:
    return OptionError(
        code=f"{name}-not-possible",
        where=name,
        given=f"`{name}={value!r}` with another codec",
        expected=expected,
        remedy="Choose that compression, or leave the option out for no loss.",
    )
