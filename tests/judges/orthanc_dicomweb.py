"""Orthanc's DICOMweb plug-in: STOW, QIDO and WADO through another client."""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import requests
from dicomweb_client import DICOMwebClient

from judges.orthanc import orthanc_server
from judges.outcomes import CANNOT, SERVED, UNDRAWN, UNSERVED, WRONG, Meant
from judges.presence import absent

__all__ = ["orthanc_dicomweb", "orthanc_dicomweb_version"]

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

PIXELS = {"7FE00008", "7FE00009", "7FE00010"}

ONE_BIT = 1


def orthanc_dicomweb_version() -> str:
    """Return the version of the plugin, as in 1.7."""
    with (
        orthanc_server([_plugin()]) as address,
        urllib.request.urlopen(f"{address}/plugins/dicom-web") as answer,  # noqa: S310
    ):
        return str(json.load(answer)["Version"])


@contextmanager
def orthanc_dicomweb() -> Iterator[Callable[[Path, Meant], str]]:
    """Start a server; yield a function that stores a series, fetches it and returns the outcome."""
    with orthanc_server([_plugin()]) as address:
        client = DICOMwebClient(url=f"{address}/dicom-web")
        yield lambda folder, meant: _served(client, folder, meant)


def _plugin() -> Path:
    if not PLUGIN.is_file():
        absent("Orthanc's DICOMweb plugin", "run `make debian` as root")
    return PLUGIN


def _served(client: DICOMwebClient, folder: Path, meant: Meant) -> str:
    paths = sorted(folder.glob("*.dcm"))
    sources = [pydicom.dcmread(path) for path in paths]
    try:
        client.store_instances(sources)
    except requests.HTTPError:
        return CANNOT
    study, series = sources[0].StudyInstanceUID, sources[0].SeriesInstanceUID
    found = client.search_for_series(study, search_filters={"SeriesInstanceUID": series})
    files = client.retrieve_series(study, series, media_types=(("application/dicom", "*"),))
    by_uid = {file.SOPInstanceUID: file for file in files}
    kept = len(files) == len(sources) and all(
        by_uid[source.SOPInstanceUID] == source for source in sources
    )
    if (
        len(found) != 1
        or not kept
        or not _same_metadata(client.retrieve_series_metadata(study, series), sources)
    ):
        return WRONG
    try:
        frames = [frame for source in sources for frame in _frames(client, source)]
    except requests.HTTPError:
        return UNSERVED
    if b"".join(frames) != _packed(meant, sources[0].BitsAllocated):
        return WRONG
    return SERVED if _drawn(client, sources[0]) else UNDRAWN


def _frames(client: DICOMwebClient, source: pydicom.Dataset) -> list[bytes]:
    numbers = list(range(1, int(source.get("NumberOfFrames", 1)) + 1))
    uids = source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID
    frames: list[bytes] = client.retrieve_instance_frames(
        *uids, numbers, media_types=("application/octet-stream",)
    )
    return frames


def _packed(meant: Meant, bits: int) -> bytes:
    if bits == ONE_BIT:
        return np.packbits(meant.frames, bitorder="little").tobytes()
    return meant.frames.tobytes()


def _drawn(client: DICOMwebClient, source: pydicom.Dataset) -> bool:
    uids = source.StudyInstanceUID, source.SeriesInstanceUID, source.SOPInstanceUID
    try:
        picture = client.retrieve_instance_rendered(*uids, media_types=("image/png",))
    except requests.HTTPError:
        return False
    return bytes(picture).startswith(b"\x89PNG")


def _same_metadata(served: list[dict[str, Any]], sources: list[pydicom.Dataset]) -> bool:
    """Return whether each attribute except pixels is served with its value."""
    by_uid = {one["00080018"]["Value"][0]: one for one in served}
    for source in sources:
        answer = by_uid.get(source.SOPInstanceUID)
        wanted = json.loads(source.to_json())
        if answer is None or not all(
            _same(answer.get(tag), wanted[tag]) for tag in wanted.keys() - PIXELS
        ):
            return False
    return True


def _same(served: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(served, dict) and all(
            _same(served.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        # PS3.18 section F.2.5: an empty attribute has no values.
        served = [] if served is None else served
        return len(served) == len(wanted) and all(map(_same, served, wanted))
    if isinstance(wanted, float):
        return math.isclose(float(served), wanted, rel_tol=1e-12)
    return bool(served == wanted)
