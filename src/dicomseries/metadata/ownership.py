"""Attributes the writer owns: their values follow from the array, its grid and the options, never from metadata."""

from __future__ import annotations

__all__ = ["OWNED"]

_ARRAY = "the array itself"
_SHAPE = "the shape of the array"
_VALUES = "the values of the array"
_PIXELS = "kind= and values="


OWNED: dict[str, str] = {
    # identity
    "StudyInstanceUID": 'uid={"StudyInstanceUID": ...}',
    "SeriesInstanceUID": 'uid={"SeriesInstanceUID": ...}',
    "FrameOfReferenceUID": 'uid={"FrameOfReferenceUID": ...}',
    "SOPInstanceUID": "uid=",
    "SOPClassUID": "kind=",
    "InstanceNumber": "the order of the slices",
    "ImageIndex": "the order of the slices",
    "SpecificCharacterSet": "plain text, as everything is written in UTF-8",
    # geometry
    "ImageOrientationPatient": "direction= or affine=",
    "ImagePositionPatient": "origin= or affine=",
    "PixelSpacing": "spacing= or affine=",
    "SpacingBetweenSlices": "spacing= or affine=",
    "SliceLocation": "origin= and spacing=",
    "NumberOfSlices": _SHAPE,
    "NumberOfFrames": _SHAPE,
    "FrameIncrementPointer": _SHAPE,
    # pixels
    "PixelData": _ARRAY,
    "FloatPixelData": _ARRAY,
    "DoubleFloatPixelData": _ARRAY,
    "Rows": _SHAPE,
    "Columns": _SHAPE,
    "SamplesPerPixel": _SHAPE,
    "PhotometricInterpretation": _ARRAY,
    "PlanarConfiguration": _ARRAY,
    "PixelAspectRatio": "spacing=",
    "BitsAllocated": _PIXELS,
    "BitsStored": _PIXELS,
    "HighBit": _PIXELS,
    "PixelRepresentation": _PIXELS,
    "RescaleSlope": "values=",
    "RescaleIntercept": "values=",
    "ModalityLUTSequence": "values=",
    "PixelPaddingValue": "nan=",
    "PixelPaddingRangeLimit": "nan=",
    "SmallestImagePixelValue": _VALUES,
    "LargestImagePixelValue": _VALUES,
    "SmallestPixelValueInSeries": _VALUES,
    "LargestPixelValueInSeries": _VALUES,
    # the standard's containers of frames, which a file of one slice does not have
    "SharedFunctionalGroupsSequence": _SHAPE,
    "PerFrameFunctionalGroupsSequence": _SHAPE,
}
"""Keyword → what to use instead, as it follows "Use"; the file meta group 0002 is refused besides."""
