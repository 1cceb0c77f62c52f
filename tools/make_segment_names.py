"""Make the table of structures by name, and the palette of segments.

Run it as ``python tools/make_segment_names.py CSV``, where CSV is the file
``totalsegmentator/resources/totalsegmentator_snomed_mapping.csv`` of TotalSegmentator (Apache
License 2.0). Its class names, SNOMED CT codes and colours are taken; codes that pydicom knows have
the meaning of pydicom's dictionary, and categories are those of CID 7150. A second run changes
nothing.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.sr.codedict import codes
from table_files import write_table

from dicomseries.errors import MetadataError
from dicomseries.segmentation.segment_codes import code_of
from dicomseries.segmentation.segment_colors import lab_of

FILE = (
    Path(__file__).parents[1]
    / "src"
    / "dicomseries"
    / "segmentation"
    / "data"
    / "segment_names.json"
)

_TYPE = "SegmentedPropertyTypeCodeSequence"
_CATEGORY = "SegmentedPropertyCategoryCodeSequence"
_MODIFIER = "SegmentedPropertyTypeModifierCodeSequence"
_REGION = "AnatomicRegionSequence"
_REGION_MODIFIER = "AnatomicRegionModifierSequence"

_CATEGORIES = {
    "Anatomical Structure": "AnatomicalStructure",
    "Morphologically Altered Structure": "MorphologicallyAbnormalStructure",
    "Physical object": "PhysicalObject",
    "Tissue": "Tissue",
}
"""Meaning in the file → name in CID 7150."""

_CORRECTED = {
    "subclavian_artery_left": ["36765005", "SCT", "Subclavian artery"],
    "subclavian_artery_right": ["36765005", "SCT", "Subclavian artery"],
    "gluteus_minimus": ["75297007", "SCT", "Gluteus minimus muscle"],
    "gluteus_minimus_left": ["75297007", "SCT", "Gluteus minimus muscle"],
    "gluteus_minimus_right": ["75297007", "SCT", "Gluteus minimus muscle"],
}
"""Types that the file has wrong: 29700009 is the right subclavian artery on both sides, and the
gluteus minimus has the code of the medius, or a misspelt meaning."""

_COLORS = 256
_LEAST_CHROMA = 25
_LIGHTNESS = (35, 95)
_STEP = 17


def main(path: str) -> None:
    """Write the table."""
    names: dict[str, dict[str, Any]] = {}
    with Path(path).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names[row["Structure"]] = _entry(row)
    table = {
        "source": "TotalSegmentator 2.18 (Apache License 2.0), and pydicom's code dictionary",
        "made by": "tools/make_segment_names.py",
        "names": dict(sorted(names.items())),
        "palette": _palette(),
    }
    write_table(FILE, table)


def _entry(row: dict[str, str]) -> dict[str, Any]:
    category = getattr(codes.cid7150, _CATEGORIES[row[f"{_CATEGORY}.CodeMeaning"]])
    entry: dict[str, Any] = {
        "type": _CORRECTED.get(row["Structure"]) or _code(row, _TYPE),
        "category": [category.value, category.scheme_designator, category.meaning],
    }
    for key, sequence in (
        ("modifier", _MODIFIER),
        ("region", _REGION),
        ("region_modifier", _REGION_MODIFIER),
    ):
        if row[f"{sequence}.CodeValue"]:
            entry[key] = _code(row, sequence)
    red, green, blue = map(int, row["DicomRGBColor"].split(","))
    entry["color"] = f"#{red:02x}{green:02x}{blue:02x}"
    return entry


def _code(row: dict[str, str], sequence: str) -> list[str]:
    """Return a code, with the meaning of pydicom's dictionary."""
    value, scheme = row[f"{sequence}.CodeValue"], row[f"{sequence}.CodingSchemeDesignator"]
    try:
        code = code_of([value, scheme], sequence)
    except MetadataError:
        return [value, scheme, row[f"{sequence}.CodeMeaning"]]
    meaning = code.meaning
    if "(" in meaning:  # the full name of SNOMED CT
        meaning = row[f"{sequence}.CodeMeaning"]
    return [code.value, code.scheme, meaning]


def _palette() -> list[str]:
    """Return colours, each as far from those before it as possible.

    Of a grid in sRGB; neither grey nor dark, as they are drawn over grey images.
    """
    levels = np.arange(0, 256, _STEP)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = np.array([lab_of(tuple(map(int, color))) for color in grid])
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    is_usable = (chroma >= _LEAST_CHROMA) & (lab[:, 0] >= _LIGHTNESS[0])
    is_usable &= lab[:, 0] <= _LIGHTNESS[1]
    grid, lab = grid[is_usable], lab[is_usable]
    chosen = int(np.abs(grid - (221, 51, 51)).sum(axis=1).argmin())
    nearest: npt.NDArray[np.float64] = np.full(len(grid), np.inf)
    palette: list[str] = []
    while len(palette) < _COLORS:
        palette.append("#" + "".join(f"{part:02x}" for part in grid[chosen].tolist()))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[chosen], axis=1).round(2))
        chosen = int(nearest.argmax())
    return palette


if __name__ == "__main__":
    main(sys.argv[1])
