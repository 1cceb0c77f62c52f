"""Coverage of a check: checked and unchecked parts."""

from __future__ import annotations

from collections.abc import Sequence

from dicomseries.errors import DicomSeriesError, MissingPackageError, counted
from dicomseries.reading import Instance, is_without_pixels, kinds_of, read_frames
from dicomseries.standard.attributes.attribute import tag_of
from dicomseries.standard.objects.image_classes import image_class

__all__ = ["coverage_of", "images_of"]


def images_of(instances: Sequence[Instance]) -> tuple[Instance, ...]:
    """Return the images; not reports, plans and raw data.

    Examples
    --------
    >>> from dicomseries.reading import read_instance
    >>> from pydicom.data import get_testdata_file
    >>> report = read_instance(get_testdata_file("reportsi.dcm"))
    >>> images_of([report])
    ()
    """
    return tuple(instance for instance in instances if not is_without_pixels(instance))


def coverage_of(
    instances: Sequence[Instance], images: Sequence[Instance], *, is_compared: bool
) -> tuple[list[str], list[str]]:
    """Return the parts checked without validators, and the others.

    Parameters
    ----------
    instances, images : sequence of Instance
        Of one series, and the images among them.
    is_compared : bool
        Whether there is an input to compare with.
    """
    checked = [f"texts and modules of {counted(len(instances), 'file')}"]
    not_checked = []
    others = list(filter(is_without_pixels, instances))
    if others:
        reason = f"no image object but {kinds_of(others)}: texts and modules are checked only"
        not_checked.append(f"pixels and geometry of {counted(len(others), 'file')} ({reason})")
    if images:
        reason = _reason_without_geometry(images)
        if reason:
            not_checked.append(f"geometry ({reason})")
        else:
            checked.append(f"geometry of {counted(len(images), 'file')}")
        decoded, reasons = _decoded(images)
        if decoded:
            checked.append(f"pixels of {counted(decoded, 'file')}")
        not_checked += reasons
    if is_compared:
        checked.append("comparison with the input")
    elif images:
        not_checked.append("comparison with the input (none was given)")
    return checked, not_checked


def _reason_without_geometry(images: Sequence[Instance]) -> str:
    """Return the reason for unchecked geometry, or ""."""
    shared_groups = tag_of("SharedFunctionalGroupsSequence")
    for image in images:
        if image.raw("ImagePositionPatient") or image.element(shared_groups) is not None:
            return ""
    sop_class_uid = images[0].sop_class_uid
    if image_class(sop_class_uid).plane == "none":
        from pydicom.uid import UID  # noqa: PLC0415 - slow to import

        return f"{UID(sop_class_uid).name} has no image plane"
    return "no position stated"


def _decoded(images: Sequence[Instance]) -> tuple[int, list[str]]:
    """Return the number of files with a decoder, and the others."""
    by_syntax: dict[str, list[Instance]] = {}
    for image in images:
        by_syntax.setdefault(image.transfer_syntax, []).append(image)
    count, reasons = 0, []
    for syntax, members in by_syntax.items():
        if _has_decoder(members[0]):
            count += len(members)
            continue
        from pydicom.uid import UID  # noqa: PLC0415 - slow to import

        files = counted(len(members), "file")
        reasons.append(f"pixels of {files} (no decoder for {UID(syntax).name} is installed)")
    return count, reasons


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
