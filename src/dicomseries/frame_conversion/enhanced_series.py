"""Files of one frame each as one legacy converted enhanced file, through highdicom."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from dicomseries.errors import ValuesError, missing_package
from dicomseries.frame_conversion.compare_conversion import check_enhanced_frames
from dicomseries.frame_conversion.flat_attributes import flat_attributes
from dicomseries.iod import item_of_words
from dicomseries.reading import Instance, read_instance
from dicomseries.standard.attributes.attribute import Item
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.transcoding import transcoded
from dicomseries.uids import make_uid

__all__ = ["enhanced_file", "enhanced_obstacle"]

_CT, _PET = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.128"
_CONVERTERS = {
    "1.2.840.10008.5.1.4.1.1.2": "LegacyConvertedEnhancedCTImage",
    "1.2.840.10008.5.1.4.1.1.4": "LegacyConvertedEnhancedMRImage",
    "1.2.840.10008.5.1.4.1.1.128": "LegacyConvertedEnhancedPETImage",
}
"""SOP class of files of one frame → class of highdicom."""
_ADDED_EMPTY = (
    "ClinicalTrialCoordinatingCenterName",
    "ClinicalTrialTimePointID",
    "ContrastBolusAgent",
)
"""Attributes that highdicom adds without a value: they would claim a trial or a contrast agent."""
_REAL_WORLD = "RealWorldValueMappingSequence"
_UNASSIGNED = "UnassignedPerFrameConvertedAttributesSequence"
_REPLACED = frozenset(
    {
        "FrameOfReferenceUID",
        "PixelData",
        "SOPClassUID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "SpecificCharacterSet",
        "StudyInstanceUID",
    }
)
"""Attributes that the multi-frame file states in its own way."""
_IDENTITY = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_ALIKE = (
    "SOPClassUID",
    "PhotometricInterpretation",
    "RescaleType",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
)


def enhanced_obstacle(instances: Sequence[Instance]) -> str:
    """Return why the files have no multi-frame form together, or nothing.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> enhanced_obstacle([read_instance(get_testdata_file("rtdose.dcm"))])
    'its kind has no legacy converted form: CT, MR and PT have'
    """
    if any(instance.sop_class_uid not in _CONVERTERS for instance in instances):
        return "its kind has no legacy converted form: CT, MR and PT have"
    for keyword in _ALIKE:
        if len({instance.raw(keyword) for instance in instances}) > 1:
            return f"{keyword} differs between the files of the series"
    for keyword in _IDENTITY:
        if not all(instance.text(keyword) for instance in instances):
            return f"a file without {keyword}"
    if len({instance.text("SOPInstanceUID") for instance in instances}) < len(instances):
        return "two files have the same SOPInstanceUID"
    if instances[0].samples > 1:
        return "colours"
    return _unit_obstacle(instances[0])


def _unit_obstacle(instance: Instance) -> str:
    """Return why the legacy converted form cannot state the unit, or nothing."""
    rescale_type = instance.text("RescaleType")
    if instance.sop_class_uid == _CT and rescale_type not in {"", "HU"}:
        return f"RescaleType {rescale_type}: legacy converted CT states HU only"
    if instance.sop_class_uid == _PET and _unit_of(instance) is None:
        units = instance.text("Units") or "absent"
        return f"Units {units}: legacy converted PET states a code of the unit"
    return ""


def enhanced_file(paths: Sequence[Path], target: Path, *, number: int = 1) -> int:
    """Write files of one frame each as one multi-frame file.

    Every frame is read again and compared with its file: pixels, place, spacing, rescale.

    Parameters
    ----------
    paths : sequence of Path
        Of one series, in the order of the frames where the planes form no volume.
    target : Path
        The file to write.
    number : int
        Its InstanceNumber.

    Returns
    -------
    int
        Frames that were compared.

    Raises
    ------
    ValuesError
        If the files do not fit together, with the reason.
    VerificationError
        If a frame differs.
    MissingPackageError
        If highdicom is not installed.

    Notes
    -----
    PS3.3 sections A.70 to A.72. Attributes without a place in functional groups are in the
    Unassigned Converted Attributes sequences.
    """
    from pydicom import dcmread  # noqa: PLC0415 - slow to import

    contents = [transcoded(path, EXPLICIT_VR_LITTLE_ENDIAN).content for path in paths]
    datasets = [dcmread(BytesIO(content)) for content in contents]
    first = datasets[0]
    uids = "\n".join(str(dataset.SOPInstanceUID) for dataset in datasets)
    entropy = hashlib.sha256(uids.encode()).digest()
    series = hashlib.sha256(str(first.SeriesInstanceUID).encode()).digest()
    for dataset in datasets:
        dataset.decode()  # texts become UTF-8
    try:
        result = _converter(first.SOPClassUID)(
            datasets,
            series_instance_uid=make_uid(series, "enhanced series"),
            series_number=max(int(first.get("SeriesNumber") or 1), 1),
            sop_instance_uid=make_uid(entropy, "enhanced instance"),
            instance_number=number,
            transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN,
        )
    except (ValueError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise ValuesError(
            code="series-not-convertible",
            where=paths[0].name,
            given=f"highdicom cannot convert it: {error}",
            expected="files of one frame with the attributes of their kind",
            remedy="Leave this series as it is.",
        ) from error
    _keep_facts(result, {str(dataset.SOPInstanceUID): dataset for dataset in datasets})
    if "Laterality" in first and "Laterality" not in result:
        result.Laterality = first.Laterality  # Type 2C: highdicom leaves out empty values
    _name_dimensions(result, make_uid(entropy, "dimension organization"))
    result.save_as(target, enforce_file_format=True)
    check_enhanced_frames(read_instance(target), list(map(read_instance, paths)))
    return len(paths)


def _keep_facts(result: Any, datasets: Mapping[str, Any]) -> None:
    """Keep facts that highdicom replaces by a default.

    RescaleType may be another one, and ImageType becomes a frame type of enhanced objects.
    """
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    shared = result.SharedFunctionalGroupsSequence[0]
    for item in result.PerFrameFunctionalGroupsSequence:
        origin = item.get("ConversionSourceAttributesSequence") or (
            shared.ConversionSourceAttributesSequence
        )
        source = datasets[str(origin[0].ReferencedSOPInstanceUID)]
        for group in (shared, item):
            _correct_group(group, source)
        if source.SOPClassUID == _PET and not item.get(_REAL_WORLD):
            mapping = shared.get(_REAL_WORLD) or [_real_world_values(source)]
            setattr(item, _REAL_WORLD, mapping)
        if _UNASSIGNED not in item:
            setattr(item, _UNASSIGNED, [Dataset()])
        _keep_others(result, flat_attributes((shared, item)), source, item[_UNASSIGNED].value[0])
    _correct_shared(result, next(iter(datasets.values())), is_single=len(datasets) == 1)


def _correct_shared(result: Any, first: Any, *, is_single: bool) -> None:
    """Take out what highdicom adds without a source."""
    shared = result.SharedFunctionalGroupsSequence[0]
    if is_single:
        for measures in shared.get("PixelMeasuresSequence", []):
            _correct_spacing(measures, first)
    if first.SOPClassUID == _PET and _REAL_WORLD in shared:
        delattr(shared, _REAL_WORLD)  # the mapping of PET is one for each frame
    for keyword in _ADDED_EMPTY:
        if keyword in result and not result.get(keyword) and keyword not in first:
            delattr(result, keyword)


def _correct_spacing(measures: Any, source: Any) -> None:
    """Take a made-up SpacingBetweenSlices of a single slice out."""
    if "SpacingBetweenSlices" in source:
        measures.SpacingBetweenSlices = source.SpacingBetweenSlices
    elif "SpacingBetweenSlices" in measures:
        del measures.SpacingBetweenSlices


def _correct_group(group: Any, source: Any) -> None:
    """State the file's RescaleType, and no empty duration."""
    for values in group.get("PixelValueTransformationSequence", []):
        if source.get("RescaleType"):
            values.RescaleType = source.RescaleType
    for content in group.get("FrameContentSequence", []):
        if content.get("FrameAcquisitionDuration", 0) is None:
            del content.FrameAcquisitionDuration


def _unit_of(instance: Instance) -> Item | None:
    return item_of_words("", instance.text("Units"), instance.text("SUVType"))


def _real_world_values(source: Any) -> Any:
    """Return the mapping of a frame of PET, which its rescale and Units state.

    PS3.3 section C.7.6.16.2.11: Type 1 in legacy converted PET.
    """
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    unit = Dataset()
    words = (str(source.Units), str(source.get("SUVType") or ""))
    for attribute in item_of_words("", *words) or ():
        setattr(unit, attribute.keyword, attribute.values[0])
    mapping = Dataset()
    lowest, vr = 0, "US"
    if source.PixelRepresentation:
        lowest, vr = -(1 << source.BitsStored - 1), "SS"
    highest = lowest + (1 << source.BitsStored) - 1
    mapping.add_new("RealWorldValueFirstValueMapped", vr, lowest)
    mapping.add_new("RealWorldValueLastValueMapped", vr, highest)
    mapping.RealWorldValueIntercept = float(source.get("RescaleIntercept") or 0)
    mapping.RealWorldValueSlope = float(source.get("RescaleSlope") or 1)
    mapping.LUTExplanation, mapping.LUTLabel = words[0], words[0]
    mapping.MeasurementUnitsCodeSequence = [unit]
    return mapping


def _keep_others(result: Any, flat: Any, source: Any, unassigned: Any) -> None:
    """Keep attributes of a file that are nowhere else in the multi-frame file."""
    for element in source:
        if element.tag.is_private or element.keyword in _REPLACED or not element.tag.element:
            continue
        place = flat if element.tag in flat else result
        if element.tag not in place or place[element.tag].value != element.value:
            unassigned.add(element)


def _name_dimensions(result: Any, uid: str) -> None:
    """Give the dimensions a UID that is the same each time."""
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in result.get(keyword, []):
            item.DimensionOrganizationUID = uid


def _converter(sop_class_uid: str) -> Any:
    try:
        import highdicom.legacy  # noqa: PLC0415 - heavy and optional
    except ImportError as error:
        raise missing_package(extra="seg", where='`to="enhanced"`') from error
    return getattr(highdicom.legacy, _CONVERTERS[str(sop_class_uid)])
