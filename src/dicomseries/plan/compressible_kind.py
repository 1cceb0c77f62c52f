"""Kinds and value maps that a codec can compress."""

from __future__ import annotations

from dataclasses import replace

from dicomseries.codecs import Codec, syntax_of
from dicomseries.errors import OptionError
from dicomseries.iod import Kind
from dicomseries.values import ValueMap

__all__ = ["check_compressible", "check_sign", "kind_for_codec"]


def kind_for_codec(kind: Kind, codec: Codec | None) -> Kind:
    """Return the kind, unsigned if the codec has no sign.

    A kind without an intercept (PT) stays as it is: its values are not negative.
    """
    if not syntax_of(codec).is_unsigned or kind.pixels.floats or kind.pixels.zero_intercept:
        return kind
    return replace(kind, pixels=replace(kind.pixels, unsigned=True))


def check_compressible(kind: Kind, codec: Codec | None) -> None:
    """Reject a codec for floats (PS3.5 section 8.2)."""
    if codec is not None and kind.pixels.floats:
        raise OptionError(
            code="compression-of-floats",
            where="compression",
            given=f"{codec.word} for a {kind.name}",
            expected="integers: the codecs of DICOM take no floating point pixels "
            "(PS3.5 section 8.2)",
            remedy="Leave `compression=` and `companion=` out, or write 16-bit integers: "
            "`values='rescale'` with `kind='SC'`.",
        )


def check_sign(value_map: ValueMap, codec: Codec | None) -> None:
    """Reject negative stored numbers if the codec has no sign."""
    if codec is not None and syntax_of(codec).is_unsigned and value_map.signed:
        raise OptionError(
            code="compression-needs-unsigned",
            where="compression",
            given=f"{codec.word} for stored numbers of {value_map.dtype}",
            expected="numbers from 0 up: the stream has no sign, and the kind allows no intercept",
            remedy="Choose `compression='jpegls'` or 'j2k', `clip=` the values at 0, or another "
            "kind.",
        )
