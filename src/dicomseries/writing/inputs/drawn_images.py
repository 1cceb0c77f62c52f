"""References of a picture to the result that is drawn in it.

PS3.3 sections C.7.6.1.1.4 (Source Image Sequence) and C.12.2 (Common Instance Reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomseries.lazy_dataclass import dataclass
from dicomseries.plan import Column
from dicomseries.standard.attributes.attribute import Item, Value, attribute
from dicomseries.writing.inputs.write_request import WriteRequest

__all__ = ["DrawnImage", "with_drawn_images"]

_IMAGES, _SERIES = "SourceImageSequence", "ReferencedSeriesSequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnImage:
    """An image that a slice was made from.

    Parameters
    ----------
    series_uid, sop_class_uid, sop_instance_uid : str
        Its UIDs; it lies in the study of the source series.

    Examples
    --------
    >>> DrawnImage(series_uid="1.2", sop_class_uid="1.3", sop_instance_uid="1.4").series_uid
    '1.2'
    """

    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str

    @property
    def instance(self) -> Item:
        """SOP class and instance."""
        return (
            attribute("ReferencedSOPClassUID", self.sop_class_uid),
            attribute("ReferencedSOPInstanceUID", self.sop_instance_uid),
        )


def with_drawn_images(
    request: WriteRequest, drawn: Sequence[Sequence[DrawnImage]], purpose: Item
) -> WriteRequest:
    """Return a request whose slices name these images, too.

    Parameters
    ----------
    request : WriteRequest
        Of single-frame files, with the references to the source series.
    drawn : sequence of sequences of DrawnImage
        For each slice along the normal; empty for no change.
    purpose : Item
        Code of the reference.
    """
    inheritance = request.inheritance
    if inheritance is None or not drawn:
        return request
    columns = {column.keyword: column for column in inheritance.columns}
    code = attribute("PurposeOfReferenceCodeSequence", purpose)
    added = {
        _IMAGES: [tuple((*image.instance, code) for image in images) for images in drawn],
        _SERIES: list(map(_series_items, drawn)),
    }
    for keyword, items in added.items():
        if keyword in request.left_out:
            continue
        values: list[tuple[Value, ...] | None] = []
        for index, new_items in enumerate(items):
            known: tuple[Value, ...] = ()
            if keyword in columns:
                known = columns[keyword].at(index, slices=len(drawn)) or ()
            values.append((*known, *new_items) or None)
        columns[keyword] = Column(keyword=keyword, per="slice", values=tuple(values), vr="SQ")
    return replace(request, inheritance=replace(inheritance, columns=tuple(columns.values())))


def _series_items(images: Sequence[DrawnImage]) -> tuple[Item, ...]:
    """Return an item for each series of the images."""
    by_series: dict[str, list[DrawnImage]] = {}
    for image in images:
        by_series.setdefault(image.series_uid, []).append(image)
    items: list[Item] = []
    for uid, members in by_series.items():
        instances = attribute("ReferencedInstanceSequence", *(image.instance for image in members))
        items.append((instances, attribute("SeriesInstanceUID", uid)))
    return tuple(items)
