"""Transfer syntaxes of written images (PS3.5, PS3.6 annex A)."""

from __future__ import annotations

from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "BY_UID",
    "DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN",
    "EXPLICIT_VR_BIG_ENDIAN",
    "EXPLICIT_VR_LITTLE_ENDIAN",
    "IMPLICIT_VR_LITTLE_ENDIAN",
    "TRANSFER_SYNTAXES",
    "TransferSyntax",
]

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSyntax:
    """A lossless encoding of the pixels of a file.

    Parameters
    ----------
    word : str
        Name in `compression=`.
    uid, name : str
        PS3.6 table A-1.
    part : str
        Section of PS3.5 that defines it.
    is_encapsulated : bool
        Whether each frame is compressed, in its own fragment (PS3.5 section A.4).
    colour : str
        Photometric interpretation of three samples (PS3.3 section C.7.6.3.1.2).
    is_unsigned : bool
        Whether the compressed stream holds unsigned samples only.
    unread_by : tuple of str
        Programs that failed to read it (`tests/interop/test_compressed.py`, viewers tried by hand).

    Examples
    --------
    >>> BY_UID["1.2.840.10008.1.2.5"].word
    'rle'
    """

    word: str
    uid: str
    name: str
    part: str
    is_encapsulated: bool = True
    colour: str = "RGB"
    is_unsigned: bool = False
    unread_by: tuple[str, ...] = ()


TRANSFER_SYNTAXES = (
    TransferSyntax(
        word="none",
        uid=EXPLICIT_VR_LITTLE_ENDIAN,
        name="Explicit VR Little Endian",
        part="PS3.5 A.2",
        is_encapsulated=False,
    ),
    TransferSyntax(
        word="rle",
        uid="1.2.840.10008.1.2.5",
        name="RLE Lossless",
        part="PS3.5 8.2.2, annex G",
        unread_by=("ImageJ",),
    ),
    TransferSyntax(
        word="jpegls",
        uid="1.2.840.10008.1.2.4.80",
        name="JPEG-LS Lossless Image Compression",
        part="PS3.5 8.2.3",
        unread_by=("dwv", "ImageJ"),
    ),
    TransferSyntax(
        word="j2k",
        uid="1.2.840.10008.1.2.4.90",
        name="JPEG 2000 Image Compression (Lossless Only)",
        part="PS3.5 8.2.4",
        colour="YBR_RCT",
        unread_by=("Orthanc's preview", "ImageJ"),
    ),
    TransferSyntax(
        word="htj2k",
        uid="1.2.840.10008.1.2.4.201",
        name="High-Throughput JPEG 2000 Image Compression (Lossless Only)",
        part="PS3.5 8.2.14",
        colour="YBR_RCT",
        unread_by=("vtk-dicom", "Orthanc's preview", "dwv", "dcmview", "ImageJ"),
    ),
    TransferSyntax(
        word="jxl",
        uid="1.2.840.10008.1.2.4.110",
        name="JPEG XL Lossless",
        part="PS3.5 8.2.15",
        is_unsigned=True,
        unread_by=(
            "SimpleITK",
            "GDCM",
            "pydicom 3.0",
            "dcm2niix",
            "vtk-dicom",
            "dicom2nifti",
            "NiiVue",
            "OHIF",
            "Orthanc",
            "dwv",
            "ImageJ",
        ),
    ),
)
"""In the order of the documentation."""

BY_UID = {syntax.uid: syntax for syntax in TRANSFER_SYNTAXES}
