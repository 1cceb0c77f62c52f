"""A Segmentation that was read is written again with its segments."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesWarning

SEGMENTS = {
    "liver": {"algorithm": "AUTOMATIC", "algorithm_name": "Net 1"},
    "kidney_left": {"color": "#0a50c8", "algorithm": "MANUAL"},
    "Lesion 4": {"description": "Ends here.", "tracking_id": "the lesion"},
}
QUICK = {"sync": False, "workers": 1}


@pytest.fixture(scope="module", params=["overlap", "labels", "labelmap"])
def folders(request, tmp_path_factory):
    """Return folders of a CT and of a Segmentation on it."""
    folder = tmp_path_factory.mktemp("study")
    masks = {name: np.zeros((4, 8, 9), bool) for name in SEGMENTS}
    masks["liver"][1, 2:5], masks["kidney_left"][2, 7] = True, True
    masks["Lesion 4"][3, 0, :3] = True
    options = {}
    if request.param == "overlap":
        masks["Lesion 4"][1, 3, 4] = True
    if request.param == "labelmap":
        options = {"segmentation_type": "labelmap"}
    values = np.zeros((4, 8, 9), "int16")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DicomSeriesWarning)
        dcs.write(values, folder / "ct", kind="CT", spacing=(1, 1, 2), **QUICK)
        dcs.write(
            masks,
            folder / "seg",
            kind="Segmentation",
            like=folder / "ct",
            segments=SEGMENTS,
            **options,
            **QUICK,
        )
    return folder / "ct", folder / "seg", options


def test_the_whole_segmentation_keeps_names_codes_and_colours(folders, tmp_path):
    ct, seg, options = folders
    volume = dcs.read(seg, onto=ct)
    dcs.write(volume, tmp_path / "again", kind="Segmentation", like=ct, **options, **QUICK)
    again = dcs.read(tmp_path / "again", onto=ct)
    assert dict(again.segments) == dict(volume.segments)
    np.testing.assert_array_equal(again.array, volume.array)


@pytest.mark.parametrize("name", list(SEGMENTS))
def test_one_segment_keeps_its_name_codes_and_colour(folders, tmp_path, name):
    ct, seg, options = folders
    chosen = dcs.read(seg, onto=ct).segment(name)
    dcs.write(chosen, tmp_path / "one", kind="Segmentation", like=ct, **options, **QUICK)
    again = dcs.read(tmp_path / "one", onto=ct)
    (expected,) = chosen.segments.values()
    (described,) = (each for number, each in again.segments.items() if number > 0)
    assert described.description.startswith(expected.description)  # then its number may follow
    as_before = {"number": expected.number, "description": expected.description}
    assert replace(described, **as_before) == expected
    np.testing.assert_array_equal(again.segment(name).array, chosen.array)


def test_descriptions_of_the_user_come_first(folders, tmp_path):
    ct, seg, options = folders
    volume = dcs.read(seg, onto=ct)
    names = {number: f"Part {number}" for number in volume.segments if number}
    dcs.write(
        volume,
        tmp_path / "named",
        kind="Segmentation",
        like=ct,
        segments=names,
        **options,
        **QUICK,
    )
    back = dcs.read(tmp_path / "named").segments
    assert [each.label for number, each in back.items() if number] == list(names.values())
