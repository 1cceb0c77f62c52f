"""Names and versions of readers in advice texts.

``tests/interop/readers.json`` has what each made of which series; a test holds these names to it.
"""

from __future__ import annotations

__all__ = [
    "CORNERSTONE3D",
    "DCM2NIIX",
    "DCMSTACK",
    "DICOM2NIFTI",
    "GDCM",
    "HIGHDICOM",
    "ITK_WASM",
    "MCVERTER",
    "OHIF",
    "PYPET2BIDS",
    "SIMPLEITK",
    "VTK_DICOM",
    "listed",
]

CORNERSTONE3D = "Cornerstone3D 5"
DCM2NIIX = "dcm2niix 1.0"
DCMSTACK = "dcmstack 0.9"
DICOM2NIFTI = "dicom2nifti 2.6"
GDCM = "GDCM 3.2"
HIGHDICOM = "highdicom 0.28"
ITK_WASM = "@itk-wasm/dicom 7.6"
MCVERTER = "mcverter 2.1"
OHIF = "OHIF 3.13"
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
