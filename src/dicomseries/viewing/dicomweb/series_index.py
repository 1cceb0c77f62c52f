"""Index of files by UIDs of study, series and instance."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import field

from dicomseries.lazy_dataclass import dataclass
from dicomseries.reading import Instance

__all__ = [
    "LEVELS",
    "IndexedInstance",
    "SeriesIndex",
    "address_of",
    "group_by_level",
    "index_instances",
]

LEVELS = {
    "studies": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instances": "SOPInstanceUID",
}
"""Words of an address, from the outermost level, and the attribute of the UID after each."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexedInstance:
    """A file with the three UIDs of its address.

    Parameters
    ----------
    uids : tuple of str
        Of its study, series and instance.
    instance : Instance
        Its header, and the location of its pixels.
    """

    uids: tuple[str, str, str]
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesIndex:
    """Headers of all files, by series and slice.

    The pixels stay on disk.

    Parameters
    ----------
    by_uids : mapping of (str, str, str) to IndexedInstance
        By the UIDs of study, series and instance.
    unnamed : int
        Number of files without a UID, or with the UIDs of another file.
    """

    by_uids: Mapping[tuple[str, str, str], IndexedInstance] = field(repr=False)
    unnamed: int = 0

    @property
    def instances(self) -> tuple[IndexedInstance, ...]:
        """All files."""
        return tuple(self.by_uids.values())

    def below(self, place: Mapping[int, str]) -> list[IndexedInstance]:
        """Return the files at a place, or below it.

        Parameters
        ----------
        place : mapping of int to str
            UID of each level, counted from the outermost.
        """
        if len(place) == len(LEVELS):
            uids = (place[0], place[1], place[2])
            return [self.by_uids[uids]] if uids in self.by_uids else []
        chosen = list(self.by_uids.values())
        for level, uid in place.items():
            chosen = [indexed for indexed in chosen if indexed.uids[level] == uid]
        return chosen


def group_by_level(instances: Iterable[IndexedInstance], level: int) -> list[list[IndexedInstance]]:
    """Group files by study (level 0), series (1), instance (2)."""
    groups: dict[tuple[str, ...], list[IndexedInstance]] = {}
    for indexed in instances:
        groups.setdefault(indexed.uids[: level + 1], []).append(indexed)
    return list(groups.values())


def address_of(indexed: IndexedInstance, level: int, root: str) -> str:
    """Return the address of a file, its series or study."""
    pairs = itertools.islice(zip(LEVELS, indexed.uids, strict=True), level + 1)
    return root + "/".join(itertools.chain.from_iterable(pairs))


def index_instances(instances: Iterable[Instance]) -> SeriesIndex:
    """Index files by their UIDs.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> index = index_instances([read_instance(get_testdata_file("CT_small.dcm"))] * 2)
    >>> index, index.instances[0].uids[1][:24]
    (SeriesIndex(unnamed=1), '1.3.6.1.4.1.5962.1.3.1.1')
    """
    by_uids: dict[tuple[str, str, str], IndexedInstance] = {}
    unnamed = 0
    for instance in instances:
        study, series, uid = map(instance.text, LEVELS.values())
        uids = (study, series, uid)
        if all(uids) and uids not in by_uids:
            by_uids[uids] = IndexedInstance(uids=uids, instance=instance)
        else:
            unnamed += 1
    return SeriesIndex(by_uids=by_uids, unnamed=unnamed)
