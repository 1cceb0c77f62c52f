"""Words of the command line → arguments of the façade."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dicomseries.cli.exit_codes import CommandLineError
from dicomseries.cli.option_spelling import on_command_line
from dicomseries.cli.parse_arguments import arguments_of, metadata_of, split_words
from dicomseries.cli.volume_options import gradients_of, per_volume_of
from dicomseries.errors import MetadataError, OptionError
from dicomseries.options import load_mapping


def test_the_options_of_every_command_are_taken_from_any_place():
    words, output = split_words(["--debug", "list", "--json", "scans", "--quiet"])
    assert words == ["list", "scans"]
    assert (output.json, output.quiet, output.debug) == (True, True, True)


@pytest.mark.parametrize(
    ("words", "verbosity"),
    [(["-v"], 1), (["--verbose"], 1), (["-vv"], 2), (["-v", "-v"], 2), ([], 0)],
)
def test_each_v_says_more(words, verbosity):
    others, output = split_words(["list", *words, "scans"])
    assert (others, output.verbosity) == (["list", "scans"], verbosity)


def test_a_word_after_two_dashes_is_a_name_and_no_option():
    words, output = split_words(["list", "--", "--json"])
    assert words == ["list", "--", "--json"]
    assert not output.json


@pytest.mark.parametrize("count", [6, 9])
def test_a_direction_takes_its_numbers_as_separate_words(count):
    numbers = [str(number) for number in range(count)]
    words, _ = split_words(["write", "--direction", *numbers, "in", "out"])
    assert words == ["write", "--direction", " ".join(numbers), "in", "out"]


@pytest.mark.parametrize("text", ["1 0 0 0 1 0", "1,0,0,0,1,0", "[1, 0, 0; 0, 1, 0]"])
def test_a_direction_may_be_written_as_one_word(text):
    assert arguments_of({"direction": text})["direction"] == (1, 0, 0, 0, 1, 0)


@pytest.mark.parametrize("text", ["1 0 0", "a b c d e f", "", "1 0 0 0 1 0 0"])
def test_a_direction_that_is_none_is_rejected(text):
    with pytest.raises(CommandLineError) as caught:
        arguments_of({"direction": text})
    assert caught.value.code == "direction-malformed"


@pytest.mark.parametrize("name", ["affine.npy", "affine.json", "affine.txt", "affine.csv"])
def test_an_affine_is_read_from_any_of_its_formats(tmp_path, name):
    affine = np.array([[0.0, -2.0, 0, 9], [2.5, 0, 0, 8], [0, 0, 3, 7], [0, 0, 0, 1]])
    path = tmp_path / name
    if name.endswith(".npy"):
        np.save(path, affine)
    elif name.endswith(".json"):
        path.write_text(json.dumps(affine.tolist()), encoding="utf-8")
    else:
        np.savetxt(path, affine, delimiter="," if name.endswith(".csv") else " ")
    np.testing.assert_array_equal(np.asarray(arguments_of({"affine": str(path)})["affine"]), affine)


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.npy", None), ("bad.json", "{"), ("bad.txt", "1 2\n3"), ("word.txt", "x")],
)
def test_an_affine_that_cannot_be_read_is_rejected(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(OptionError) as caught:
        arguments_of({"affine": str(tmp_path / name)})
    assert caught.value.code == "affine-unreadable"


def test_a_pickle_is_not_loaded_as_an_affine(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(OptionError):
        arguments_of({"affine": str(tmp_path / "evil.npy")})


def test_settings_stand_above_the_metadata_file(tmp_path):
    path = tmp_path / "meta.toml"
    path.write_text('PatientID = "1"\nPatientName = "Doe^Jane"\n', encoding="utf-8")
    merged = metadata_of(str(path), ["PatientID=2", r"ImageComments=a=b"], [])
    assert merged == {"PatientID": "2", "PatientName": "Doe^Jane", "ImageComments": "a=b"}


@pytest.mark.parametrize("settings", [["PatientID"], ["=1"], ["PatientID=1", "PatientID=2"]])
def test_a_malformed_setting_is_a_fault_of_the_command_line(settings):
    with pytest.raises(CommandLineError):
        metadata_of(None, settings, [])


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.toml", None), ("meta.yaml", b"a: 1"), ("latin.json", b'{"a": "\xe4"}')],
)
def test_a_metadata_file_that_cannot_be_read_is_rejected(tmp_path, name, content):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(MetadataError):
        metadata_of(str(tmp_path / name), [], [])


@pytest.mark.parametrize(
    ("option", "name"),
    [("--meta", "metadata"), ("--per-volume", "per_volume"), ("--segments", "segments")],
)
@pytest.mark.parametrize(
    "fault",
    [
        ("gone.toml", None, "metadata-not-readable"),
        ("a.yaml", "a: 1", "metadata-format-unknown"),
        ("a.json", "[1]", "json-broken"),
    ],
)
def test_a_file_that_cannot_be_read_is_rejected_with_its_option(tmp_path, option, name, fault):
    file, content, code = fault
    path = tmp_path / file
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(MetadataError) as caught:
        load_mapping(name, path)
    assert caught.value.code == code
    assert caught.value.where == f"{name}={str(path)!r}"
    assert on_command_line(caught.value.where) == f"{option} {path}"


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("2.5", 2.5),
        ("0,2.5,7", (0, 2.5, 7)),
        ("0, 1", (0, 1)),
        ("3,", None),
        ("", None),
        ("a", None),
    ],
)
def test_times_are_a_step_or_one_for_each_volume(text, times):
    if times is not None:
        assert arguments_of({"times": text}) == {"times": times}
        return
    with pytest.raises(CommandLineError) as caught:
        arguments_of({"times": text})
    assert caught.value.code == "times-malformed"


def test_attributes_of_volumes_come_from_the_file_and_the_gradients(tmp_path):
    path = tmp_path / "volumes.toml"
    path.write_text("EchoTime = [4.6, 9.2]\n", encoding="utf-8")
    gradients = {"DiffusionBValue": [0, 1000]}
    assert per_volume_of(str(path), gradients) == {"EchoTime": [4.6, 9.2], **gradients}
    assert per_volume_of(str(path), {}) == {"EchoTime": [4.6, 9.2]}
    path.write_text("DiffusionBValue = [0, 1000]\n", encoding="utf-8")
    with pytest.raises(CommandLineError) as caught:
        per_volume_of(str(path), gradients)
    assert caught.value.code == "attribute-given-twice"


@pytest.mark.parametrize("axes", ["xyzt", "yxzt"])
def test_gradients_lie_along_the_axes_of_the_file_under_any_name(tmp_path, axes):
    nibabel = pytest.importorskip("nibabel")
    affine = np.array([[-2.0, 0, 0, 9], [0, 0, 3, 8], [0, 2, 0, 7], [0, 0, 0, 1]])
    path = tmp_path / "dwi.nii"
    nibabel.save(nibabel.Nifti1Image(np.zeros((5, 4, 3, 2), "int16"), affine), path)
    (tmp_path / "bval").write_text("0 1000\n", encoding="utf-8")
    (tmp_path / "bvec").write_text("0 0.6\n0 0.8\n0 0\n", encoding="utf-8")
    geometry = {"axes": axes, "time_point": None}
    found = gradients_of(str(path), str(tmp_path / "bval"), str(tmp_path / "bvec"), geometry)
    # RAS (-2, 0, 0) is LPS (2, 0, 0); det > 0, so that the first component points against i.
    np.testing.assert_allclose(found["DiffusionGradientOrientation"][1], (-0.6, 0, 0.8), atol=1e-12)
    one = gradients_of(
        str(path), str(tmp_path / "bval"), str(tmp_path / "bvec"), geometry | {"time_point": 1}
    )
    assert one["DiffusionBValue"] == [1000]


@pytest.mark.parametrize(("bvals", "bvecs"), [("a", None), (None, "a")])
def test_gradients_need_both_files(bvals, bvecs):
    with pytest.raises(CommandLineError) as caught:
        gradients_of("dwi.nii", bvals, bvecs, {})
    assert caught.value.code == "gradients-incomplete"


def test_uids_are_a_policy_a_root_or_a_mapping():
    assert arguments_of({"uid": "1.2.3"}) == {"uid": "1.2.3"}
    assert arguments_of({"uid": "StudyInstanceUID=1.2, SeriesInstanceUID=1.3"})["uid"] == {
        "StudyInstanceUID": "1.2",
        "SeriesInstanceUID": "1.3",
    }


def test_a_time_that_is_none_is_a_fault_of_the_command_line():
    assert arguments_of({"now": None}) == {}
    now = arguments_of({"now": "2024-01-31T12:00:00+01:00"})["now"]
    assert now.utcoffset().seconds == 3600
    with pytest.raises(CommandLineError):
        arguments_of({"now": "yesterday"})
