"""Choice of a media type by Accept (PS3.18 section 8.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import Instance, is_compressed
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.viewing.dicomweb.rejected_request import RejectedRequestError

__all__ = [
    "DICOM",
    "JSON",
    "OCTETS",
    "PLAIN_OCTETS",
    "MediaTypeChoice",
    "Offer",
    "check_json",
    "choose",
    "frame_offers",
]

DICOM = "application/dicom"
JSON = "application/dicom+json"
OCTETS = "application/octet-stream"

_JSON_TYPES = frozenset({JSON, "application/json", "application/*", "*/*"})
_IMAGES = {
    "1.2.840.10008.1.2.5": "image/dicom-rle",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.92": "image/jpx",
    "1.2.840.10008.1.2.4.93": "image/jpx",
    "1.2.840.10008.1.2.4.110": "image/jxl",
    "1.2.840.10008.1.2.4.111": "image/jxl",
    "1.2.840.10008.1.2.4.112": "image/jxl",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
}
"""Transfer syntax → media type of a frame (PS3.18 table 8.7.3-5); of other compressions: octets."""

_PIECE = re.compile(r'((?:[^,"]|"[^"]*")+)')
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;\s]*)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An available representation.

    Parameters
    ----------
    media_type : str
        Of one part.
    transfer_syntax : str
        UID.
    is_stored : bool
        Whether it is that of the file.
    """

    media_type: str
    transfer_syntax: str
    is_stored: bool = True

    def __str__(self) -> str:
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax}"


PLAIN_OCTETS = Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTypeChoice:
    """The representation to send, and whether in parts."""

    offer: Offer
    in_parts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _AcceptedType:
    """One media type of the header."""

    media_type: str
    syntax: str | None
    in_parts: bool
    weight: float

    def allows(self, offer: Offer) -> bool:
        if self.syntax not in {None, "*", offer.transfer_syntax}:
            return False
        if self.media_type == OCTETS:
            # With a transfer syntax it is how clients ask for the stored bytes.
            return self.syntax is not None or offer.transfer_syntax == EXPLICIT_VR_LITTLE_ENDIAN
        group = offer.media_type.partition("/")[0] + "/*"
        return self.media_type in {"*/*", offer.media_type, group}


def choose(accept: str, offers: Sequence[Offer], *, count: int) -> MediaTypeChoice:
    """Return the first offer that the best accepted type allows.

    Parameters
    ----------
    accept : str
        The header; "" allows everything.
    offers : sequence of Offer
        The representation of the file first.
    count : int
        Number of parts; more than one can only be sent as parts.

    Raises
    ------
    RejectedRequestError
        If there is none (406).

    Notes
    -----
    PS3.18 section 8.7.5. Octets in any transfer syntax mean the stored bytes; without a transfer
    syntax they mean uncompressed pixels. For files the transfer syntax is left open.

    Examples
    --------
    >>> stored = Offer(media_type="image/jls", transfer_syntax="1.2.840.10008.1.2.4.80")
    >>> any_syntax = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    >>> for accept in (any_syntax, OCTETS):
    ...     choice = choose(accept, (stored, PLAIN_OCTETS), count=1)
    ...     print(choice.offer, choice.in_parts)
    image/jls; transfer-syntax=1.2.840.10008.1.2.4.80 True
    application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1 False
    """
    for accepted in sorted(_accepted_types(accept), key=lambda accepted: -accepted.weight):
        for offer in offers:
            if accepted.allows(offer) and (accepted.in_parts or count == 1):
                return MediaTypeChoice(offer=offer, in_parts=accepted.in_parts)
    listed = " or ".join(map(str, offers))
    reason = f"Only {listed} can be sent; ask for transfer-syntax=* to get the stored bytes."
    raise RejectedRequestError(406, reason)


def check_json(accept: str) -> None:
    """Reject a request that does not accept the JSON model.

    Raises
    ------
    RejectedRequestError
        With the status 406.

    Examples
    --------
    >>> check_json("application/json"), check_json("text/html, */*;q=0.1")
    (None, None)
    """
    if _JSON_TYPES.isdisjoint(accepted.media_type for accepted in _accepted_types(accept)):
        raise RejectedRequestError(406, f"Only {JSON} can be sent.")


def frame_offers(instance: Instance) -> tuple[Offer, ...]:
    """Return the offers for frames: stored, and uncompressed if grey."""
    if not is_compressed(instance):
        return (PLAIN_OCTETS,)
    syntax = instance.transfer_syntax
    stored = Offer(media_type=_IMAGES.get(syntax, OCTETS), transfer_syntax=syntax)
    if instance.samples != 1:
        return (stored,)
    plain = Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN, is_stored=False)
    return (stored, plain)


def _accepted_types(accept: str) -> Iterable[_AcceptedType]:
    for piece in _PIECE.findall(accept or "*/*"):
        media_type = piece.partition(";")[0].strip().lower()
        parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(piece)}
        in_parts = media_type in {"multipart/related", "multipart/*", "*/*"}
        if in_parts:
            media_type = parameters.get("type", "*/*").lower()
        try:
            weight = float(parameters.get("q", "1"))
        except ValueError:
            weight = 0.0
        yield _AcceptedType(
            media_type=media_type.replace("/x-", "/"),
            syntax=parameters.get("transfer-syntax"),
            in_parts=in_parts,
            weight=weight,
        )
