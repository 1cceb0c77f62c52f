"""Kinds of image objects as tables, and their composer."""

from __future__ import annotations

from dicomseries.iod.code_items import code_item
from dicomseries.iod.compose_attributes import Composition, compose
from dicomseries.iod.conditions import ALWAYS, Grey, Rescaled, Unless, When
from dicomseries.iod.groups import Group, Leaf, Part, VaryingGroup, groups_of, rows_of
from dicomseries.iod.kind import (
    Absent,
    Choice,
    Constant,
    Default,
    Fact,
    Kind,
    PerInstance,
    Polarity,
    Remark,
    Row,
)
from dicomseries.iod.kinds.all_kinds import KINDS, OFFERED, KindName, find_kind
from dicomseries.iod.kinds.ct import CT
from dicomseries.iod.kinds.measurement_report import MeasurementReport
from dicomseries.iod.kinds.mr import MR
from dicomseries.iod.kinds.pt import PT
from dicomseries.iod.kinds.sc import SC
from dicomseries.iod.kinds.segmentation import SEGMENTATION_SOP_CLASSES, Segmentation
from dicomseries.iod.rows import converted
from dicomseries.iod.value_units import (
    RESCALE_UNITS,
    has_hounsfield,
    is_of_modality,
    is_same_unit,
    item_of_words,
    names_quantity,
    pet_term,
    unit_code_of,
    unit_of_item,
)

__all__ = [
    "ALWAYS",
    "CT",
    "KINDS",
    "MR",
    "OFFERED",
    "PT",
    "RESCALE_UNITS",
    "SC",
    "SEGMENTATION_SOP_CLASSES",
    "Absent",
    "Choice",
    "Composition",
    "Constant",
    "Default",
    "Fact",
    "Grey",
    "Group",
    "Kind",
    "KindName",
    "Leaf",
    "MeasurementReport",
    "Part",
    "PerInstance",
    "Polarity",
    "Remark",
    "Rescaled",
    "Row",
    "Segmentation",
    "Unless",
    "VaryingGroup",
    "When",
    "code_item",
    "compose",
    "converted",
    "find_kind",
    "groups_of",
    "has_hounsfield",
    "is_of_modality",
    "is_same_unit",
    "item_of_words",
    "names_quantity",
    "pet_term",
    "rows_of",
    "unit_code_of",
    "unit_of_item",
]
