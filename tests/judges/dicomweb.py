"""A DICOMweb made with pydicom alone: what a viewer asks of a PACS, for the files of a few folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pydicom

__all__ = ["Archive"]

PIXELS = {0x7FE00008: "OF", 0x7FE00009: "OD", 0x7FE00010: "OW"}
LEVELS = {"studies": "StudyInstanceUID", "series": "SeriesInstanceUID", "instances": "SOPInstanceUID"}
EXPLICIT = "1.2.840.10008.1.2.1"


class Archive:
    """Uncompressed instances, as QIDO-RS and WADO-RS give them."""

    def __init__(self) -> None:
        self.instances: list[pydicom.Dataset] = []

    def store(self, folder: Path) -> list[str]:
        """Take the files of a folder; return the studies they belong to."""
        new = [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]
        self.instances += new
        return list(dict.fromkeys(str(one.StudyInstanceUID) for one in new))

    def answer(self, address: str) -> tuple[bytes, str, int]:
        """Answer a GET of an address below the service's root."""
        url = urlsplit(address)
        words = url.path.strip("/").split("/")
        wanted = {LEVELS[word]: uid for word, uid in zip(words[::2], words[1::2], strict=False) if word in LEVELS}
        wanted |= {key: values[0] for key, values in parse_qs(url.query).items() if key in LEVELS.values()}
        found = [one for one in self.instances if all(one[key].value == uid for key, uid in wanted.items())]
        if "frames" in words:
            return *_frame(found[0], int(words[-1])), 200
        entries = [_entry(one) for one in found] if words[-1] == "metadata" else list(_found(found, LEVELS[words[-1]]))
        return json.dumps(entries).encode(), "application/dicom+json", 200


def _entry(dataset: pydicom.Dataset) -> dict[str, Any]:
    entry = {f"{one.tag:08X}": one.to_json_dict(None, 0) for one in dataset if one.tag not in PIXELS}
    path = "/".join(f"{word}/{dataset[key].value}" for word, key in LEVELS.items())
    for tag, vr in PIXELS.items():
        if tag in dataset:
            entry[f"{tag:08X}"] = {"vr": vr, "BulkDataURI": f"/dicomweb/{path}/frames"}
    return entry


def _found(instances: list[pydicom.Dataset], key: str) -> Iterator[dict[str, Any]]:
    for uid in dict.fromkeys(one[key].value for one in instances):
        own = [one for one in instances if one[key].value == uid]
        counts = {"00201206": len({one.SeriesInstanceUID for one in own}), "00201208": len(own), "00201209": len(own)}
        numbers = {tag: {"vr": "IS", "Value": [count]} for tag, count in counts.items()}
        yield {**_entry(own[0]), **numbers, "00080061": {"vr": "CS", "Value": [own[0].Modality]}}


def _frame(dataset: pydicom.Dataset, number: int) -> tuple[bytes, str]:
    (pixels,) = (dataset[tag].value for tag in PIXELS if tag in dataset)
    size = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated // 8
    content_type = "application/octet-stream"
    head = f"--frame\r\nContent-Type: {content_type}; transfer-syntax={EXPLICIT}\r\n\r\n".encode()
    body = head + pixels[(number - 1) * size : number * size] + b"\r\n--frame--\r\n"
    return body, f'multipart/related; type="{content_type}"; boundary=frame'
