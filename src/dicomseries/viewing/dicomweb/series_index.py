"""What was found in a folder, by the UIDs of study, series and instance that each file has itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dicomseries.reading import Instance

__all__ = ["LEVELS", "Held", "Holdings", "address_of", "groups", "holdings_of"]

LEVELS = {
    "studies": "StudyInstanceUID",
    "series": "SeriesInstanceUID",
    "instances": "SOPInstanceUID",
}
"""Words of an address, from the outermost, and the attribute that the UID after each is of."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Held:
    """A file with the three UIDs that name it.

    Parameters
    ----------
    uids : tuple of str
        Of its study, series and instance.
    instance : Instance
        Its header, and where its pixels are.
    """

    uids: tuple[str, str, str]
    instance: Instance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdings:
    """Headers of all files, series by series in the order of their slices; the pixels stay on disk.

    Parameters
    ----------
    by_uids : mapping of (str, str, str) to Held
        By the UIDs of study, series and instance.
    unnamed : int
        Files left out, as a UID is missing in them, or another file has all three.
    """

    by_uids: Mapping[tuple[str, str, str], Held] = field(repr=False)
    unnamed: int = 0

    @property
    def held(self) -> tuple[Held, ...]:
        """All files."""
        return tuple(self.by_uids.values())

    def below(self, place: Iterable[tuple[int, str]]) -> list[Held]:
        """Return what is at a place, or below it.

        Parameters
        ----------
        place : iterable of (int, str)
            Levels, counted from the outermost, and the UID at each.
        """
        asked = dict(place)
        if len(asked) == len(LEVELS):
            one = self.by_uids.get((asked[0], asked[1], asked[2]))
            return [] if one is None else [one]
        return [
            one
            for one in self.by_uids.values()
            if all(one.uids[level] == uid for level, uid in asked.items())
        ]


def groups(held: Iterable[Held], level: int) -> list[list[Held]]:
    """Return files study by study (level 0), series by series (1) or each by itself (2)."""
    found: dict[tuple[str, ...], list[Held]] = {}
    for one in held:
        found.setdefault(one.uids[: level + 1], []).append(one)
    return list(found.values())


def address_of(held: Held, level: int, root: str) -> str:
    """Return the address of the study (level 0), series (1) or instance (2) that a file is, or belongs to."""
    return root + "/".join(
        part for pair in list(zip(LEVELS, held.uids, strict=True))[: level + 1] for part in pair
    )


def holdings_of(instances: Iterable[Instance]) -> Holdings:
    """Return what can be served of some files.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> found = holdings_of([read_instance(get_testdata_file("CT_small.dcm"))] * 2)
    >>> found, found.held[0].uids[1][:24]
    (Holdings(unnamed=1), '1.3.6.1.4.1.5962.1.3.1.1')
    """
    found: dict[tuple[str, str, str], Held] = {}
    count = 0
    for count, one in enumerate(_named(instances), 1):  # noqa: B007 - how many there were
        if all(one.uids):
            found.setdefault(one.uids, one)
    return Holdings(by_uids=found, unnamed=count - len(found))


def _named(instances: Iterable[Instance]) -> Iterator[Held]:
    for instance in instances:
        study, series, uid = (instance.text(keyword) for keyword in LEVELS.values())
        yield Held(uids=(study, series, uid), instance=instance)
