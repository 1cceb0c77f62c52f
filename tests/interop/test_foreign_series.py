"""Structures of scanners and archives, as the page about foreign series says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from judges.foreign_structures import STRUCTURES, stored_values

pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "foreign-series.md"
IRREGULAR = (
    "gantry tilt",
    "uneven distances of slices",
    "a missing slice",
    "localizer of three orientations",
)
WHOLE = stored_values(6, 8, 10)
READ: dict[str, tuple[tuple[int, ...], Any, str]] = {
    "raw data, reports or presentation states in the series of the images": (
        (6, 8, 10),
        WHOLE,
        "1 Raw Data",
    ),
    "files of one series in two encodings": ((6, 8, 10), WHOLE, ""),
    "JPEG Lossless": ((6, 8, 10), WHOLE, ""),
    "JPEG Extended, 12 bits": ((1, 1024, 256), None, "place in the patient is unknown"),
    "native pixels labelled as JPEG-LS": ((6, 8, 10), WHOLE, "but its pixels are Explicit VR"),
    "Modality LUT": ((6, 8, 10), WHOLE * 3 + 7, "Modality LUT"),
    "MONOCHROME1": ((6, 8, 10), WHOLE, "not inverted"),
    "palette of colours": ((1, 350, 800, 3), None, "palette"),
    "Siemens mosaics": ((3, 5, 8, 12), stored_values(3, 5, 8, 12), ""),
    "two echoes": ((2, 6, 8, 10), stored_values(2, 6, 8, 10), ""),
    "positions rounded to 0.1 mm, then moved together (GE)": (
        (6, 8, 10),
        WHOLE,
        "from its even place",
    ),
    "an interrupted scan: the last volume lacks slices": (
        (2, 6, 8, 10),
        stored_values(3, 6, 8, 10)[:2],
        "last of 3 volumes has 4 of 6 slices",
    ),
    "time points told apart by InstanceNumber alone (GE)": (
        (3, 6, 8, 10),
        stored_values(3, 6, 8, 10),
        "InstanceNumber",
    ),
    "b-values and directions": ((3, 6, 8, 10), stored_values(3, 6, 8, 10), ""),
    "label and control of Philips": ((4, 6, 8, 10), stored_values(4, 6, 8, 10), ""),
    "volumes that GE's epi_pepolar stores mirrored": (
        (2, 6, 8, 10),
        stored_values(2, 6, 8, 10),
        "in reverse order",
    ),
    "several radiographs of one series": ((6, 8, 10), WHOLE, "each a view by itself"),
    "clip of ultrasound": ((30, 1, 240, 320, 3), None, "ultrasound regions"),
    "RT Dose": ((15, 10, 10), None, ""),
}
"""Name of a structure → shape and values that are read, and words of a note."""

PARTS = {"echoes of which one lacks a slice": {"EchoTime-4.5": 6, "EchoTime-9": 5}}
"""Name of a structure → slices of its parts."""

AXES = {
    "Siemens mosaics": ("time", (0.0, 3.0, 6.0)),
    "two echoes": ("echo", (4.5, 9.0)),
    "b-values and directions": ("diffusion", (0.0, 1000.0, 1000.0)),
    "label and control of Philips": ("asl_context", ("control", "label", "control", "label")),
}


def rows_of_the_page() -> list[str]:
    table = PAGE.read_text(encoding="utf-8").partition("## Public archives")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)
    return [row for row in rows if row != "structure" and set(row) != {"-"}]


def test_every_row_of_the_page_is_a_structure_that_is_built_and_read():
    assert rows_of_the_page() == list(STRUCTURES)
    assert {*READ, *IRREGULAR, *PARTS} == STRUCTURES.keys()


@pytest.mark.parametrize("name", READ)
def test_a_structure_is_read_as_the_page_says(name, tmp_path):
    STRUCTURES[name](tmp_path / "series")
    volume = dcs.read(tmp_path / "series")
    shape, values, words = READ[name]
    assert volume.shape == shape
    if values is not None:
        assert np.array_equal(np.asarray(volume), values)
    assert words in " ".join(volume.notes)
    if name in AXES:
        axis = volume.volume_axes[0]
        assert (axis.name, axis.values) == AXES[name]


@pytest.mark.parametrize("name", IRREGULAR)
def test_an_irregular_series_is_read_as_it_is_and_never_on_an_even_grid(name, tmp_path):
    STRUCTURES[name](tmp_path / "series")
    volume = dcs.read(tmp_path / "series")
    positions = []
    for path in (tmp_path / "series").iterdir():
        dataset = pydicom.dcmread(path)
        position = np.array(dataset.ImagePositionPatient, float)
        positions.append((*position.round(4), int(dataset.pixel_array.sum())))
    read = zip(volume.positions_mm, np.asarray(volume), strict=True)
    assert sorted((*place.round(4), int(slab.sum())) for place, slab in read) == sorted(positions)
    assert any("no regular grid" in note for note in volume.notes)
    with pytest.raises(dcs.DicomSeriesError):
        volume.grid.affine()


@pytest.mark.parametrize("name", PARTS)
def test_a_structure_of_parts_is_read_part_by_part(name, tmp_path):
    STRUCTURES[name](tmp_path / "series")
    scanned = dcs.scan(tmp_path / "series")
    assert {series.part: series.frames for series in scanned} == PARTS[name]
    for series in scanned:
        assert dcs.read(tmp_path / "series", series=series.choice).slices == series.frames
