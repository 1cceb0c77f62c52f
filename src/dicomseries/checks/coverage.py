"""Coverage of a check: checked and unchecked parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.uid import UID

from dicomseries.errors import DicomSeriesError, MissingPackageError, counted
from dicomseries.reading import Instance, read_frames
from dicomseries.standard.attribute import tag_of
from dicomseries.standard.image_classes import image_class

__all__ = ["Coverage", "coverage_of", "images_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Checked and unchecked parts of a series, with reasons."""

    checked: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()

    def extended(self, checked: Iterable[str] = (), not_checked: Iterable[str] = ()) -> Coverage:
        """Return the coverage with further parts."""
        return Coverage(
            checked=(*self.checked, *checked), not_checked=(*self.not_checked, *not_checked)
        )


def images_of(instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return objects with pixels, or of a class with pixels.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> report = read_instance(get_testdata_file("reportsi.dcm"))
    >>> images_of([report])
    ()
    """
    return tuple(
        instance
        for instance in instances
        if instance.pixels is not None or image_class(instance.sop_class_uid).has_pixels
    )


def coverage_of(
    instances: Sequence[Instance], images: Sequence[Instance], *, is_compared: bool
) -> Coverage:
    """Return the coverage without validators.

    Parameters
    ----------
    instances, images : sequence of Instance
        Of one series, and the images among them.
    is_compared : bool
        Whether there is an input to compare with.
    """
    coverage = Coverage(checked=(f"texts and modules of {counted(len(instances), 'file')}",))
    others = len(instances) - len(images)
    if others:
        reason = "no image object: texts and modules are checked only"
        coverage = coverage.extended(
            not_checked=[f"pixels and geometry of {counted(others, 'file')} ({reason})"]
        )
    if images:
        coverage = _with_geometry(coverage, images)
        coverage = _with_pixels(coverage, images)
    if is_compared:
        return coverage.extended(["values and grid of the input"])
    if images:
        return coverage.extended(not_checked=["values beside an input (none was given)"])
    return coverage


def _with_geometry(coverage: Coverage, images: Sequence[Instance]) -> Coverage:
    """Add the geometry, if a slice states a position."""
    shared_groups = tag_of("SharedFunctionalGroupsSequence")
    for image in images:
        if image.raw("ImagePositionPatient") or image.element(shared_groups) is not None:
            return coverage.extended([f"geometry of {counted(len(images), 'file')}"])
    sop_class_uid = images[0].sop_class_uid
    reason = "no position stated"
    if image_class(sop_class_uid).plane == "none":
        reason = f"{UID(sop_class_uid).name} has no image plane"
    return coverage.extended(not_checked=[f"geometry ({reason})"])


def _with_pixels(coverage: Coverage, images: Sequence[Instance]) -> Coverage:
    """Add the pixels, if there is a decoder."""
    by_syntax: dict[str, list[Instance]] = {}
    for image in images:
        by_syntax.setdefault(image.transfer_syntax, []).append(image)
    decoded, reasons = 0, []
    for syntax, members in by_syntax.items():
        if _has_decoder(members[0]):
            decoded += len(members)
            continue
        files = counted(len(members), "file")
        reasons.append(f"pixels of {files} (no decoder for {UID(syntax).name} is installed)")
    if decoded:
        coverage = coverage.extended([f"pixels of {counted(decoded, 'file')}"])
    return coverage.extended(not_checked=reasons)


def _has_decoder(image: Instance) -> bool:
    if image.pixels is None or image.pixels.length is not None:
        return True
    try:
        read_frames(image, 0, 1)
    except MissingPackageError:
        return False
    except DicomSeriesError:
        return True  # PIX-005 reports it
    return True
