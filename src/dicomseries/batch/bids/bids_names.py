"""Names of files in BIDS: entities, suffix and ending."""

from __future__ import annotations

import re
from dataclasses import field

from dicomseries.lazy_dataclass import dataclass

__all__ = ["BidsName", "parse_name"]

_ENTITY = re.compile(r"([a-z]+)-([A-Za-z0-9+]+)")
_NAME = re.compile(r"(?P<stem>[^.]+)(?P<ending>\..+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class BidsName:
    """The name of a file.

    Parameters
    ----------
    stem : str
        Without the ending.
    entities : dict of str
        Key → label, in the order of the name.
    suffix : str
        Such as ``T1w``.
    ending : str
        Such as ``.nii.gz``.

    Examples
    --------
    >>> name = parse_name("sub-01_task-rest_run-2_bold.nii.gz")
    >>> name.entities, name.suffix, name.ending
    ({'sub': '01', 'task': 'rest', 'run': '2'}, 'bold', '.nii.gz')
    >>> name.description
    'task-rest_run-2_bold'
    """

    stem: str
    suffix: str
    ending: str
    entities: dict[str, str] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """The name without subject and session."""
        parts = [
            f"{key}-{label}" for key, label in self.entities.items() if key not in {"sub", "ses"}
        ]
        return "_".join([*parts, self.suffix])

    def applies_to(self, image: BidsName) -> bool:
        """Return whether a file beside images is about one (inheritance principle)."""
        return self.suffix == image.suffix and self.entities.items() <= image.entities.items()


def parse_name(text: str) -> BidsName | None:
    """Return the parts of a name; None if it is not one of BIDS.

    Examples
    --------
    >>> parse_name("notes.txt"), parse_name("T1w.json").suffix
    (None, 'T1w')
    """
    match = _NAME.fullmatch(text)
    if match is None:
        return None
    *parts, suffix = match["stem"].split("_")
    entities = {}
    for part in parts:
        entity = _ENTITY.fullmatch(part)
        if entity is None or entity[1] in entities:
            return None
        entities[entity[1]] = entity[2]
    if not suffix.isalnum() or (not entities and suffix.islower() and suffix not in _PLAIN):
        return None
    return BidsName(
        stem=match["stem"], suffix=suffix, ending=match["ending"] or "", entities=entities
    )


_PLAIN = frozenset({"bold", "dwi", "pet", "asl", "epi", "sbref", "dseg", "mask", "cbv"})
"""Suffixes in small letters that may stand alone at the root of a dataset."""
