"""Kinds of image objects as tables, and the one composer that turns a table into attributes."""

from __future__ import annotations

from dicomseries.iod.compose import Composition, compose
from dicomseries.iod.conditions import Grey, Rescaled, Unless, When
from dicomseries.iod.ct import CT
from dicomseries.iod.groups import Group, Leaf, VaryingGroup
from dicomseries.iod.kind import Absent, Choice, Constant, Default, Fact, Kind, PerInstance, Remark, Row
from dicomseries.iod.kinds import KINDS, OFFERED, find_kind
from dicomseries.iod.mr import MR
from dicomseries.iod.pt import PT
from dicomseries.iod.rows import converted
from dicomseries.iod.sc import SC

__all__ = [
    "CT",
    "KINDS",
    "MR",
    "OFFERED",
    "PT",
    "SC",
    "Absent",
    "Choice",
    "Composition",
    "Constant",
    "Default",
    "Fact",
    "Grey",
    "Group",
    "Kind",
    "Leaf",
    "PerInstance",
    "Remark",
    "Rescaled",
    "Row",
    "Unless",
    "VaryingGroup",
    "When",
    "compose",
    "converted",
    "find_kind",
]
