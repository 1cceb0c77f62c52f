"""DICOMweb resources (PS3.18 section 10.4: WADO-RS, 10.6: QIDO-RS)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import parse_qs, unquote

from dicomseries.errors import DicomSeriesError
from dicomseries.reading import Instance, encoded_frame, is_compressed, read_frames
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.viewing.dicomweb.json_model import binary_value, model_of, to_json
from dicomseries.viewing.dicomweb.media_types import (
    DICOM,
    JSON,
    PLAIN_OCTETS,
    Offer,
    check_json,
    choose,
    frame_offers,
)
from dicomseries.viewing.dicomweb.multipart import check_unchanged, file_blocks, multipart_answer
from dicomseries.viewing.dicomweb.queries import parse_query, search
from dicomseries.viewing.dicomweb.rejected_request import RejectedRequestError
from dicomseries.viewing.dicomweb.series_index import (
    LEVELS,
    IndexedInstance,
    SeriesIndex,
    address_of,
)
from dicomseries.viewing.loopback import TEXT, Answer, HttpRequest, error_answer

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
"""A viewer is a page of another origin, and may read with the token; isolated pages (COEP) too."""

_WORDS = tuple(LEVELS)
_UID = re.compile(r"[0-9.]{1,64}")
_FUZZY = (
    '299 dicomseries: "The fuzzymatching parameter is not supported. '
    'Only literal matching has been performed."'
)


class Service:
    """A folder of series behind the addresses of DICOMweb, read-only.

    Parameters
    ----------
    index : SeriesIndex
        The files.
    boundary : str
        Between the parts of an answer; must not occur in any file, so it is random.
    """

    def __init__(self, index: SeriesIndex, boundary: str) -> None:
        self._index = index
        self._boundary = boundary

    def answer(self, request: HttpRequest) -> Answer:
        """Return the resource at an address, or an error.

        The status is 400, 404 or 406 for a wrong request, and 500 if reading fails.
        """
        try:
            return self._resource(request)
        except RejectedRequestError as rejected:
            return error_answer(rejected.status, rejected)
        except (DicomSeriesError, OSError) as error:
            return error_answer(500, error)

    def _resource(self, request: HttpRequest) -> Answer:
        place, rest = _place(request.path)
        instances = self._index.below(place)
        if not instances:
            raise RejectedRequestError(404, "There is no such study, series or instance here.")
        accept = ", ".join(parse_qs(request.query).get("accept", [])) or request.accept
        match rest:
            case [word] if word in _WORDS:
                return _search(_WORDS.index(word), instances, request, accept)
            case ["metadata"] if place:
                return _metadata(instances, request.root, accept)
            case [] if place:
                return self._files(instances, accept)
            case []:
                return _overview(len(instances))
            case _ if 2 in place:
                return self._part_of(instances[0].instance, rest, accept)
        raise RejectedRequestError(
            404, "There is no such resource: PS3.18 sections 10.4 and 10.6 list the resources."
        )

    def _part_of(self, instance: Instance, rest: list[str], accept: str) -> Answer:
        pixels = instance.pixels
        match rest:
            case ["frames", numbers]:
                return self._frames(instance, _frame_numbers(numbers, instance.frames), accept)
            case ["bulkdata", name] if pixels is not None and name == f"{pixels.tag:08X}":
                return self._frames(instance, range(1, instance.frames + 1), accept)
            case ["bulkdata", name]:
                return self._bulk(instance, name, accept)
        reason = f"There is no resource {'/'.join(rest)!r} of an instance here."
        raise RejectedRequestError(404, reason)

    def _files(self, instances: Sequence[IndexedInstance], accept: str) -> Answer:
        files = [indexed.instance for indexed in instances]
        choices = []
        for file in files:
            check_unchanged(file)
            offer = Offer(media_type=DICOM, transfer_syntax=file.transfer_syntax)
            choices.append(choose(accept, [offer], count=len(files)))
        sizes = [file.file_size for file in files]
        return multipart_answer(choices, map(file_blocks, files), sizes, self._boundary)

    def _frames(self, instance: Instance, numbers: Sequence[int], accept: str) -> Answer:
        if instance.pixels is None or not numbers:
            raise RejectedRequestError(404, "This instance has no pixels.")
        choice = choose(accept, frame_offers(instance), count=len(numbers))
        read = encoded_frame if choice.offer.is_stored else _plain_frame
        check_unchanged(instance)
        first = read(instance, numbers[0] - 1)  # before the answer begins: it can still be an error
        others = (read(instance, number - 1) for number in numbers[1:])
        bodies = ([frame] for frame in itertools.chain([first], others))
        return multipart_answer([choice] * len(numbers), bodies, None, self._boundary)

    def _bulk(self, instance: Instance, name: str, accept: str) -> Answer:
        content = None
        if re.fullmatch("[0-9A-F]{8}", name):
            content = binary_value(instance, int(name, 16))
        if content is None:
            raise RejectedRequestError(404, f"There is no bulk data {name!r} in this instance.")
        choice = choose(accept, [PLAIN_OCTETS], count=1)
        return multipart_answer([choice], [[content]], [len(content)], self._boundary)


def _place(path: str) -> tuple[dict[int, str], list[str]]:
    """Return the UIDs of a path by level, and the rest."""
    words = list(map(unquote, path.strip("/").split("/")))
    if words == [""]:
        words = []
    place: dict[int, str] = {}
    while len(words) > 1 and words[0] in _WORDS and _UID.fullmatch(words[1]):
        place[_WORDS.index(words[0])] = words[1]
        del words[:2]
    return place, words


def _search(
    level: int, instances: list[IndexedInstance], request: HttpRequest, accept: str
) -> Answer:
    check_json(accept)
    query = parse_query(request.query)
    results, further = search(level, instances, query, request.root)
    headers = {}
    if query.is_fuzzy:
        headers["Warning"] = _FUZZY
    if further:
        text = f"There are {further} additional results that can be requested"
        headers["Warning"] = f'299 dicomseries: "{text}"'
    return Answer(content=to_json(results), content_type=JSON, headers=headers)


def _metadata(instances: Sequence[IndexedInstance], root: str, accept: str) -> Answer:
    check_json(accept)
    models = (_model(indexed, root) for indexed in instances)
    first = next(models)  # before the answer begins: it can still be an error
    return Answer(content=_json_array(itertools.chain([first], models)), content_type=JSON)


def _json_array(models: Iterable[bytes]) -> Iterator[bytes]:
    separator = b"["
    for model in models:
        yield separator + model
        separator = b","
    yield b"]"


def _model(indexed: IndexedInstance, root: str) -> bytes:
    instance = indexed.instance
    available = EXPLICIT_VR_LITTLE_ENDIAN
    if is_compressed(instance):
        available = instance.transfer_syntax
    model = model_of(instance, None, f"{address_of(indexed, 2, root)}/bulkdata/")
    model["00083002"] = {"vr": "UI", "Value": [available]}
    return to_json(dict(sorted(model.items())))


def _overview(count: int) -> Answer:
    text = f"DICOMweb (PS3.18), read-only, {count} instances. This is the root for clients.\n"
    return Answer(content=text.encode("ascii"), content_type=TEXT)


def _frame_numbers(text: str, count: int) -> list[int]:
    """Return the frames of a list such as "1,2,5"."""
    numbers = []
    for word in text.split(","):
        is_number = word.isascii() and word.isdigit() and len(word) < 19
        if not is_number or not 1 <= int(word) <= count:
            reason = f"There is no frame {word[:40]!r}: frames are counted from 1 to {count}."
            raise RejectedRequestError(404, reason)
        numbers.append(int(word))
    return numbers


def _plain_frame(instance: Instance, index: int) -> bytes:
    pixels = read_frames(instance, index, index + 1)
    return pixels.astype(pixels.dtype.newbyteorder("<"), copy=False).tobytes()
