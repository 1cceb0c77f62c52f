"""Label maps of networks: names in the file, or in the ``dataset.json`` beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from dicomseries.errors import SourceError
from dicomseries.options import WriteOptions, load_mapping
from dicomseries.segmentation import (
    is_dataset_json,
    names_in_dataset_json,
    parse_segments,
    regions_in_dataset_json,
)
from dicomseries.sources import LabelRegion, LabelRegions, is_collection

__all__ = ["with_label_names"]

_DATASET = "dataset.json"
_DEFAULT_ENDING = ".nii.gz"
_MOST_CASES = 5
_NIFTI = (".nii", ".nii.gz")


def with_label_names(
    source: Any, options: WriteOptions
) -> tuple[Any, WriteOptions, tuple[str, ...]]:
    """Return a label map, options that name its labels, and advice.

    Parameters
    ----------
    source : object
        A folder that nnU-Net predicted into, with one case; a NIfTI file or image with a table of
        labels; a label map whose `segments` are regions; or any other input.
    options : WriteOptions
        Its `segments` come first, by label or by a name of the input.

    Raises
    ------
    SourceError
        If the folder holds several cases, or none.
    MetadataError
        If ``dataset.json`` cannot be read.
    """
    dataset = _dataset_of_folder(source)
    advice: tuple[str, ...] = ()
    if dataset is not None:
        folder = Path(source)
        source = _case_in(folder, dataset)
        advice = (f"The names of the labels are those of {folder / _DATASET}.",)
    stated = options.segments
    if is_dataset_json(stated):
        dataset, stated, advice = stated, None, ()
    if is_collection(source):
        return source, options, ()
    if dataset is None:
        names = _names_in_file(source)
        if not names:
            return source, options, ()
        segments = replace(parse_segments(_by_label(stated, names)), names=names)
        advice = ("The file names its labels: these are the names of the segments.",)
        return source, replace(options, segments=segments), advice
    regions = regions_in_dataset_json(dataset)
    if regions:
        segments_of_regions = [LabelRegion(name=name, labels=labels) for name, labels in regions]
        source = LabelRegions(source=source, segments=tuple(segments_of_regions))
        return source, replace(options, segments=stated), advice
    names = names_in_dataset_json(dataset)
    described = _by_label(stated, names)
    if isinstance(described, Mapping):
        described = {**names, **described}
    return source, replace(options, segments=described), advice


def _by_label(segments: Any, names: Mapping[int, str]) -> Any:
    """Return descriptions by label; those of the user may be by a name of the input.

    A description without a label has that of the input.
    """
    if segments is None:
        return {}
    if not isinstance(segments, Mapping):
        return segments
    labels = {name.casefold(): label for label, name in names.items()}
    described: dict[Any, Any] = {}
    for key, entry in segments.items():
        text = str(key).strip()
        label: Any = labels.get(text.casefold(), key)
        if text.isdecimal():
            label = int(text)
        described[label] = entry
        if isinstance(entry, Mapping) and label in names and not {"label", "name"} & entry.keys():
            described[label] = {"label": names[label], **entry}
    return described


def _names_in_file(source: Any) -> dict[int, str]:
    if isinstance(source, (str, os.PathLike)):
        if not os.fspath(source).lower().endswith(_NIFTI):
            return {}
    elif not type(source).__module__.startswith("nibabel."):
        return {}
    from dicomseries.sources import label_names  # noqa: PLC0415 - of NIfTI files alone

    return label_names(source)


def _dataset_of_folder(source: Any) -> Mapping[str, Any] | None:
    """Return the ``dataset.json`` of a folder of predictions; None for anything else."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    path = Path(source) / _DATASET
    try:
        is_there = path.is_file()
    except (OSError, ValueError):  # a name that is too long, or no name of a file
        return None
    if not is_there:
        return None
    dataset = load_mapping("segments", path)
    return dataset if is_dataset_json(dataset) else None


def _case_in(folder: Path, dataset: Mapping[str, Any]) -> Path:
    ending = str(dataset.get("file_ending") or _DEFAULT_ENDING)
    cases = sorted(path for path in folder.iterdir() if path.name.endswith(ending))
    if len(cases) == 1:
        return cases[0]
    names = ", ".join(path.name for path in cases[:_MOST_CASES])
    more = f" … ({len(cases)} in all)" if len(cases) > _MOST_CASES else ""
    raise SourceError(
        code="several-cases" if cases else "no-case",
        where=os.fspath(folder),
        given=f"{names}{more}" if cases else f"no file that ends in {ending}",
        expected="one case: a Segmentation belongs to one source series",
        remedy="Pass the file of one case, with `segments='dataset.json'`."
        if cases
        else "Check that nnU-Net has written its predictions there.",
    )
