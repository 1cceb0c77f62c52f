"""Texts of a write that no log may hold."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from dicomseries.plan import SeriesPlan
from dicomseries.standard.attributes.attribute import Attribute

__all__ = ["private_texts"]

_NUMBERS = frozenset({"DS", "IS", "FD", "FL", "UI", "US", "SS", "UL", "SL"})
_OUR_WORDS = frozenset(
    {"US", "HU", "SCT", "DCM", "UCUM", "CT", "MR", "PT", "SC", "DERIVED", "PRIMARY", "SECONDARY"}
    | {"AXIAL", "AUTOMATIC", "MANUAL", "Segmentation", "VOLUME", "SCREEN", "BINARY", "NONE"}
    | {"not stated", "Image Region", "Spatial and Relational Concept"}
)
"""Values that we write ourselves, and that advice needs."""


def private_texts(plan: SeriesPlan, *inputs: Any) -> Iterator[str]:
    """Yield the texts of a series and of its inputs.

    Parameters
    ----------
    plan : SeriesPlan
        Its attributes, and those of its source.
    inputs : object
        Values of options: texts, paths, or mappings and lists of these. Others are passed over.
    """
    for text in _texts(plan, inputs):
        if text not in _OUR_WORDS:
            yield text


def _texts(plan: SeriesPlan, inputs: Iterable[Any]) -> Iterator[str]:
    yield from _of_attributes(plan.shared)
    for column in plan.columns:
        for values in {*column.values}:
            if column.vr not in _NUMBERS:
                yield from map(str, values or ())
    for _, value, _ in plan.decisions:
        yield value
    for value in inputs:
        yield from _of_input(value)


def _of_input(value: Any) -> Iterator[str]:
    if isinstance(value, str | os.PathLike):
        text = str(os.fspath(value))
        yield text
        yield PurePath(text).name
        yield PurePath(text).name.partition(".")[0]
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _of_input(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _of_input(member)


def _of_attributes(attributes: Iterable[Attribute]) -> Iterator[str]:
    for attribute in attributes:
        for value in attribute.values:
            if isinstance(value, tuple):
                yield from _of_attributes(value)
            elif attribute.vr not in _NUMBERS and isinstance(value, str):
                yield value
                yield from re.split(r"[\^=\s]+", value) if attribute.vr == "PN" else ()
