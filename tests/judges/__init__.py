"""Other people's programs as judges of the series we write.

Readers return `Seen`: voxels, affine in LPS mm, warnings. Validators return printed lines.
A missing program skips its tests; under continuous integration they fail.
"""

from judges.nifti import read_with_dcm2niix, read_with_dicom2nifti, read_with_vtk_dicom
from judges.readers import (
    read_with_gdcm,
    read_with_highdicom,
    read_with_pydicom,
    read_with_simpleitk,
)
from judges.seen import Seen, corner_distance, corners
from judges.validators import Verdict, dcentvfy, dciodvfy, some_of, validators

__all__ = [
    "Seen",
    "Verdict",
    "corner_distance",
    "corners",
    "dcentvfy",
    "dciodvfy",
    "read_with_dcm2niix",
    "read_with_dicom2nifti",
    "read_with_gdcm",
    "read_with_highdicom",
    "read_with_pydicom",
    "read_with_simpleitk",
    "read_with_vtk_dicom",
    "some_of",
    "validators",
]
