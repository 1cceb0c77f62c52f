"""Names and versions of readers in advice texts.

``tests/interop/readers.json`` has what each made of which series; a test holds these names to it.
"""

from __future__ import annotations

__all__ = [
    "ADAPTERS",
    "CORNERSTONE3D",
    "DCM2NIIX",
    "DCM2NIIX_LIMITS",
    "DCMQI",
    "DCMSTACK",
    "DICOM2NIFTI",
    "GDCM",
    "HIGHDICOM",
    "ITK_WASM",
    "MCVERTER",
    "OHIF",
    "ORTHANC",
    "OVERLAY_LIMITS",
    "PLANE_LIMITS",
    "PYPET2BIDS",
    "SIMPLEITK",
    "VTK_DICOM",
    "listed",
]

ADAPTERS = "@cornerstonejs/adapters 5.14"
CORNERSTONE3D = "Cornerstone3D 5"
DCM2NIIX = "dcm2niix 1.0"
DCMQI = "dcmqi 1.5"
DCMSTACK = "dcmstack 0.9"
DICOM2NIFTI = "dicom2nifti 2.6"
GDCM = "GDCM 3.2"
HIGHDICOM = "highdicom 0.28"
ITK_WASM = "@itk-wasm/dicom 7.6"
MCVERTER = "mcverter 2.1"
OHIF = "OHIF 3.13"
ORTHANC = "Orthanc 1.10"
PYPET2BIDS = "pypet2bids 1.6"
SIMPLEITK = "SimpleITK 2.5"
VTK_DICOM = "vtk-dicom 0.8"


def listed(*names: str) -> str:
    """Return names as a sentence lists them.

    Examples
    --------
    >>> listed("a"), listed("a", "b"), listed("a", "b", "c")
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = names
    if not first:
        return last
    return f"{', '.join(first)} and {last}"


_TILTED, _UNEVEN, _MISSING = "tilted gantry", "uneven", "a slice missing"
_SEVERAL = "several orientations"

PLANE_LIMITS = {
    (_TILTED, "files"): f"{listed(OHIF, SIMPLEITK, CORNERSTONE3D, ITK_WASM)} lay the slices "
    "straight above each other, without their shift sideways; "
    f"{listed(HIGHDICOM, DICOM2NIFTI)} reject them as a volume, {VTK_DICOM} resamples them.",
    (_TILTED, "file"): f"{listed(OHIF, SIMPLEITK, GDCM, CORNERSTONE3D, ITK_WASM)} lay the slices "
    "straight above each other, without their shift sideways; "
    f"{listed(HIGHDICOM, DICOM2NIFTI)} reject them as a volume, {VTK_DICOM} resamples them.",
    (_TILTED, "map"): f"{CORNERSTONE3D} lays the slices straight above each other, without their "
    f"shift sideways; {HIGHDICOM} rejects them as a volume, {VTK_DICOM} resamples them.",
    (_TILTED, "segmentation"): f"{listed(CORNERSTONE3D, ITK_WASM)} lay it straight, without the "
    f"shift sideways; {HIGHDICOM} rejects it as a volume, and {VTK_DICOM} interpolates its labels.",
    (_UNEVEN, "files"): f"{OHIF} shows the slices one by one; "
    f"{listed(SIMPLEITK, VTK_DICOM, ITK_WASM)} spread them evenly, {CORNERSTONE3D} lays them "
    f"evenly in wrong places; {listed(HIGHDICOM, GDCM, DICOM2NIFTI)} reject them as a volume.",
    (_UNEVEN, "file"): f"{listed(OHIF, VTK_DICOM)} spread the slices evenly; "
    f"{listed(SIMPLEITK, GDCM, ITK_WASM)} lose the size of their pixels too, {CORNERSTONE3D} lays "
    f"them evenly in wrong places; {listed(HIGHDICOM, DICOM2NIFTI)} reject them as a volume.",
    (_UNEVEN, "map"): f"{VTK_DICOM} spreads the slices evenly, {CORNERSTONE3D} lays them evenly in "
    f"wrong places; {HIGHDICOM} rejects them as a volume.",
    (_UNEVEN, "segmentation"): f"{VTK_DICOM} spreads it evenly, {listed(CORNERSTONE3D, ITK_WASM)} "
    f"lay it on even slices in wrong places; {HIGHDICOM} rejects it as a volume.",
    (_MISSING, "files"): f"{listed(OHIF, SIMPLEITK, VTK_DICOM, ITK_WASM)} spread the slices over "
    f"the gap, {CORNERSTONE3D} lays them evenly in wrong places; "
    f"{listed(HIGHDICOM, GDCM, DICOM2NIFTI)} reject them as a volume.",
    (_SEVERAL, "files"): f"{OHIF} shows the slices one by one; "
    f"{listed(SIMPLEITK, CORNERSTONE3D, ITK_WASM)} lay all in one stack, in wrong places, and "
    f"{VTK_DICOM} keeps one orientation; {listed(HIGHDICOM, GDCM, DICOM2NIFTI)} reject them.",
    (_SEVERAL, "file"): f"{listed(OHIF, SIMPLEITK, GDCM, CORNERSTONE3D, ITK_WASM)} lay all slices "
    f"in one stack, in wrong places, and {VTK_DICOM} keeps one orientation; "
    f"{listed(HIGHDICOM, DICOM2NIFTI)} reject them.",
    (_SEVERAL, "segmentation"): f"{CORNERSTONE3D} lays all slices in one stack, in wrong places, "
    f"and {VTK_DICOM} keeps one orientation; {listed(HIGHDICOM, ITK_WASM)} reject it.",
}
"""What readers make of slices that form no regular grid, by irregularity and form of the files.

`"files"` are one for each slice, `"file"` is one of all frames. A missing slice in one file is as
uneven slices are; in a segmentation it is one without frames.
"""

DCM2NIIX_LIMITS = {
    (_TILTED, "CT"): f"{DCM2NIIX} writes a file without the shift beside one with the tilt "
    "corrected, both in wrong places.",
    (_TILTED, ""): f"{DCM2NIIX} drops the shift.",
    (_UNEVEN, "CT"): f"{DCM2NIIX} takes the first gap for all, and writes an interpolated file "
    "beside that.",
    (_UNEVEN, ""): f"{DCM2NIIX} takes the first gap for all.",
    (_UNEVEN, "file"): f"{DCM2NIIX} spreads them evenly.",
    (_SEVERAL, ""): f"{DCM2NIIX} writes a file for each orientation.",
    (_SEVERAL, "file"): f"{DCM2NIIX} rejects several orientations in one file.",
}
"""The same of dcm2niix, which has rules for CT."""

OVERLAY_LIMITS = {
    "segmentation alone": f"{OHIF} does not show a Segmentation by itself; `like=` names the "
    "series that it belongs to.",
    "map alone": f"{OHIF} does not show a Parametric Map by itself; `like=` names the series that "
    f"it belongs to. {CORNERSTONE3D} shows one of 32 bits. See `companion=True`.",
    "map on its source": f"{OHIF} lays a Parametric Map over its source in the three planes "
    "(MPR), not slice by slice, shows its values × 100, and draws nothing if one of them is NaN. "
    "See `companion=True`.",
    "map of 64 bits": f"{listed(OHIF, DCMQI)} cannot read a Parametric Map of 64 bits; of 32 bits "
    f"{DCMQI} is right, and {OHIF} shows its values × 100 over the source. See `companion=True`.",
    "voxels of a map": f"{listed(OHIF, ADAPTERS)} reject a Parametric Map whose rows × columns "
    "are no multiple of 4, as they count the bytes of a slice wrong.",
    "part of a map": f"{listed(OHIF, ADAPTERS)} lay a Parametric Map on its source slice by slice "
    "and pixel by pixel: with fewer slices, rows or columns it is rejected, and beside them it is "
    "shown in the wrong place. Write the whole grid of the source.",
    "part of a slice": f"{listed(OHIF, ADAPTERS)} lay a Segmentation on the images of its source "
    "pixel by pixel: with other rows or columns it is rejected, and beside them it is shown in "
    "the wrong place. Write whole slices of the source, 0 around what was segmented: reading "
    "the part with `onto=` makes them.",
    "bits": f"{ADAPTERS} misreads or rejects a binary Segmentation whose rows × columns are no "
    f"multiple of 8; {OHIF} with a DICOMweb server that serves its frames reads it. Both read "
    "`segmentation_type='labelmap'`.",
    "columns of bits": f"{ORTHANC} serves no frames of a binary Segmentation whose columns are no "
    f"multiple of 8, and {OHIF} shows none that it gets from it. It serves "
    "`segmentation_type='labelmap'`.",
    "overlapping": f"{OHIF} shows segments that overlap in the wrong place in its three planes "
    "(MPR). Write masks that overlap into separate Segmentations.",
    "fractional": f"{listed(OHIF, ADAPTERS)} reject a fractional Segmentation, and {DCMQI} gives "
    "its fractions as numbers up to 255. `threshold=` makes a binary one, `kind='ParametricMap'` "
    "a map.",
    "labels beyond 255": f"{listed(OHIF, ADAPTERS)} hold the labels of a label map in 8 bits, and "
    f"show those beyond 255 as others; {HIGHDICOM} leaves them out where segments are read one by "
    "one. All three read `segmentation_type='binary'`.",
    "segments beyond 255": f"{listed(OHIF, ADAPTERS)} hold numbers of segments in 8 bits, and show "
    "those beyond 255 as others. Write at most 255 segments into one Segmentation.",
    "map over time": f"{listed(OHIF, ADAPTERS)} lay the first volume alone of a Parametric Map on "
    "its source. `split='time'` writes a map for each volume.",
    "source over time": f"{OHIF} lays a Segmentation in the wrong place in its three planes (MPR) "
    "where the source has several volumes, and shows no Parametric Map there. Pass as `like=` a "
    "series of one volume, as `split='time'` writes them.",
    "source of several orientations": f"{listed(OHIF, ADAPTERS)} reject a result over slices of "
    "several orientations. Write one for each stack, and pass as `like=` the volume that was read "
    "with `stack=`.",
    "map on single slices": f"{OHIF} shows no Parametric Map over uneven slices, which it shows "
    "one by one. Write a map of even slices, or a Segmentation.",
    "colours of labels": f"{OHIF} colours the segments of a label map in their order, not by "
    "their number: colours are right where the labels are 1, 2, 3 and so on.",
}
"""What readers get wrong of a Segmentation or Parametric Map on its source, and what to do.

The values are sentences of advice; the keys name them in the code.
"""
