"""Enumerated values and defined terms of attributes that users give, by keyword (PS3.3 annex C).

*Enumerated values* are closed lists: anything else is an error. *Defined terms* may be extended by anyone (PS3.5
section 7.3): another term is legal, yet more often a typing error. Lists that differ from one object class to another
are not here; they stand in the rows of the kind. PresentationLUTShape is INVERSE in MONOCHROME1 images only, which are
not written.
"""

from __future__ import annotations

__all__ = ["DEFINED", "ENUMERATED"]

_YES_NO = ("YES", "NO")

ENUMERATED: dict[str, tuple[str, ...]] = {
    "AnatomicalOrientationType": ("BIPED", "QUADRUPED"),
    "BurnedInAnnotation": _YES_NO,
    "CountsSource": ("EMISSION", "TRANSMISSION"),
    "FrameLaterality": ("R", "L", "U", "B"),
    "ImageLaterality": ("R", "L", "U", "B"),
    "Laterality": ("R", "L"),
    "LongitudinalTemporalInformationModified": ("UNMODIFIED", "MODIFIED", "REMOVED"),
    "LossyImageCompression": ("00", "01"),
    "MRAcquisitionType": ("2D", "3D"),
    "PatientIdentityRemoved": _YES_NO,
    "PatientSex": ("M", "F", "O"),
    "PatientSexNeutered": ("ALTERED", "UNALTERED"),
    "PregnancyStatus": ("1", "2", "3", "4"),
    "PresentationLUTShape": ("IDENTITY",),
    "QualityControlImage": _YES_NO,
    "RecognizableVisualFeatures": _YES_NO,
    "ScanningSequence": ("SE", "IR", "GR", "EP", "RM"),
    "SmokingStatus": (*_YES_NO, "UNKNOWN"),
    "SpatialLocationsPreserved": (*_YES_NO, "REORIENTED_ONLY"),
}
"""Keyword → the only values allowed."""

DEFINED: dict[str, tuple[str, ...]] = {
    "ConversionType": ("DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"),
    "CorrectedImage": (
        "DECY",
        "ATTN",
        "SCAT",
        "DTIM",
        "MOTN",
        "PMOT",
        "CLN",
        "RAN",
        "RADL",
        "DCAL",
        "NORM",
    ),
    "DecayCorrection": ("NONE", "START", "ADMIN"),
    "LossyImageCompressionMethod": (
        "ISO_10918_1",
        "ISO_14495_1",
        "ISO_15444_1",
        "ISO_15444_15",
        "ISO_13818_2",
        "ISO_14496_10",
        "ISO_18181_1",
        "ISO_23008_2",
    ),
    "PatientPosition": (
        "HFP",
        "HFS",
        "HFDR",
        "HFDL",
        "FFDR",
        "FFDL",
        "FFP",
        "FFS",
        "LFP",
        "LFS",
        "RFP",
        "RFS",
        "AFDR",
        "AFDL",
        "PFDR",
        "PFDL",
    ),
    "RescaleType": ("OD", "HU", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT"),
    "SequenceVariant": ("SK", "MTC", "SS", "TRSS", "SP", "MP", "OSP", "NONE"),
    "TypeOfPatientID": ("TEXT", "RFID", "BARCODE"),
    "Units": (
        "CNTS",
        "NONE",
        "CM2",
        "PCNT",
        "CPS",
        "BQML",
        "MGMINML",
        "UMOLMINML",
        "MLMING",
        "MLG",
        "1CM",
        "UMOLML",
        "PROPCNTS",
        "PROPCPS",
        "MLMINML",
        "MLML",
        "GML",
        "STDDEV",
    ),
    "VOILUTFunction": ("LINEAR", "LINEAR_EXACT", "SIGMOID"),
}
"""Keyword → the terms the standard defines; others are legal."""
