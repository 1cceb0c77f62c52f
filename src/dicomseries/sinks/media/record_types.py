"""Types of the directory records of a DICOMDIR, by SOP class.

PS3.3 section F.3.2.2 and table F.4-1.
"""

from __future__ import annotations

__all__ = ["PREFIXES", "SINGLE_LEVEL", "record_type"]

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_BY_CLASS = {
    "4.2": "SPECTROSCOPY",
    "66": "RAW DATA",
    "66.1": "REGISTRATION",
    "66.2": "FIDUCIAL",
    "66.3": "REGISTRATION",
    "66.5": "SURFACE",
    "66.6": "TRACT",
    "67": "VALUE MAP",
    "77.1.5.3": "STEREOMETRIC",
    "78.6": "SR DOCUMENT",
    "79.1": "SR DOCUMENT",
    "80.1": "MEASUREMENT",
    "88.59": "KEY OBJECT DOC",
    "90.1": "ASSESSMENT",
    "131": "PRESENTATION",
    "481.1": "IMAGE",
    "481.2": "RT DOSE",
    "481.3": "RT STRUCTURE SET",
    "481.4": "RT TREAT RECORD",
    "481.5": "RT PLAN",
    "481.6": "RT TREAT RECORD",
    "481.7": "RT TREAT RECORD",
    "481.8": "RT PLAN",
    "481.9": "RT TREAT RECORD",
    "481.23": "IMAGE",
    "481.24": "IMAGE",
}
_BY_GROUP = {
    "9.": "WAVEFORM",
    "11.": "PRESENTATION",
    "68.": "SURFACE SCAN",
    "78.": "MEASUREMENT",
    "88.": "SR DOCUMENT",
    "104.": "ENCAP DOC",
    "481.": "RADIOTHERAPY",
}
SINGLE_LEVEL = {
    "1.2.840.10008.5.1.4.38.1": "HANGING PROTOCOL",
    "1.2.840.10008.5.1.4.39.1": "PALETTE",
    "1.2.840.10008.5.1.4.43.1": "IMPLANT",
    "1.2.840.10008.5.1.4.44.1": "IMPLANT ASSY",
    "1.2.840.10008.5.1.4.45.1": "IMPLANT GROUP",
}
"""Classes of objects that belong to no patient: their records are at the root."""
PREFIXES = {
    "PATIENT": "PT",
    "STUDY": "ST",
    "SERIES": "SE",
    "IMAGE": "IM",
    "RT DOSE": "RD",
    "RT STRUCTURE SET": "RS",
    "RT PLAN": "RP",
    "RT TREAT RECORD": "RX",
    "PRESENTATION": "PR",
    "WAVEFORM": "WV",
    "SR DOCUMENT": "SR",
    "KEY OBJECT DOC": "KY",
    "SPECTROSCOPY": "SP",
    "RAW DATA": "RW",
    "REGISTRATION": "RG",
    "FIDUCIAL": "FD",
    "HANGING PROTOCOL": "HG",
    "ENCAP DOC": "ED",
    "VALUE MAP": "VM",
    "STEREOMETRIC": "SX",
    "PALETTE": "PA",
    "IMPLANT": "IP",
    "IMPLANT ASSY": "IA",
    "IMPLANT GROUP": "IG",
    "MEASUREMENT": "MX",
    "SURFACE": "SF",
    "SURFACE SCAN": "SS",
    "TRACT": "TR",
    "ASSESSMENT": "AS",
    "RADIOTHERAPY": "RT",
}
"""First letters of the file names that pydicom gives to each type of record."""


def record_type(sop_class_uid: str) -> str:
    """Return the type of the record of an object.

    Examples
    --------
    >>> record_type("1.2.840.10008.5.1.4.1.1.2"), record_type("1.2.840.10008.5.1.4.1.1.88.22")
    ('IMAGE', 'SR DOCUMENT')
    """
    single = SINGLE_LEVEL.get(sop_class_uid)
    if single is not None:
        return single
    _, is_storage, number = sop_class_uid.partition(_STORAGE)
    if not is_storage:
        return "IMAGE"  # private classes are of images, mostly
    if number in _BY_CLASS:
        return _BY_CLASS[number]
    for group, type_ in _BY_GROUP.items():
        if number.startswith(group):
            return type_
    return "IMAGE"
