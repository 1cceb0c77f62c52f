"""Names of labels in a ``dataset.json`` of nnU-Net."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dicomseries.errors import MetadataError

__all__ = ["is_dataset_json", "names_in_dataset_json", "regions_in_dataset_json"]

_NO_SEGMENTS = ("background", "ignore")
"""Names of nnU-Net for voxels that belong to no class, and for voxels without a judgement."""


def is_dataset_json(segments: Any) -> bool:
    """Return whether it is the content of a ``dataset.json``.

    Examples
    --------
    >>> is_dataset_json({"labels": {"background": 0, "liver": 1}}), is_dataset_json({1: "Liver"})
    (True, False)
    """
    return isinstance(segments, Mapping) and isinstance(segments.get("labels"), Mapping)


def names_in_dataset_json(dataset: Mapping[str, Any]) -> dict[int, str]:
    """Return label → name, without background and ignored voxels.

    Parameters
    ----------
    dataset : mapping
        Its ``labels`` are name → label, as nnU-Net 2 writes them, or label → name, as nnU-Net 1 and
        the Medical Segmentation Decathlon do.

    Raises
    ------
    MetadataError
        If a label is no whole number, or a name means several labels (a region), or two names mean
        the same label.

    Examples
    --------
    >>> names_in_dataset_json({"labels": {"background": 0, "liver": 1, "spleen": 2}})
    {1: 'liver', 2: 'spleen'}
    >>> names_in_dataset_json({"labels": {"0": "background", "1": "liver"}})
    {1: 'liver'}
    """
    names: dict[int, str] = {}
    faults: list[MetadataError] = []
    for name, numbers in _labels_by_name(dataset):
        if len(numbers) != 1:
            faults.append(_region(name, numbers))
        elif numbers[0] in names:
            faults.append(_second_name(numbers[0], names[numbers[0]], name))
        elif numbers[0]:
            names[numbers[0]] = name
    if faults:
        raise MetadataError.together(faults)
    return names


def regions_in_dataset_json(dataset: Mapping[str, Any]) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the names and labels of regions; none where each name is one label.

    Regions of nnU-Net are unions of labels, which overlap: a whole tumor and its core.

    Raises
    ------
    MetadataError
        If a label is no whole number, or a region has none.

    Examples
    --------
    >>> labels = {"background": 0, "whole tumor": [1, 2], "core": 2}
    >>> regions_in_dataset_json({"labels": labels})
    (('whole tumor', (1, 2)), ('core', (2,)))
    """
    regions = [(name, numbers) for name, numbers in _labels_by_name(dataset) if set(numbers) != {0}]
    empty = [_region(name, numbers) for name, numbers in regions if not numbers]
    if empty:
        raise MetadataError.together(empty)
    if all(len(numbers) == 1 for _, numbers in regions):
        return ()
    return tuple(regions)


def _labels_by_name(dataset: Mapping[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
    labels: list[tuple[str, tuple[int, ...]]] = []
    faults: list[MetadataError] = []
    for key, value in dataset["labels"].items():
        name, label = key, value
        if _is_whole(key):
            name, label = value, key
        if name in _NO_SEGMENTS:
            continue
        try:
            labels.append((str(name), _numbers(label, f"segments['labels'][{key!r}]")))
        except MetadataError as fault:
            faults.append(fault)
    if faults:
        raise MetadataError.together(faults)
    return labels


def _numbers(label: Any, where: str) -> tuple[int, ...]:
    labels = label if isinstance(label, Sequence) and not isinstance(label, str) else [label]
    numbers: list[int] = []
    for number in labels:
        if not _is_whole(number):
            raise MetadataError(
                code="segments-malformed",
                where=where,
                given=repr(label),
                expected="a label, which is a whole number from 0",
                remedy='Write the number in the array, such as "liver": 1.',
            )
        numbers.append(int(number))
    return tuple(dict.fromkeys(numbers))


def _region(name: str, numbers: Sequence[int]) -> MetadataError:
    return MetadataError(
        code="segments-are-regions",
        where=f"segments['labels'][{name!r}]",
        given=f"the labels {', '.join(map(str, numbers)) or '(none)'}, a region of nnU-Net",
        expected="one label for each name",
        remedy='Name the labels themselves: `segments={1: "Oedema", 2: "Necrosis"}`. Regions are '
        "for one label map, with `kind='Segmentation'`.",
    )


def _is_whole(label: Any) -> bool:
    text = str(label).strip()
    return text.isascii() and text.isdigit() and not isinstance(label, bool | float)


def _second_name(label: int, name: str, second: str) -> MetadataError:
    return MetadataError(
        code="segments-malformed",
        where=f"segments['labels'][{second!r}]",
        given=f"the label {label}, which is {name!r} too",
        expected="each label once",
        remedy="Remove one of the two names.",
    )
