"""How a series was derived, as a code of CID 7203 (PS3.16; PS3.3 section C.7.6.1.1.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.errors import OptionError
from dicomseries.iod import code_item
from dicomseries.standard.attribute import Item
from dicomseries.standard.value_representations import text_fault

__all__ = ["DERIVATIONS", "IMAGE_PROCESSING", "SOURCE_IMAGE", "derivation_code"]

DERIVATIONS: dict[str, str] = {
    "113040": "Lossy Compression",
    "113042": "Pixel by pixel addition",
    "113046": "Pixel by pixel division",
    "113047": "Pixel by pixel mask",
    "113048": "Pixel by pixel Maximum",
    "113049": "Pixel by pixel mean",
    "113050": "Metabolite Maps from spectroscopy data",
    "113051": "Pixel by pixel Minimum",
    "113053": "Pixel by pixel multiplication",
    "113062": "Pixel by pixel subtraction",
    "113072": "Multiplanar reformatting",
    "113073": "Curved multiplanar reformatting",
    "113074": "Volume rendering",
    "113075": "Surface rendering",
    "113076": "Segmentation",
    "113077": "Volume editing",
    "113078": "Maximum intensity projection",
    "113079": "Minimum intensity projection",
    "113085": "Spatial resampling",
    "113086": "Edge enhancement",
    "113087": "Smoothing",
    "113088": "Gaussian blur",
    "113089": "Unsharp mask",
    "113090": "Image stitching",
    "113091": "Spatially-related frames extracted from the volume",
    "113092": "Temporally-related frames extracted from the set of volumes",
    "113093": "Polar to Rectangular Scan Conversion",
    "113097": "Multi-energy proportional weighting",
    "113131": "Extraction of individual subject from group",
    "125027": "Deformed for Registration",
    "128303": "OCT B-scan analysis",
    "129104": "Perfusion image analysis",
    "129105": "Diffusion image analysis",
    "129106": "Diffusion tractography",
}
"""CID 7203 "Image Derivation": CodeValue → CodeMeaning, all of scheme DCM."""

IMAGE_PROCESSING: Item = code_item("110001", "DCM", "Image Processing")
"""What is true of every derived image, where a code must stand and none was said (the group is extensible)."""

SOURCE_IMAGE: Item = code_item("121322", "DCM", "Source image for image processing operation")
"""CID 7202: why a derived image names its source."""

_SHORT_NAMES = {"mpr": "113072", "mip": "113078", "minip": "113079"}
"""What the field says instead of the meaning."""

_KEYS = {"value": 0, "scheme": 1, "meaning": 2} | {
    "CodeValue": 0,
    "CodingSchemeDesignator": 1,
    "CodeMeaning": 2,
}
_FORM = '`("113087", "DCM", "Smoothing")`'


def derivation_code(given: str | Sequence[str] | Mapping[str, str]) -> Item:
    """Return the item of DerivationCodeSequence that a user means.

    Parameters
    ----------
    given : str, sequence or mapping
        A code value of CID 7203 (``"113087"``); its meaning in any case and spacing, or words of it that no other
        has (``"smoothing"``, ``"resampling"``); ``MIP``, ``minIP`` or ``MPR``; or the whole code as
        ``(value, scheme, meaning)`` or a mapping with these keys or DICOM's. A code of one's own scheme is taken as
        it is; the meaning of a code of CID 7203 may be left out.

    Raises
    ------
    OptionError
        If the name is unknown or fits several codes, listing them; if the code is not whole, too long for its
        value representation (SH, LO: PS3.5 section 6.2), or has the meaning of another code.

    Notes
    -----
    PS3.3 section C.7.6.1.1.3 and table 8.8-1, PS3.16 CID 7203.

    Examples
    --------
    >>> [one.values[0] for one in derivation_code("gaussian blur")]
    ['113088', 'DCM', 'Gaussian blur']
    >>> derivation_code("MPR") == derivation_code("113072") == derivation_code(("113072", "DCM"))
    True
    """
    if isinstance(given, str):
        return _named(given)
    return _whole(given)


def _named(name: str) -> Item:
    plain = _plain(name)
    value = name.strip() if name.strip() in DERIVATIONS else _SHORT_NAMES.get(plain)
    whole = [code for code, meaning in DERIVATIONS.items() if _plain(meaning) == plain]
    parts = [
        code for code, meaning in DERIVATIONS.items() if plain and _words(name) in _words(meaning)
    ]
    found = [value] if value else whole or parts
    if len(found) == 1:
        return code_item(found[0], "DCM", DERIVATIONS[found[0]])
    several = "\n".join(f"  {code} {DERIVATIONS[code]!r}" for code in found or DERIVATIONS)
    raise OptionError(
        code="derivation-ambiguous" if found else "derivation-unknown",
        where="derivation",
        given=repr(name),
        expected=f"one of\n{several}",
        remedy=f"Name one of these, write a code of your own as {_FORM}, or leave it out and describe it in words.",
    )


def _plain(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def _words(name: str) -> str:
    """Return the words, with a space before each: a part of a meaning begins where a word does."""
    return " " + " ".join(
        "".join(char if char.isalnum() else " " for char in name.casefold()).split()
    )


def _whole(given: Any) -> Item:
    value, scheme, meaning = _parts(given)
    if scheme == "DCM" and value in DERIVATIONS and not meaning:
        meaning = DERIVATIONS[value]
    fault = next((found for found in _faults(value, scheme, meaning) if found), None)
    if fault:
        raise OptionError(
            code="derivation-malformed",
            where="derivation",
            given=repr(given),
            expected=fault,
            remedy=f'Write it as {_FORM}, or by name: "smoothing".',
        )
    return code_item(value, scheme, meaning)


def _parts(given: Any) -> tuple[str, str, str]:
    parts = ["", "", ""]
    pairs = (
        zip(range(3), given, strict=False)
        if isinstance(given, Sequence) and len(given) in (2, 3)
        else ()
    )
    if isinstance(given, Mapping) and all(key in _KEYS for key in given):
        pairs = ((_KEYS[key], text) for key, text in given.items())  # type: ignore[assignment]
    for place, text in pairs:
        parts[place] = text.strip() if isinstance(text, str) else ""
    return parts[0], parts[1], parts[2]


def _faults(value: str, scheme: str, meaning: str) -> tuple[str | None, ...]:
    """Return what is wrong; a meaning may be in any language, yet not that of another code, which no validator sees."""
    other = {_plain(text): code for code, text in DERIVATIONS.items()}.get(_plain(meaning), value)
    return (
        None if value and scheme and meaning else "a value, a scheme and a meaning",
        text_fault("SH", value),
        text_fault("SH", scheme),
        text_fault("LO", meaning),
        None
        if scheme != "DCM" or other == value
        else f"the meaning of {value}; {meaning!r} is that of {other}",
    )
