"""A header → the DICOM JSON Model (PS3.18 annex F); what is large stands there as an address."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

from dicomseries.reading import Element, Instance
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_BIG_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

__all__ = ["LARGE_BYTES", "binary", "dumped", "model_of"]

LARGE_BYTES = 4096
"""Binary values beyond this size are given by their address."""

_AS_A_WHOLE = frozenset({IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN})
"""Transfer syntaxes whose elements are decoded with the whole file in view: VRs are not there, or bytes are swapped."""

_CHARACTERS = 0x00080005
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_PIXEL_VRS = {0x7FE00008: "OF", 0x7FE00009: "OD"}


def model_of(
    instance: Instance, tags: Iterable[int] | None, bulk: str
) -> dict[str, dict[str, Any]]:
    """Return attributes of a file in the DICOM JSON Model.

    Parameters
    ----------
    instance : Instance
        The file.
    tags : iterable of int or None
        Which of them, where the file has them; None for all, the pixels by their address.
    bulk : str
        Address of what is large, to which its tag is added as eight digits.

    Returns
    -------
    dict
        By tag as eight hexadecimal digits, rising. File meta information, and what cannot be decoded, is left out.

    Notes
    -----
    PS3.18 section F.2. What stands behind the pixels is not known.
    """
    there = {tag for tag, _ in instance.items() if tag >> 16 != 2 and tag & 0xFFFF}
    chosen = sorted(there if tags is None else there & set(tags))
    decode = _decoder(instance)
    found = {f"{tag:08X}": _element(tag, instance.element(tag), decode, bulk) for tag in chosen}
    if tags is None and instance.pixels is not None:
        pixels = instance.pixels
        vr = _PIXEL_VRS.get(pixels.tag) or (pixels.vr if pixels.vr in {"OB", "OW"} else "OW")
        found[f"{pixels.tag:08X}"] = {"vr": vr, "BulkDataURI": f"{bulk}{pixels.tag:08X}"}
    if "00080005" in found:
        found["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}  # of this text, not of the file
    return {tag: element for tag, element in found.items() if element is not None}


def binary(instance: Instance, tag: int) -> bytes | None:
    """Return a binary value by its tag; None if it is not there, or is none."""
    element = instance.element(tag)
    return element.raw if element is not None and element.vr in _BINARY else None


def dumped(model: Any) -> bytes:
    """Return JSON, in which what is no finite number is a text (PS3.18 section F.2.3).

    Examples
    --------
    >>> dumped({"00280120": {"vr": "FL", "Value": [float("nan"), 1.5]}})
    b'{"00280120": {"vr": "FL", "Value": ["NaN", 1.5]}}'
    """
    try:
        return json.dumps(model, allow_nan=False).encode("ascii")
    except ValueError:
        return json.dumps(_spelt(model), allow_nan=False).encode("ascii")


def _spelt(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spelt(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_spelt(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value


def _decoder(instance: Instance) -> Callable[[int, Element], dict[str, Any] | None]:
    """Return what decodes elements of a file; slices of a series have most of them in common, and decode them once."""
    if instance.transfer_syntax not in _AS_A_WHOLE:
        characters = instance.raw("SpecificCharacterSet")
        return lambda tag, element: _decoded(tag, element, characters)
    dataset = instance.dataset()
    return lambda tag, _: _model(dataset, tag)


@lru_cache(maxsize=4096)
def _decoded(tag: int, element: Element, characters: bytes | None) -> dict[str, Any] | None:
    elements = (
        {tag: element}
        if characters is None
        else {tag: element, _CHARACTERS: Element("CS", characters)}
    )
    raw = {}
    for number, (vr, value, implicit) in elements.items():
        number_of_tag = BaseTag(number)
        little_endian = True
        raw[number_of_tag] = RawDataElement(
            number_of_tag, vr, len(value), value, 0, implicit, little_endian, is_raw=True
        )
    return _model(Dataset(raw), tag)  # type: ignore[arg-type]


def _model(dataset: Dataset, tag: int) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = dataset[tag].to_json_dict(None, 0)
    except Exception:  # noqa: BLE001 - a damaged value raises anything; the others are of use without it
        return None
    return found


def _element(
    tag: int,
    element: Element | None,
    decode: Callable[[int, Element], dict[str, Any] | None],
    bulk: str,
) -> dict[str, Any] | None:
    if element is None:
        return None
    if element.vr not in _BINARY or not element.raw:
        return decode(tag, element)
    if len(element.raw) > LARGE_BYTES:
        return {"vr": element.vr, "BulkDataURI": f"{bulk}{tag:08X}"}
    return {"vr": element.vr, "InlineBinary": base64.b64encode(element.raw).decode("ascii")}
