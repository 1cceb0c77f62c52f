"""Objects of the standard that no array can fill: why, and what to use instead."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["OTHER_NAMES", "REFUSED", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An object of the standard that is not offered for arrays.

    Parameters
    ----------
    names : tuple of str
        What users call it, without blanks and hyphens, in lower case.
    reason : str
        What it would need, with the section of PS3.3.
    remedy : str
        What to use instead; begins with a verb.
    """

    names: tuple[str, ...]
    reason: str
    remedy: str


REFUSED: tuple[Refusal, ...] = (
    Refusal(
        names=("enhancedpt", "enhancedpet", "epet", "ept"),
        reason="an Enhanced PET Image states the drug, its half-life, positron fraction, route and time of injection, "
        "and eleven corrections, all of Type 1 (PS3.3 C.8.22), which nobody knows of an array",
        remedy='Use `kind="PT"`, whose facts of the scanner may stay empty, or "ParametricMap" for exact floats.',
    ),
    Refusal(
        names=("rtdose", "dose", "rd"),
        reason="an RT Dose belongs to a treatment plan or record and must refer to it (PS3.3 C.8.8.3)",
        remedy='Use `kind="ParametricMap"` with `units="Gy"`, or "SC"; doses of a plan come from planning software.',
    ),
    Refusal(
        names=("rtimage", "ri", "portalimage", "drr"),
        reason="an RT Image is a projection and states the machine, its gantry and its source (PS3.3 C.8.8.2)",
        remedy='Use `kind="SC"` for the picture.',
    ),
    Refusal(
        names=("rtstruct", "rs", "rtss", "structureset", "contour", "contours"),
        reason="an RT Structure Set holds contours, not voxels (PS3.3 A.19)",
        remedy='Use `kind="Segmentation"` for masks and label maps.',
    ),
    Refusal(
        names=("rtplan", "rp", "rtionplan", "rtrecord", "plan"),
        reason="a treatment plan or record holds beams and prescriptions, not voxels (PS3.3 A.20)",
        remedy='Use planning software for it; `kind="ParametricMap"` with `units="Gy"` keeps an array of doses.',
    ),
    Refusal(
        names=("nm", "spect", "st", "nuclearmedicine", "scintigraphy"),
        reason="a Nuclear Medicine Image states its detectors, energy windows and rotations (PS3.3 C.8.4)",
        remedy='Use `kind="PT"` for positron emission, else "MultiframeSC" or "ParametricMap".',
    ),
    Refusal(
        names=(
            "us",
            "usmultiframe",
            "enhancedus",
            "enhancedusvolume",
            "ultrasound",
            "echo",
            "sonography",
            "bdus",
        ),
        reason="an Ultrasound Image has no position in space, and an Enhanced US Volume states its transducer "
        "(PS3.3 C.8.5, C.8.24)",
        remedy='Use `kind="MultiframeSC"` for clips or "SC" for pictures; neither needs a spacing.',
    ),
    Refusal(
        names=("ivus",),
        reason="intravascular ultrasound is stored as Ultrasound Image, which has no position in space (PS3.3 C.8.5)",
        remedy='Use `kind="MultiframeSC"` or "SC", which keep the distance between frames.',
    ),
    Refusal(
        names=("pa", "photoacoustic", "photoacousticimage"),
        reason="a Photoacoustic Image states its illumination, its transducer and its reconstruction",
        remedy='Use `kind="ParametricMap"` for maps of numbers, "MultiframeSC" or "SC" for pictures.',
    ),
    Refusal(
        names=("legacyconverted", "legacyconvertedct", "legacyconvertedmr", "legacyconvertedpet"),
        reason="a Legacy Converted object is made of DICOM files, not of an array (PS3.3 A.70 to A.72)",
        remedy='Use `kind="EnhancedCT"`, "EnhancedMR" or "PT".',
    ),
    Refusal(
        names=(
            "cr",
            "dx",
            "dr",
            "mg",
            "mammography",
            "mammogram",
            "xray",
            "radiograph",
            "radiography",
            "xa",
            "rf",
            "angiography",
            "fluoroscopy",
            "enhancedxa",
            "enhancedxrf",
            "px",
            "io",
            "panoramic",
            "intraoral",
            "dental",
        ),
        reason="a radiograph is a projection and has no slices in space (PS3.3 C.8.1, C.8.7, C.8.11)",
        remedy='Use `kind="SC"`, or "XRay3D" for slices reconstructed from angiographic projections.',
    ),
    Refusal(
        names=(
            "breasttomosynthesis",
            "breasttomo",
            "tomosynthesis",
            "tomo",
            "dbt",
            "breastprojection",
        ),
        reason="a Breast Tomosynthesis Image states the X-ray source, the exposure and the breast of its projections "
        "(PS3.3 A.55), and a plain X-ray tomogram those of its sweep",
        remedy='Use `kind="MultiframeSC"` or "SC", which keep the geometry of the slices.',
    ),
    Refusal(
        names=("cbct", "conebeam", "conebeamct", "dvt"),
        reason="cone-beam CT has no object: scanners store it as CT Image or as X-Ray 3D",
        remedy='Use `kind="CT"` for slices with CT numbers or grey values, "XRay3D" for rotational angiography.',
    ),
    Refusal(
        names=("xray3dcraniofacial", "craniofacial"),
        reason="an X-Ray 3D Craniofacial Image states the dental scanner and its exposure (PS3.3 A.54)",
        remedy='Use `kind="CT"` for slices with CT numbers or grey values.',
    ),
    Refusal(
        names=("opt", "oct", "ophthalmictomography", "octb", "opttomography"),
        reason="an Ophthalmic Tomography Image states its light, the eye and its region (PS3.3 A.52)",
        remedy='Use `kind="MultiframeSC"` or "SC", which keep the spacing of the B-scans.',
    ),
    Refusal(
        names=("ivoct", "intravascularoct"),
        reason="an Intravascular OCT Image states its catheter, its light and the pullback (PS3.3 A.66)",
        remedy='Use `kind="MultiframeSC"` or "SC", which keep the distance between frames.',
    ),
    Refusal(
        names=("op", "ophthalmicphotography", "fundus", "fundusphoto", "opm", "opv", "ophthalmic"),
        reason="an ophthalmic photograph states its camera, its light and the eye (PS3.3 A.41, A.42)",
        remedy='Use `kind="SC"` for pictures.',
    ),
    Refusal(
        names=(
            "es",
            "endoscopy",
            "vlendoscopic",
            "xc",
            "photo",
            "photograph",
            "vl",
            "vlphotographic",
            "gm",
            "dms",
            "dermoscopy",
            "video",
            "videoendoscopic",
            "visiblelight",
        ),
        reason="a visible-light photograph states its camera and its view and has no place in space (PS3.3 A.32)",
        remedy='Use `kind="SC"` for pictures, "MultiframeSC" for the frames of a clip.',
    ),
    Refusal(
        names=("wsi", "sm", "slide", "microscopy", "wholeslide", "pathology"),
        reason="a whole-slide image states its optics and specimen and lies in a slide's coordinates (PS3.3 A.32.8)",
        remedy='Use `kind="SC"` or "MultiframeSC" for pictures, or a converter for whole-slide images.',
    ),
    Refusal(
        names=(
            "sr",
            "structuredreport",
            "report",
            "comprehensivesr",
            "tid1500",
            "measurementreport",
        ),
        reason="a Structured Report holds coded statements, not voxels (PS3.3 A.35)",
        remedy='Use the package highdicom for reports; `kind="SC"` keeps a page as a picture.',
    ),
    Refusal(
        names=("ko", "kos", "keyobject", "keyobjectselection"),
        reason="a Key Object Selection names other objects and holds no voxels (PS3.3 A.35.4)",
        remedy="Use the package highdicom for key objects.",
    ),
    Refusal(
        names=("pr", "gsps", "ps", "presentationstate", "softcopypresentationstate"),
        reason="a Presentation State says how other images are shown and holds no voxels (PS3.3 A.33)",
        remedy='Use the package highdicom for it; `kind="SC"` keeps what is shown as a picture.',
    ),
    Refusal(
        names=("doc", "pdf", "encapsulatedpdf", "stl", "encapsulatedstl", "obj", "m3d"),
        reason="an encapsulated document or model is a file of another format, not voxels (PS3.3 A.45, A.85)",
        remedy='Use a program that wraps files, as dcmtk\'s pdf2dcm; `kind="SC"` keeps a page as a picture.',
    ),
    Refusal(
        names=("ecg", "hd", "eps", "waveform", "au", "audio", "eeg", "emg", "signal"),
        reason="a waveform holds channels over time, not voxels (PS3.3 A.34)",
        remedy="Use pydicom's waveforms for it.",
    ),
    Refusal(
        names=(
            "reg",
            "registration",
            "spatialregistration",
            "deformation",
            "displacementfield",
            "fid",
            "fiducials",
        ),
        reason="a registration or fiducial holds transforms or points, not voxels with a meaning (PS3.3 A.39, A.40)",
        remedy='Use `kind="ParametricMap"` for each component of a field; transforms need other software.',
    ),
    Refusal(
        names=("surface", "surfacesegmentation", "mesh", "smr"),
        reason="a surface holds points and triangles, not voxels (PS3.3 A.57)",
        remedy='Use `kind="Segmentation"` for masks and label maps.',
    ),
    Refusal(
        names=("tractography", "tracts", "tractogram"),
        reason="tractography results hold lines, not voxels (PS3.3 A.78)",
        remedy='Use `kind="Segmentation"` for a mask of a tract, "ParametricMap" for a map of densities.',
    ),
    Refusal(
        names=("mrspectroscopy", "mrs", "spectroscopy", "raw", "rawdata", "kspace"),
        reason="spectra and raw data are complex numbers of a scanner, not images (PS3.3 A.36.3, A.37)",
        remedy='Use `kind="MR"` or "ParametricMap" for a reconstructed map.',
    ),
)
"""Objects that users ask for, and why they get none."""

OTHER_NAMES = {
    "seg": "Segmentation",
    "segment": "Segmentation",
    "segments": "Segmentation",
    "segmentationmask": "Segmentation",
    "mask": "Segmentation",
    "masks": "Segmentation",
    "label": "Segmentation",
    "labels": "Segmentation",
    "labelmap": "Segmentation",
    "dicomseg": "Segmentation",
    "pet": "PT",
    "positron": "PT",
    "suv": "PT",
    "pi": "PT",
    "mri": "MR",
    "mrt": "MR",
    "mrimage": "MR",
    "fmri": "MR",
    "dwi": "MR",
    "magneticresonance": "MR",
    "cat": "CT",
    "ctscan": "CT",
    "hu": "CT",
    "computedtomography": "CT",
    "pm": "ParametricMap",
    "pmap": "ParametricMap",
    "parametric": "ParametricMap",
    "map": "ParametricMap",
    "float": "ParametricMap",
    "secondarycapture": "SC",
    "secondary": "SC",
    "ot": "SC",
    "other": "SC",
    "rgb": "SC",
    "screenshot": "SC",
    "picture": "SC",
    "image": "SC",
    "multiframe": "MultiframeSC",
    "multiframesecondarycapture": "MultiframeSC",
    "mfsc": "MultiframeSC",
    "cine": "MultiframeSC",
    "clip": "MultiframeSC",
    "ect": "EnhancedCT",
    "multiframect": "EnhancedCT",
    "emr": "EnhancedMR",
    "multiframemr": "EnhancedMR",
    "enhancedmri": "EnhancedMR",
    "3dra": "XRay3D",
    "xa3d": "XRay3D",
    "3dxa": "XRay3D",
    "xray3dangiographic": "XRay3D",
    "rotationalangiography": "XRay3D",
}
"""Common other names, without blanks and hyphens, in lower case: the kind that is suggested."""
