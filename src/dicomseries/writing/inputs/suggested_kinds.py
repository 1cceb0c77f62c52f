"""Kinds that suit results of sources that no array is written as."""

from __future__ import annotations

from collections.abc import Mapping

from dicomseries.derivation import SourceSeries
from dicomseries.errors import KindError
from dicomseries.standard.objects.image_classes import image_class

__all__ = ["kind_unknown"]

_STORAGE = "1.2.840.10008.5.1.4.1.1."

_RELATIVE_DOSE = "481.2 in parts of another dose"
_REMEDIES: Mapping[str, str] = {
    "481.2": "Pass `kind='ParametricMap'` with `units='Gy'`: it keeps the doses, their unit and "
    "their place. A picture of them is `kind='SC'`.",
    _RELATIVE_DOSE: "Pass `kind='ParametricMap'` with `units='1'`: it keeps the relative doses and "
    "their place. A picture of them is `kind='SC'`.",
    "66.4": "Pass `kind='Segmentation'` for labels, or `kind='SC'` for a picture.",
    "66.7": "Pass `kind='Segmentation'` for labels, or `kind='SC'` for a picture.",
    "20": "Pass `kind='ParametricMap'` with `units=` for slices in space, such as counts; "
    "`kind='MultiframeSC'` for views without a place, or `kind='SC'` for one picture.",
    "130": "Pass `kind='PT'` with its `units=`, or `kind='ParametricMap'` for exact floats.",
    "128.1": "Pass `kind='PT'` with its `units=`, or `kind='ParametricMap'` for exact floats.",
}
"""End of the SOP class → remedy."""


_OF_SLICES = (
    "Pass the kind of the result, such as `kind='ParametricMap'` for maps, 'SC' or 'Segmentation'."
)
_OF_COLOURED_SLICES = (
    "Pass `kind='SC'` for colours, `kind='ParametricMap'` for maps, or `kind='Segmentation'`."
)
_OF_PICTURES = (
    "Pass `kind='MultiframeSC'` for a clip or several pictures in one file, or `kind='SC'` for a "
    "file each; neither needs a place."
)
_OF_ONE_PICTURE = (
    "Pass `kind='SC'`: a picture, which needs no place; or `kind='Segmentation'` for labels."
)


def kind_unknown(source: SourceSeries) -> KindError:
    """Return the error for a source whose kind is not written, with one that suits."""
    end = source.sop_class_uid.removeprefix(_STORAGE)
    units = source.get("DoseUnits")
    if units is not None and "RELATIVE" in units.values:
        end = _RELATIVE_DOSE
    remedy = _REMEDIES.get(end)
    if remedy is None:
        remedy = _remedy_of_plane(source)
    return KindError(
        code="kind-of-source-unknown",
        where="kind",
        given=f"a source of the class {_class_name(source.sop_class_uid)} "
        f"({source.modality or 'no modality'})",
        expected="`kind=`, as no array is written as that",
        remedy=remedy,
    )


def _remedy_of_plane(source: SourceSeries) -> str:
    """Return the remedy for pictures without a plane, or for slices."""
    if image_class(source.sop_class_uid).has_plane or source.grid.statement.has_place:
        samples = source.get("SamplesPerPixel")
        is_coloured = samples is not None and samples.values == (3,)
        return _OF_COLOURED_SLICES if is_coloured else _OF_SLICES
    return _OF_PICTURES if len(source.frames) > 1 else _OF_ONE_PICTURE


def _class_name(sop_class_uid: str) -> str:
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    name = UID(sop_class_uid).name.removesuffix(" Storage")
    return name or sop_class_uid
