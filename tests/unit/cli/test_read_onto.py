"""``dicomseries read --onto``: a result on the grid of its source, as a file."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return a folder with a CT, labels of two of its slices, and a map between its voxels."""
    folder = tmp_path_factory.mktemp("study")
    options = {"workers": 1, "sync": False}
    values = np.arange(4 * 5 * 6, dtype="int16").reshape(4, 5, 6)
    labels = np.zeros((2, 5, 6), "uint8")
    labels[0, 1, 2:4], labels[1, 3] = 1, 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dcs.DicomSeriesWarning)
        dcs.write(values, folder / "ct", kind="CT", spacing=(1, 1.5, 2), **options)
        dcs.write(
            labels,
            folder / "seg",
            kind="Segmentation",
            like=folder / "ct",
            spacing=(1, 1.5, 2),
            origin=(0, 0, 2),
            direction=np.eye(3),
            segments={1: "Liver", 2: "12"},
            **options,
        )
        dcs.write(
            values[:3].astype("float32"),
            folder / "map",
            kind="ParametricMap",
            units="1",
            like=folder / "ct",
            spacing=(1, 1.5, 2),
            origin=(0.5, 0, 1),
            direction=np.eye(3),
            **options,
        )
    return folder


def read(study, capsys, *words):
    out = study / "out.npy"
    code = main(["read", str(study / words[0]), str(out), "--overwrite", "--json", *words[1:]])
    seen = capsys.readouterr()
    if code:
        return code, json.loads(seen.err.splitlines()[-1])["error"]
    return np.load(out), json.loads(seen.out)


def test_labels_are_saved_on_the_grid_of_the_source(study, capsys):
    array, record = read(study, capsys, "seg", "--onto", str(study / "ct"))
    assert array.shape == (4, 5, 6)
    assert (array[1, 1, 2], array[2, 3, 0], array[[0, 3]].any()) == (1, 2, False)
    assert record["segments"] == {"1": "Liver", "2": "12"}
    assert (record["onto"], record["notes"]) == (str(study / "ct"), [])
    assert record["origin_lps"] == [0, 0, 0]


@pytest.mark.parametrize(("name", "count"), [("Liver", 2), ("1", 2), ("12", 6), ("2", 6)])
def test_one_segment_is_saved_by_its_label_or_number(study, capsys, name, count):
    array, record = read(study, capsys, "seg", "--onto", str(study / "ct"), "--segment", name)
    assert (array.dtype, array.sum(), len(record["segments"])) == (np.uint8, count, 1)


def test_a_map_between_the_voxels_is_resampled_where_that_is_asked_for(study, capsys):
    code, error = read(study, capsys, "map", "--onto", str(study / "ct"))
    assert (code, error["code"]) == (3, "grids-differ")
    assert "--resample linear" in error["remedy"]
    assert "without --onto" in error["remedy"]
    words = ("--onto", str(study / "ct"), "--resample", "linear", "--fill", "-1")
    array, record = read(study, capsys, "map", *words)
    assert array[1, 1, 1] == pytest.approx(21.5)
    assert (array[0, 0, 0], array[3, 1, 1]) == (0, -1), "half a voxel out, and beyond"
    assert "linear interpolation" in record["notes"][-1]


@pytest.mark.parametrize(
    ("words", "code", "remedy"),
    [
        (("seg", "--resample", "nearest"), "onto-missing", "--onto"),
        (("map", "--onto", "ct", "--resample", "cubic"), "resample-unknown", "--resample nearest"),
        (("seg", "--segment", "Livre"), "segment-unknown", "Did you mean 'Liver'?"),
        (("ct", "--segment", "Liver"), "segment-unknown", ""),
        (("seg", "--onto", "nowhere"), "no-series", ""),
    ],
)
def test_what_cannot_be_done_is_said_in_the_words_of_the_command_line(
    study, capsys, words, code, remedy
):
    paths = [str(study / word) if word == "ct" else word for word in words]
    paths[0] = words[0]
    status, error = read(study, capsys, *paths)
    assert (status in {3, 4}, error["code"]) == (True, code)
    assert remedy in error["remedy"]
