"""Copies of files in one folder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.problems import Problem

__all__ = ["without_copies"]


def without_copies(members: Sequence[Instance]) -> tuple[list[Instance], list[Problem]]:
    """Return each instance once.

    Copies have the same SOPInstanceUID, header and size.
    """
    uids = {instance.text("SOPInstanceUID") for instance in members}
    if len(uids) == len(members):
        return list(members), []
    variants: dict[tuple[str, int], list[Instance]] = {}
    for index, instance in enumerate(members):
        uid = instance.text("SOPInstanceUID") or str(index)
        similar = variants.setdefault((uid, instance.file_size), [])
        if all(other.elements != instance.elements for other in similar):
            similar.append(instance)
    files = list(itertools.chain(*variants.values()))
    copies = len(members) - len(files)
    repeated = len(files) - len({uid for uid, _ in variants})
    problems = []
    if copies:
        problems.append(
            Problem(
                code="instances-repeated",
                level="warning",
                text=f"{copies} of {len(members)} files are copies (same SOPInstanceUID and "
                "header) and are ignored",
                remedy="Remove the copies.",
            )
        )
    if repeated:
        problems.append(
            Problem(
                code="uids-repeated",
                level="warning",
                text=f"{repeated} of {len(members)} files share the SOPInstanceUID of another "
                "file with a different header; all are used",
                remedy="Check which files belong here: they may be versions of one image, or "
                "images with wrong UIDs.",
            )
        )
    return files, problems
