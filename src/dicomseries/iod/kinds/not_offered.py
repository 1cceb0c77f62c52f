"""Objects of the standard that no array can fill."""

from __future__ import annotations

from dicomseries.lazy_dataclass import dataclass

__all__ = ["NOT_OFFERED", "OTHER_NAMES", "NotOffered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOffered:
    """An object of the standard that arrays cannot fill.

    Parameters
    ----------
    names : tuple of str
        Names used by users, without blanks and hyphens, in lower case.
    reason : str
        Facts that an array lacks, with the section of PS3.3.
    remedy : str
        Kind to use instead; begins with a verb.
    """

    names: tuple[str, ...]
    reason: str
    remedy: str


def _object(names: str, reason: str, remedy: str) -> NotOffered:
    return NotOffered(names=tuple(names.split()), reason=reason, remedy=remedy)


NOT_OFFERED: tuple[NotOffered, ...] = (
    _object(
        "enhancedpt enhancedpet epet ept",
        "an Enhanced PET Image states the drug, its half-life, positron fraction, route and time "
        "of injection, and eleven corrections, all of Type 1 (PS3.3 C.8.22), which are unknown for"
        " an array",
        'Use `kind="PT"`, whose facts of the scanner may stay empty, or "ParametricMap" for exact '
        "floats.",
    ),
    _object(
        "rtdose dose rd",
        "an RT Dose belongs to a treatment plan or record and must refer to it (PS3.3 C.8.8.3)",
        'Use `kind="ParametricMap"` with `units="Gy"`, or "SC"; doses of a plan come from planning'
        " software.",
    ),
    _object(
        "rtimage ri portalimage drr",
        "an RT Image is a projection and states the machine, its gantry and its source (PS3.3 "
        "C.8.8.2)",
        'Use `kind="SC"` for the picture.',
    ),
    _object(
        "rtstruct rs rtss structureset contour contours",
        "an RT Structure Set holds contours, not voxels (PS3.3 A.19)",
        'Use `kind="Segmentation"` for masks and label maps.',
    ),
    _object(
        "rtplan rp rtionplan rtrecord plan",
        "a treatment plan or record holds beams and prescriptions, not voxels (PS3.3 A.20)",
        'Use planning software for it; `kind="ParametricMap"` with `units="Gy"` keeps an array of '
        "doses.",
    ),
    _object(
        "nm spect st nuclearmedicine scintigraphy",
        "a Nuclear Medicine Image states its detectors, energy windows and rotations (PS3.3 C.8.4)",
        'Use `kind="PT"` for positron emission, else "MultiframeSC" or "ParametricMap".',
    ),
    _object(
        "us usmultiframe enhancedus enhancedusvolume ultrasound echo sonography bdus",
        "an Ultrasound Image has no position in space, and an Enhanced US Volume states its "
        "transducer (PS3.3 C.8.5, C.8.24)",
        'Use `kind="MultiframeSC"` for clips or "SC" for pictures; neither needs a spacing.',
    ),
    _object(
        "ivus",
        "intravascular ultrasound is stored as Ultrasound Image, which has no position in space "
        "(PS3.3 C.8.5)",
        'Use `kind="MultiframeSC"` or "SC", which keep the distance between frames.',
    ),
    _object(
        "pa photoacoustic photoacousticimage",
        "a Photoacoustic Image states its illumination, its transducer and its reconstruction",
        'Use `kind="ParametricMap"` for maps of numbers, "MultiframeSC" or "SC" for pictures.',
    ),
    _object(
        "legacyconverted legacyconvertedct legacyconvertedmr legacyconvertedpet",
        "a Legacy Converted object is made of DICOM files, not of an array (PS3.3 A.70 to A.72)",
        'Use `kind="EnhancedCT"`, "EnhancedMR" or "PT".',
    ),
    _object(
        "cr dx dr mg mammography mammogram xray radiograph radiography xa rf angiography "
        "fluoroscopy enhancedxa enhancedxrf px io panoramic intraoral dental",
        "a radiograph is a projection and has no slices in space (PS3.3 C.8.1, C.8.7, C.8.11)",
        'Use `kind="SC"`, or "XRay3D" for slices reconstructed from angiographic projections.',
    ),
    _object(
        "breasttomosynthesis breasttomo tomosynthesis tomo dbt breastprojection",
        "a Breast Tomosynthesis Image states the X-ray source, the exposure and the breast of its "
        "projections (PS3.3 A.55), and a plain X-ray tomogram those of its sweep",
        'Use `kind="MultiframeSC"` or "SC", which keep the geometry of the slices.',
    ),
    _object(
        "cbct conebeam conebeamct dvt",
        "cone-beam CT has no object: scanners store it as CT Image or as X-Ray 3D",
        'Use `kind="CT"` for slices with CT numbers or grey values, "XRay3D" for rotational '
        "angiography.",
    ),
    _object(
        "xray3dcraniofacial craniofacial",
        "an X-Ray 3D Craniofacial Image states the dental scanner and its exposure (PS3.3 A.54)",
        'Use `kind="CT"` for slices with CT numbers or grey values.',
    ),
    _object(
        "opt oct ophthalmictomography octb opttomography",
        "an Ophthalmic Tomography Image states its light, the eye and its region (PS3.3 A.52)",
        'Use `kind="MultiframeSC"` or "SC", which keep the spacing of the B-scans.',
    ),
    _object(
        "ivoct intravascularoct",
        "an Intravascular OCT Image states its catheter, its light and the pullback (PS3.3 A.66)",
        'Use `kind="MultiframeSC"` or "SC", which keep the distance between frames.',
    ),
    _object(
        "op ophthalmicphotography fundus fundusphoto opm opv ophthalmic",
        "an ophthalmic photograph states its camera, its light and the eye (PS3.3 A.41, A.42)",
        'Use `kind="SC"` for pictures.',
    ),
    _object(
        "es endoscopy vlendoscopic xc photo photograph vl vlphotographic gm dms dermoscopy video "
        "videoendoscopic visiblelight",
        "a visible-light photograph states its camera and its view and has no place in space "
        "(PS3.3 A.32)",
        'Use `kind="SC"` for pictures, "MultiframeSC" for the frames of a clip.',
    ),
    _object(
        "wsi sm slide microscopy wholeslide pathology",
        "a whole-slide image states its optics and specimen and lies in a slide's coordinates "
        "(PS3.3 A.32.8)",
        'Use `kind="SC"` or "MultiframeSC" for pictures, or a converter for whole-slide images.',
    ),
    _object(
        "sr structuredreport report comprehensivesr tid1500 measurementreport",
        "a Structured Report holds coded statements, not voxels (PS3.3 A.35)",
        'Use the package highdicom for reports; `kind="SC"` keeps a page as a picture.',
    ),
    _object(
        "ko kos keyobject keyobjectselection",
        "a Key Object Selection names other objects and holds no voxels (PS3.3 A.35.4)",
        "Use the package highdicom for key objects.",
    ),
    _object(
        "pr gsps ps presentationstate softcopypresentationstate",
        "a Presentation State says how other images are shown and holds no voxels (PS3.3 A.33)",
        'Use the package highdicom for it; `kind="SC"` keeps what is shown as a picture.',
    ),
    _object(
        "doc pdf encapsulatedpdf stl encapsulatedstl obj m3d",
        "an encapsulated document or model is a file of another format, not voxels (PS3.3 A.45, "
        "A.85)",
        'Use a program that wraps files, as dcmtk\'s pdf2dcm; `kind="SC"` keeps a page as a '
        "picture.",
    ),
    _object(
        "ecg hd eps waveform au audio eeg emg signal",
        "a waveform holds channels over time, not voxels (PS3.3 A.34)",
        "Use pydicom's waveforms for it.",
    ),
    _object(
        "reg registration spatialregistration deformation displacementfield fid fiducials",
        "a registration or fiducial holds transforms or points, not voxels with a meaning (PS3.3 "
        "A.39, A.40)",
        'Use `kind="ParametricMap"` for each component of a field; transforms need other software.',
    ),
    _object(
        "surface surfacesegmentation mesh smr",
        "a surface holds points and triangles, not voxels (PS3.3 A.57)",
        'Use `kind="Segmentation"` for masks and label maps.',
    ),
    _object(
        "tractography tracts tractogram",
        "tractography results hold lines, not voxels (PS3.3 A.78)",
        'Use `kind="Segmentation"` for a mask of a tract, "ParametricMap" for a map of densities.',
    ),
    _object(
        "mrspectroscopy mrs spectroscopy raw rawdata kspace",
        "spectra and raw data are complex numbers of a scanner, not images (PS3.3 A.36.3, A.37)",
        'Use `kind="MR"` or "ParametricMap" for a reconstructed map.',
    ),
)
"""Objects that users ask for, with the reason why they are not offered."""

_NAMES_OF_KINDS = {
    "Segmentation": "segment segments segmentationmask mask masks label labels labelmap dicomseg",
    "PT": "positron suv pi",
    "MR": "mrt fmri dwi magneticresonance",
    "CT": "cat ctscan hu computedtomography",
    "ParametricMap": "pm pmap parametric map float",
    "SC": "secondary ot other rgb screenshot picture image",
    "MultiframeSC": "multiframe mfsc cine clip",
    "EnhancedCT": "ect multiframect",
    "EnhancedMR": "emr multiframemr enhancedmri",
    "XRay3D": "3dra xa3d 3dxa rotationalangiography",
}

OTHER_NAMES = {name: kind for kind, names in _NAMES_OF_KINDS.items() for name in names.split()}
"""Other name, without blanks and hyphens, in lower case → suggested kind."""
