"""What a check looks at in a series, and what it leaves out and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.uid import UID

from dicomseries.errors import DicomSeriesError, MissingPackageError, counted
from dicomseries.reading import Instance, read_frames
from dicomseries.standard.image_classes import image_class

__all__ = ["Coverage", "coverage_of", "images_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was checked, and what was not, each with its reason."""

    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def extended(self, checked: Iterable[str], not_checked: Iterable[str]) -> Coverage:
        """Return the coverage with more behind it."""
        return Coverage(
            checked=(*self.checked, *checked), not_checked=(*self.not_checked, *not_checked)
        )


def images_of(instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return the images: objects of a SOP class with pixels, of an unknown class, or with pixels all the same.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> report = read_instance(get_testdata_file("reportsi.dcm"))
    >>> images_of([report])
    ()
    """
    return tuple(
        one
        for one in instances
        if one.pixels is not None or image_class(one.sop_class_uid).has_pixels
    )


def coverage_of(
    instances: Sequence[Instance], images: Sequence[Instance], *, is_compared: bool
) -> Coverage:
    """Return what is looked at without validators.

    Parameters
    ----------
    instances, images : sequence of Instance
        Of one series, and those of them that are images.
    is_compared : bool
        Whether there is an input to compare with.
    """
    coverage = Coverage(checked=(f"texts and modules of {counted(len(instances), 'file')}",))
    others = len(instances) - len(images)
    if others:
        reason = "no image object: texts and modules are checked only"
        coverage = coverage.extended(
            (), (f"pixels and geometry of {counted(others, 'file')} ({reason})",)
        )
    if images:
        coverage = coverage.extended(*_of_planes(images)).extended(*_of_pixels(images))
    if is_compared:
        return coverage.extended(("values and grid of the input",), ())
    return coverage.extended((), ("values beside an input (none was given)",) if images else ())


def _of_planes(images: Sequence[Instance]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return whether the geometry is looked at: not where no slice states a position."""
    if any(one.raw("ImagePositionPatient") or one.element(_SHARED) is not None for one in images):
        return (f"geometry of {counted(len(images), 'file')}",), ()
    name = UID(images[0].sop_class_uid).name
    reason = "no position stated"
    if image_class(images[0].sop_class_uid).plane == "none":
        reason = f"{name} has no image plane"
    return (), (f"geometry ({reason})",)


_SHARED = 0x52009229
"""SharedFunctionalGroupsSequence."""


def _of_pixels(images: Sequence[Instance]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return how many files have pixels that can be decoded here, and why others cannot be."""
    groups: dict[str, list[Instance]] = {}
    for image in images:
        groups.setdefault(image.transfer_syntax, []).append(image)
    decoded, reasons = 0, []
    for syntax, members in groups.items():
        if _lacks_decoder(members[0]):
            name = UID(syntax).name
            reasons.append(
                f"pixels of {counted(len(members), 'file')} (no decoder for {name} is installed)"
            )
        else:
            decoded += len(members)
    return (f"pixels of {counted(decoded, 'file')}",) if decoded else (), tuple(reasons)


def _lacks_decoder(image: Instance) -> bool:
    """Return whether a compressed file cannot be decoded because a package is missing."""
    if image.pixels is None or image.pixels.length is not None:
        return False
    try:
        read_frames(image, 0, 1)
    except MissingPackageError:
        return True
    except DicomSeriesError:
        return False  # PIX-005 says so
    return False
