"""Label maps of derivatives, and the images that they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from dicomseries.batch.batch_job import BatchJob
from dicomseries.batch.bids.bids_names import BidsName, parse_name
from dicomseries.batch.bids.bids_sidecars import FilesAbout, read_json, table_rows
from dicomseries.lazy_dataclass import dataclass

__all__ = ["ConvertedImage", "NotConverted", "mask_options"]

_OF_DERIVATIVES = frozenset({"desc", "label", "space", "hemi", "seg", "atlas", "scale"})
"""Entities that a label map has beside those of its image."""
_SOURCES = ("Sources", "RawSources", "SpatialReference")
_LONGEST = 64


class NotConverted(Exception):  # noqa: N818 - no fault: a reason in a table
    """Why an image is not converted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertedImage:
    """An image of the dataset that becomes a series."""

    name: BidsName
    datatype: str
    job: BatchJob


def mask_options(
    path: Path, name: BidsName, about: FilesAbout, images: Iterable[ConvertedImage]
) -> dict[str, Any]:
    """Return the options that write a label map over its image.

    Parameters
    ----------
    path : Path
        Of the label map.
    name : BidsName
        Its name.
    about : FilesAbout
        Of the dataset of derivatives.
    images : iterable of ConvertedImage
        Images of the same subject and session.

    Raises
    ------
    NotConverted
        If image or labels are not certain.
    """
    sidecar, _ = about.sidecar(path)
    image = _image_of(path, name, sidecar, list(images))
    options: dict[str, Any] = {
        "kind": "Segmentation",
        "like": image.job.out,
        "segments": _segments(path, name, about),
        "description": name.description[:_LONGEST],
    }
    model = _model(about.root)
    if model:
        options["model"] = model
    return options


def _image_of(
    path: Path, name: BidsName, sidecar: Mapping[str, Any], images: list[ConvertedImage]
) -> ConvertedImage:
    space = name.entities.get("space", "orig")
    if "res" in name.entities or "den" in name.entities:
        text = "on another grid than the image: it has the entity res or den"
        raise NotConverted(text)
    stems = _named_stems(sidecar)
    named = [image for image in images if image.name.stem in stems]
    if len(named) == 1 and space in {"orig", named[0].name.suffix}:
        return named[0]
    shared = {key: label for key, label in name.entities.items() if key not in _OF_DERIVATIVES}
    similar = []
    for image in images:
        is_in_space = space in {"orig", image.name.suffix}
        is_alike = image.name.entities == shared and image.datatype == path.parent.name
        if is_alike and is_in_space:
            similar.append(image)
    if space != "orig" and not similar:
        text = f"in the space {space}, which is not that of a converted image"
        raise NotConverted(text)
    if len(similar) == 1:
        return similar[0]
    if not similar:
        text = "no converted image has its entities: name it as Sources in the sidecar"
        raise NotConverted(text)
    candidates = ", ".join(image.name.stem for image in similar)
    text = f"it may belong to {candidates}: name one as Sources in the sidecar"
    raise NotConverted(text)


def _named_stems(sidecar: Mapping[str, Any]) -> set[str]:
    """Return the names of images in a sidecar, without their ending."""
    stems = set()
    for key in _SOURCES:
        value = sidecar.get(key, ())
        for text in [value] if isinstance(value, str) else value:
            if isinstance(text, str):
                file = parse_name(PurePosixPath(text.rpartition(":")[2]).name)
                if file is not None and file.ending.startswith(".nii"):
                    stems.add(file.stem)
    return stems


def _segments(path: Path, name: BidsName, about: FilesAbout) -> dict[str, Any]:
    if name.suffix == "mask":
        label = name.entities.get("label") or name.entities.get("desc")
        if label is None:
            text = "its name does not say what it shows: it has neither label nor desc"
            raise NotConverted(text)
        return {"1": label}
    tables = about.applicable(path, ".tsv")
    if not tables:
        text = "no table names its labels: add a _dseg.tsv with index and name"
        raise NotConverted(text)
    segments = {}
    for row in table_rows(tables[-1]):
        if "index" in row and "name" in row and row["index"] != "0":
            segments[row["index"]] = row["name"]
    if not segments:
        text = f"{tables[-1].name} has no columns index and name"
        raise NotConverted(text)
    return segments


def _model(root: Path) -> dict[str, str]:
    """Return the program that made the derivatives."""
    file = root / "dataset_description.json"
    made_by = read_json(file).get("GeneratedBy", []) if file.is_file() else []
    if not isinstance(made_by, list) or not made_by or not isinstance(made_by[0], dict):
        return {}
    name, version = made_by[0].get("Name"), made_by[0].get("Version")
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST:
        return {}
    if isinstance(version, str) and 0 < len(version) <= _LONGEST:
        return {"name": name, "version": version}
    return {"name": name}
