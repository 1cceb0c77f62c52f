"""Files of a plan made by pydicom alone: the oracle of part10."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence

from dicomseries.plan import InstancePlan, SeriesPlan
from dicomseries.standard.attributes.attribute import Attribute, Item

PIXELS = {
    "uint8": ("PixelData", "OB"),
    "float32": ("FloatPixelData", "OF"),
    "float64": ("DoubleFloatPixelData", "OD"),
}
"""Elements of stored numbers other than 16-bit integers (PS3.3 C.7.6.3 and C.7.6.24)."""


def encode_with_pydicom(
    plan: SeriesPlan, instance: InstancePlan, frames: npt.NDArray[Any] | list[bytes]
) -> bytes:
    """Return one file of stored values, or of compressed frames."""
    dataset = dataset_of((*plan.shared, *instance.attributes))
    if plan.is_multi_frame:
        dataset.PerFrameFunctionalGroupsSequence = DicomSequence(
            map(dataset_of, per_frame_items(plan))
        )
    keyword, vr = PIXELS.get(plan.value_map.dtype, ("PixelData", "OW"))
    if isinstance(frames, list):
        vr, pixels = "OB", encapsulate(frames)
    else:
        pixels = np.ascontiguousarray(frames).tobytes() + b"\0" * (plan.pixel_bytes % 2)
    dataset.add_new(keyword, vr, pixels)
    dataset.file_meta = FileMetaDataset(dataset_of(plan.file_meta(instance)))
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    return file.getvalue()


def per_frame_items(plan: SeriesPlan) -> tuple[Item, ...]:
    """Return the functional groups of each frame."""
    items: list[Item] = []
    if not plan.is_multi_frame:
        return ()
    for frame in range(plan.extent.frames):
        groups = (plan.filled(group, frame) for group in plan.per_frame)
        items.append(tuple(group for group in groups if group is not None))
    return tuple(items)


def dataset_of(attributes: Iterable[Attribute]) -> Dataset:
    """Return attributes as a dataset."""
    dataset = Dataset()
    for element in attributes:
        values: Any = list(element.values)
        if element.vr == "SQ":
            values = DicomSequence([dataset_of(item) for item in values if isinstance(item, tuple)])
        elif len(values) == 1:
            (values,) = values
        dataset.add_new(element.tag, element.vr, values)
    return dataset
