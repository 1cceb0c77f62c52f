"""An address below the service's root → what is there (PS3.18 section 10.4: WADO-RS, section 10.6: QIDO-RS)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, unquote

from dicomseries.errors import DicomSeriesError
from dicomseries.reading import Instance, encoded_frame, is_compressed, read_frames
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.viewing.dicomweb.json_model import binary, dumped, model_of
from dicomseries.viewing.dicomweb.media_types import (
    DICOM,
    JSON,
    OCTETS,
    Offer,
    check_json,
    choose,
    frame_offers,
)
from dicomseries.viewing.dicomweb.multipart import check_unchanged, file_blocks, in_parts
from dicomseries.viewing.dicomweb.queries import parsed, search
from dicomseries.viewing.dicomweb.rejected_request import RefusedError
from dicomseries.viewing.dicomweb.series_index import LEVELS, Held, Holdings, address_of
from dicomseries.viewing.loopback import TEXT, Answer, HttpRequest, refusal

__all__ = ["HEADERS", "Service"]

HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, OPTIONS",
    "Access-Control-Allow-Headers": "*",
    "Access-Control-Expose-Headers": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}
"""A viewer is a page of another origin: whoever knows the token may read. Isolated pages (COEP) may too."""

_WORDS = tuple(LEVELS)
_UID = re.compile(r"[0-9.]{1,64}")
_FUZZY = '299 dicomseries: "The fuzzymatching parameter is not supported. Only literal matching has been performed."'


class Service:
    """A folder of series behind the addresses of DICOMweb; nothing can be changed through it.

    Parameters
    ----------
    holdings : Holdings
        What there is.
    boundary : str
        Between the parts of an answer; must stand in no file, so it is drawn by chance.
    """

    def __init__(self, holdings: Holdings, boundary: str) -> None:
        self._holdings = holdings
        self._boundary = boundary

    def answer(self, request: HttpRequest) -> Answer:
        """Return what is at an address: 400, 404, 406 with the reason if nothing is, 500 if it cannot be read."""
        try:
            return self._at(*_place(request.path), request)
        except RefusedError as refused:
            return refusal(refused.status, refused)
        except (DicomSeriesError, OSError) as error:
            return refusal(500, error)

    def _at(self, place: list[tuple[int, str]], rest: list[str], request: HttpRequest) -> Answer:
        held = self._holdings.below(place)
        if not held:
            raise RefusedError(404, "There is no such study, series or instance here.")
        accept = ", ".join(parse_qs(request.query).get("accept", [])) or request.accept
        match rest:
            case [word] if word in _WORDS:
                return _found(_WORDS.index(word), held, request, accept)
            case ["metadata"] if place:
                return _metadata(held, request.root, accept)
            case [] if place:
                return self._files(held, accept)
            case []:
                return _overview(len(held))
            case _ if place and place[-1][0] == 2:
                return self._of_instance(held[0].instance, rest, accept)
        raise RefusedError(
            404, "There is no such resource: see PS3.18 sections 10.4 and 10.6 for those there are."
        )

    def _of_instance(self, instance: Instance, rest: list[str], accept: str) -> Answer:
        match rest:
            case ["frames", numbers]:
                return self._frames(instance, _numbers(numbers, instance.frames), accept)
            case ["bulkdata", name] if (
                instance.pixels is not None and name == f"{instance.pixels.tag:08X}"
            ):
                return self._frames(instance, range(1, instance.frames + 1), accept)
            case ["bulkdata", name]:
                return self._bulk(instance, name, accept)
        raise RefusedError(404, f"There is no resource {'/'.join(rest)!r} of an instance here.")

    def _files(self, held: Sequence[Held], accept: str) -> Answer:
        choices = []
        for one in held:
            check_unchanged(one.instance)
            offer = Offer(media_type=DICOM, transfer_syntax=one.instance.transfer_syntax)
            choices.append(choose(accept, [offer], count=len(held)))
        sizes = [one.instance.file_size for one in held]
        return in_parts(choices, (file_blocks(one.instance) for one in held), sizes, self._boundary)

    def _frames(self, instance: Instance, numbers: Sequence[int], accept: str) -> Answer:
        if instance.pixels is None or not numbers:
            raise RefusedError(404, "This instance has no pixels.")
        choice = choose(accept, frame_offers(instance), count=len(numbers))
        read = encoded_frame if choice.offer.is_stored else _plain_frame
        check_unchanged(instance)
        first = read(
            instance, numbers[0] - 1
        )  # before the answer begins: it can still say what is wrong
        others = (read(instance, number - 1) for number in numbers[1:])
        bodies = ([frame] for frame in itertools.chain([first], others))
        return in_parts([choice] * len(numbers), bodies, None, self._boundary)

    def _bulk(self, instance: Instance, name: str, accept: str) -> Answer:
        content = binary(instance, int(name, 16)) if re.fullmatch("[0-9A-F]{8}", name) else None
        if content is None:
            raise RefusedError(404, f"There is no bulk data {name!r} in this instance.")
        choice = choose(
            accept, [Offer(media_type=OCTETS, transfer_syntax=EXPLICIT_VR_LITTLE_ENDIAN)], count=1
        )
        return in_parts([choice], [[content]], [len(content)], self._boundary)


def _overview(count: int) -> Answer:
    text = f"DICOMweb (PS3.18), read-only, {count} instances. This address is the root that a client asks for.\n"
    return Answer(content=text.encode("ascii"), content_type=TEXT)


def _place(path: str) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the levels and UIDs that a path begins with, and the words after them."""
    words = [unquote(word) for word in path.strip("/").split("/")] if path.strip("/") else []
    place: list[tuple[int, str]] = []
    while len(words) > 1 and words[0] in _WORDS and _UID.fullmatch(words[1]):
        place.append((_WORDS.index(words[0]), words[1]))
        del words[:2]
    return place, words


def _found(level: int, held: list[Held], request: HttpRequest, accept: str) -> Answer:
    check_json(accept)
    query = parsed(request.query)
    results, further = search(level, held, query, request.root)
    warning = _FUZZY if query.is_fuzzy else ""
    if further:
        warning = f'299 dicomseries: "There are {further} additional results that can be requested"'
    headers = {"Warning": warning} if warning else {}
    return Answer(content=dumped(results), content_type=JSON, headers=headers)


def _metadata(held: Sequence[Held], root: str, accept: str) -> Answer:
    check_json(accept)
    models = (_model(one, root) for one in held)
    first = next(models)
    return Answer(content=_listed(itertools.chain([first], models)), content_type=JSON)


def _listed(models: Iterable[bytes]) -> Iterator[bytes]:
    for index, model in enumerate(models):
        yield b"," + model if index else b"[" + model
    yield b"]"


def _model(one: Held, root: str) -> bytes:
    available = (
        one.instance.transfer_syntax if is_compressed(one.instance) else EXPLICIT_VR_LITTLE_ENDIAN
    )
    model = model_of(one.instance, None, f"{address_of(one, 2, root)}/bulkdata/")
    return dumped(dict(sorted({**model, "00083002": {"vr": "UI", "Value": [available]}}.items())))


def _plain_frame(instance: Instance, index: int) -> bytes:
    pixels = read_frames(instance, index, index + 1)
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()


def _numbers(text: str, count: int) -> list[int]:
    """Return the frames of a list such as "1,2,5"."""
    numbers = [
        int(word) if word.isascii() and word.isdigit() and len(word) < 19 else 0
        for word in text.split(",")
    ]
    wrong = [
        word
        for word, number in zip(text.split(","), numbers, strict=True)
        if not 1 <= number <= count
    ]
    if wrong:
        raise RefusedError(
            404, f"There is no frame {wrong[0][:40]!r}: they are counted from 1 to {count}."
        )
    return numbers
