"""Attributes set by the writer, never from metadata."""

from __future__ import annotations

__all__ = ["OWNED"]

_ARRAY = "the array itself"
_SHAPE = "the shape of the array"
_VALUES = "the values of the array"
_PIXELS = "`kind=` and `values=`"
_AXES = "`axes=` and `times=`"
_GRID = "`spacing=`, `origin=` and `direction=`, or `affine=`,"


OWNED: dict[str, str] = {
    # identity
    "StudyInstanceUID": '`uid={"StudyInstanceUID": ...}`',
    "SeriesInstanceUID": '`uid={"SeriesInstanceUID": ...}`',
    "FrameOfReferenceUID": '`uid={"FrameOfReferenceUID": ...}`',
    "SOPInstanceUID": "`uid=`",
    "SOPClassUID": "`kind=`",
    "InstanceNumber": "the order of the slices",
    "ImageIndex": "the order of the slices",
    "SpecificCharacterSet": "plain text, as everything is written in UTF-8",
    # geometry
    "ImageOrientationPatient": "`direction=` or `affine=`",
    "ImagePositionPatient": "`origin=` or `affine=`",
    "PixelSpacing": "`spacing=` or `affine=`",
    "SpacingBetweenSlices": "`spacing=` or `affine=`",
    "SliceLocation": "`origin=` and `spacing=`",
    "NumberOfSlices": _SHAPE,
    "NumberOfFrames": _SHAPE,
    "FrameIncrementPointer": _SHAPE,
    "TemporalPositionTimeOffset": "`times=`",
    "TemporalPositionIndex": _AXES,
    "StackID": _AXES,
    "InStackPositionNumber": _AXES,
    "DimensionIndexValues": _AXES,
    "DimensionIndexSequence": _AXES,
    "DimensionOrganizationSequence": _AXES,
    "DimensionOrganizationType": _AXES,
    "DimensionOrganizationUID": _AXES,
    # pixels
    "PixelData": _ARRAY,
    "FloatPixelData": _ARRAY,
    "DoubleFloatPixelData": _ARRAY,
    "Rows": _SHAPE,
    "Columns": _SHAPE,
    "SamplesPerPixel": _SHAPE,
    "PlanarConfiguration": _ARRAY,
    "PixelAspectRatio": "`spacing=`",
    "BitsAllocated": _PIXELS,
    "BitsStored": _PIXELS,
    "HighBit": _PIXELS,
    "PixelRepresentation": _PIXELS,
    "RescaleSlope": "`values=`",
    "RescaleIntercept": "`values=`",
    "ModalityLUTSequence": "`values=`",
    "RealWorldValueSlope": "`values=`",
    "RealWorldValueIntercept": "`values=`",
    "RealWorldValueFirstValueMapped": _VALUES,
    "RealWorldValueLastValueMapped": _VALUES,
    "DoubleFloatRealWorldValueFirstValueMapped": _VALUES,
    "DoubleFloatRealWorldValueLastValueMapped": _VALUES,
    "PixelPaddingValue": "`nan=`",
    "PixelPaddingRangeLimit": "`nan=`",
    "FloatPixelPaddingValue": "`nan=`",
    "FloatPixelPaddingRangeLimit": "`nan=`",
    "DoubleFloatPixelPaddingValue": "`nan=`",
    "DoubleFloatPixelPaddingRangeLimit": "`nan=`",
    "SmallestImagePixelValue": _VALUES,
    "LargestImagePixelValue": _VALUES,
    "SmallestPixelValueInSeries": _VALUES,
    "LargestPixelValueInSeries": _VALUES,
    # functional groups that follow from the grid, the axes and the values, and their containers
    "SharedFunctionalGroupsSequence": _SHAPE,
    "PerFrameFunctionalGroupsSequence": _SHAPE,
    "PixelMeasuresSequence": _GRID,
    "PlaneOrientationSequence": _GRID,
    "PlanePositionSequence": _GRID,
    "FrameContentSequence": _AXES,
    "TemporalPositionSequence": "`times=`",
    "PixelValueTransformationSequence": "`values=`",
    # all frames have the type of the image
    "FrameType": "ImageType",
    "CTImageFrameTypeSequence": "ImageType",
    "MRImageFrameTypeSequence": "ImageType",
    "XRay3DFrameTypeSequence": "ImageType",
    "ParametricMapFrameTypeSequence": "ImageType",
}
"""Keyword → the option to use instead, as it follows "Use".

The file meta group 0002 is rejected too.
"""
