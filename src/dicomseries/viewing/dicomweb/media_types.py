"""The header Accept → which representation is sent (PS3.18 section 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dicomseries.reading import Instance, is_compressed
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.viewing.dicomweb.rejected_request import RefusedError

__all__ = [
    "DICOM",
    "JSON",
    "OCTETS",
    "MediaTypeChoice",
    "Offer",
    "check_json",
    "choose",
    "frame_offers",
]

DICOM = "application/dicom"
JSON = "application/dicom+json"
OCTETS = "application/octet-stream"

_IMAGES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    **dict.fromkeys(
        ("1.2.840.10008.1.2.4." + end for end in ("50", "51", "57", "70")), "image/jpeg"
    ),
    **dict.fromkeys(("1.2.840.10008.1.2.4." + end for end in ("80", "81")), "image/jls"),
    **dict.fromkeys(("1.2.840.10008.1.2.4." + end for end in ("90", "91")), "image/jp2"),
    **dict.fromkeys(("1.2.840.10008.1.2.4." + end for end in ("92", "93")), "image/jpx"),
    **dict.fromkeys(("1.2.840.10008.1.2.4." + end for end in ("110", "111", "112")), "image/jxl"),
    **dict.fromkeys(("1.2.840.10008.1.2.4." + end for end in ("201", "202", "203")), "image/jphc"),
}
"""Transfer syntax → media type of a frame in it (PS3.18 table 8.7.3-5); of any other compression: octets."""

_PIECE = re.compile(r'((?:[^,"]|"[^"]*")+)')
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;\s]*)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A representation that there is.

    Parameters
    ----------
    media_type : str
        Of one part.
    transfer_syntax : str
        UID.
    is_stored : bool
        Whether it is what the file holds.
    """

    media_type: str
    transfer_syntax: str
    is_stored: bool = True

    def __str__(self) -> str:
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTypeChoice:
    """The representation that is sent, and whether in parts."""

    offer: Offer
    in_parts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    media_type: str
    syntax: str | None
    in_parts: bool
    weight: float

    def allows(self, offer: Offer) -> bool:
        if self.syntax not in {None, "*", offer.transfer_syntax}:
            return False
        if (
            self.media_type == OCTETS
        ):  # with a transfer syntax it is how clients ask for whatever is stored
            return self.syntax is not None or offer.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
        return self.media_type in {
            "*/*",
            offer.media_type,
            offer.media_type.partition("/")[0] + "/*",
        }


def choose(accept: str, offers: Sequence[Offer], *, count: int) -> MediaTypeChoice:
    """Return the first of the `offers` that the best wish allows.

    Parameters
    ----------
    accept : str
        The header; "" allows everything.
    offers : sequence of Offer
        What the file holds stands first.
    count : int
        Of the parts; more than one cannot be sent but as parts.

    Raises
    ------
    RefusedError
        If there is no such (406).

    Notes
    -----
    PS3.18 section 8.7.5. A wish for octets in any transfer syntax is one for what is stored; without a transfer syntax
    it is one for uncompressed pixels, and for a file it is left open.

    Examples
    --------
    >>> stored = Offer(media_type="image/jls", transfer_syntax="1.2.840.10008.1.2.4.80")
    >>> plain = Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN, is_stored=False)
    >>> for accept in ('multipart/related; type="application/octet-stream"; transfer-syntax=*', OCTETS):
    ...     choice = choose(accept, (stored, plain), count=1)
    ...     print(choice.offer, choice.in_parts)
    image/jls; transfer-syntax=1.2.840.10008.1.2.4.80 True
    application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1 False
    """
    for wish in sorted(_wishes(accept), key=lambda one: -one.weight):
        for offer in offers:
            if wish.allows(offer) and (wish.in_parts or count == 1):
                return MediaTypeChoice(offer=offer, in_parts=wish.in_parts)
    listed = " or ".join(map(str, offers))
    raise RefusedError(
        406, f"Only {listed} can be sent; ask for transfer-syntax=* to take what is stored."
    )


def check_json(accept: str) -> None:
    """Refuse a request to which the JSON model is not acceptable.

    Raises
    ------
    RefusedError
        If it is so (406).

    Examples
    --------
    >>> check_json("application/json"), check_json("text/html, */*;q=0.1")
    (None, None)
    """
    if not any(
        wish.media_type in {JSON, "application/json", "application/*", "*/*"}
        for wish in _wishes(accept)
    ):
        raise RefusedError(406, f"Only {JSON} can be sent.")


def frame_offers(instance: Instance) -> tuple[Offer, ...]:
    """Return how frames of a file can be sent: as they are stored, and, in one colour, without compression."""
    plain = Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN, is_stored=False)
    if not is_compressed(instance):
        return (Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN),)
    syntax = instance.transfer_syntax
    stored = Offer(media_type=_IMAGES.get(syntax, OCTETS), transfer_syntax=syntax)
    return (stored, plain) if instance.samples == 1 else (stored,)


def _wishes(accept: str) -> Iterable[_Wish]:
    for piece in _PIECE.findall(accept or "*/*"):
        media_type = piece.partition(";")[0].strip().lower()
        parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(piece)}
        in_parts = media_type in {"multipart/related", "multipart/*", "*/*"}
        of_part = parameters.get("type", "*/*").lower() if in_parts else media_type
        yield _Wish(
            media_type=of_part.replace("/x-", "/"),
            syntax=parameters.get("transfer-syntax"),
            in_parts=in_parts,
            weight=_weight(parameters.get("q", "1")),
        )


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
