"""Series whose slices form no regular grid: every voxel, and where it is."""

from __future__ import annotations

import warnings

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.api.view import look
from dicomseries.cli import main
from dicomseries.errors import DicomSeriesError, DicomSeriesWarning, GeometryError, OptionError
from dicomseries.slice_planes import SlicePlanes
from judges.known import OBLIQUE, write_known_series

STORED = (np.arange(6 * 4 * 5, dtype="int16") * 7 - 300).reshape(6, 4, 5)
ROWS = OBLIQUE[:3, 1] / 0.7
SHUFFLED = (3, 0, 5, 1, 4, 2)
AXIAL, CORONAL = (1, 0, 0, 0, 1, 0), (1, 0, 0, 0, 0, -1)
SAGITTAL, TURNED = (0, 1, 0, 0, 0, -1), (0.8, 0.6, 0, 0, 0, -1)

pytestmark = pytest.mark.filterwarnings("ignore::dicomseries.errors.DicomSeriesWarning")


def along(*places, aside_mm=0.0):
    """Return a change that puts the slices at these places, each shifted along the rows."""

    def change(index, dataset):
        point = OBLIQUE[:3] @ (0, 0, places[index], 1) + ROWS * aside_mm * places[index]
        dataset.ImagePositionPatient = [f"{value:.8f}" for value in point]

    return change


def oriented(*orientations, spacing=None):
    """Return a change that gives the slices these orientations, 3 mm apart."""

    def change(index, dataset):
        cosines = np.array(orientations[index], float)
        normal = np.cross(cosines[:3], cosines[3:])
        dataset.ImageOrientationPatient = [f"{value:.8f}" for value in cosines]
        point = (-30, 20, 10) + 3.0 * index * normal
        dataset.ImagePositionPatient = [f"{value:.8f}" for value in point]
        if spacing:
            dataset.PixelSpacing = spacing[index]

    return change


def turned(index, dataset):
    angle = index * np.pi / 6
    dataset.ImageOrientationPatient = [
        f"{value:.8f}" for value in (np.cos(angle), np.sin(angle), 0, 0, 0, -1)
    ]
    dataset.ImagePositionPatient = [
        f"{value:.8f}" for value in (-20 * np.cos(angle), -20 * np.sin(angle), 15)
    ]


def unplaced(index, dataset):
    if index in {1, 4}:
        del dataset.ImagePositionPatient


CASES = {
    "uneven": (along(0, 1, 2, 3, 4.5, 6.3), "spacing-uneven"),
    "missing": (along(0, 1, 2, 4, 5, 6), "slices-missing"),
    "tilt": (along(*range(6), aside_mm=0.9), "slices-sheared"),
    "tilt and missing": (along(0, 1, 2, 4, 5, 6, aside_mm=0.9), "slices-missing"),
    "scout": (
        oriented(AXIAL, CORONAL, CORONAL, SAGITTAL, AXIAL, SAGITTAL),
        "mixed-orientations",
    ),
    "rotating": (turned, "slices-rotating"),
    "unplaced": (unplaced, "position-missing"),
    "spacings": (
        oriented(*[AXIAL] * 6, spacing=[[1, 1], [1, 1], [1, 1], [2, 2], [2, 2], [2, 2]]),
        "pixel-spacing-differs",
    ),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Return a folder for each case."""
    root = tmp_path_factory.mktemp("irregular")
    return {
        name: write_known_series(root / name.replace(" ", "-"), STORED, change=change)
        for name, (change, _) in CASES.items()
    }


@pytest.mark.parametrize("name", CASES)
def test_every_voxel_is_where_the_header_of_its_file_puts_it(folders, name):
    volume = dcs.read(folders[name])
    files = {}
    for path in folders[name].iterdir():
        dataset = pydicom.dcmread(path)
        files[dataset.SOPInstanceUID] = dataset
    assert volume.shape == STORED.shape
    assert isinstance(volume.grid, SlicePlanes)
    for index, tags in enumerate(volume.tags.instances):
        dataset = files.pop(tags["SOPInstanceUID"])
        np.testing.assert_array_equal(volume[index], dataset.pixel_array)
        if "ImagePositionPatient" not in dataset:
            assert np.isnan(volume.positions_mm[index]).all()
            continue
        np.testing.assert_array_equal(volume.positions_mm[index], dataset.ImagePositionPatient)
        cosines = np.array(dataset.ImageOrientationPatient, float)
        np.testing.assert_allclose(volume.orientations[index], cosines, atol=1e-7)
        row_mm, column_mm = map(float, dataset.PixelSpacing)
        point = np.array(dataset.ImagePositionPatient, float)
        point = point + 4 * column_mm * cosines[:3] + 3 * row_mm * cosines[3:]
        np.testing.assert_allclose(volume.grid.point(4, 3, index), point, atol=1e-6)
    assert not files


@pytest.mark.parametrize("name", CASES)
def test_an_irregular_series_says_what_it_is_and_what_helps(folders, name):
    code = CASES[name][1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        volume = dcs.read(folders[name])
    assert all(issubclass(each.category, DicomSeriesWarning) for each in caught)
    assert any("positions_mm and orientations say where" in str(each.message) for each in caught)
    assert volume.notes[-1].startswith("The slices form no regular grid")
    with pytest.raises(GeometryError) as error:
        volume.grid.affine()
    assert error.value.code == code
    (series,) = dcs.scan(folders[name])
    assert series.grid is None
    assert series.planes == volume.grid
    assert code in {problem.code for problem in series.problems if problem.level == "error"}
    assert volume.grid.summary in repr(series)


@pytest.mark.parametrize("name", ["unplaced"])
def test_a_result_of_slices_without_a_place_is_an_error_that_names_the_way(folders, name):
    with pytest.raises(DicomSeriesError) as caught:
        dcs.read(folders[name]).derive(STORED).plan()
    assert caught.value.remedy


@pytest.mark.parametrize("name", CASES)
def test_a_view_shows_irregular_slices_one_by_one(folders, name):
    shown = look(folders[name])
    model = shown._model()
    (layer,) = model["layers"]
    assert layer["shape"] == list(STORED.shape)
    assert not layer["hasPlace"]  # one pane, without planes across the slices
    assert layer["noPlace"] == "on the plane of the slice: ImagePositionPatient"
    assert (layer["rulerUnit"] == "mm") == (name != "spacings")
    assert "each is shown by itself" in model["notes"][-1]
    np.testing.assert_array_equal(shown.layers[0].volume.array, dcs.read(folders[name]))


@pytest.mark.parametrize("name", ["uneven", "missing", "scout"])
def test_a_picture_and_an_overlay_of_irregular_slices_are_on_their_planes(folders, name, tmp_path):
    pytest.importorskip("PIL")
    labels = np.zeros(STORED.shape, "uint8")
    labels[2:4, 1:3, 1:4] = 1
    source = folders[name]
    dcs.write(labels, tmp_path / "seg", kind="Segmentation", like=source, sync=False)
    shown = look(source, overlay=tmp_path / "seg")
    np.testing.assert_array_equal(shown.layers[1].volume.array, labels)
    assert shown.png().startswith(b"\x89PNG")
    with pytest.raises(OptionError) as caught:
        look(source, overlay=folders["spacings"])
    assert caught.value.code == "overlay-off-grid"


@pytest.mark.parametrize("name", CASES)
def test_slices_are_put_onto_the_planes_of_an_irregular_series(folders, name):
    if name == "unplaced":
        with pytest.raises(DicomSeriesError) as caught:
            dcs.read(folders[name], onto=folders[name])
        assert caught.value.remedy
        return
    volume = dcs.read(folders[name])
    part = dcs.read(folders[name], slices=slice(1, 3), onto=folders[name])
    np.testing.assert_array_equal(dcs.read(folders[name], onto=volume), volume)
    np.testing.assert_array_equal(part, volume[1:3])


@pytest.mark.parametrize("name", sorted(set(CASES) - {"unplaced"}))
@pytest.mark.parametrize("suffix", [".nii", ".nrrd", ".mha", ".zarr", ".tif"])
def test_a_file_of_another_format_never_has_a_made_up_grid(folders, name, suffix, tmp_path):
    volume = dcs.read(folders[name])
    if name == "tilt" and suffix in {".nii", ".nrrd"}:
        volume.save(tmp_path / f"a{suffix}")
        return
    with pytest.raises(GeometryError) as caught:
        volume.save(tmp_path / f"a{suffix}")
    assert caught.value.code == CASES[name][1]
    assert not list(tmp_path.iterdir())
    with pytest.raises(GeometryError):
        volume.to_sitk()


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_written_copy_has_the_planes_of_the_volume_or_is_rejected(folders, name, tmp_path):
    volume = dcs.read(folders[name])
    if name == "unplaced":
        with pytest.raises(DicomSeriesError) as caught:
            dcs.write(volume, tmp_path / "out", kind="CT", sync=False)
        assert caught.value.remedy
        assert not list(tmp_path.iterdir())
        return
    dcs.write(volume, tmp_path / "out", kind="CT", sync=False)
    back = dcs.read(tmp_path / "out")
    np.testing.assert_array_equal(back, volume)
    np.testing.assert_allclose(back.positions_mm, volume.positions_mm, atol=1e-6)
    np.testing.assert_allclose(back.orientations, volume.orientations, atol=1e-6)
    np.testing.assert_allclose(back.grid.spacings_mm, volume.grid.spacings_mm, atol=1e-6)


def test_stacks_of_a_scout_are_checked_apart(folders):
    findings = {finding.id for finding in dcs.check(folders["scout"], validators=False)}
    assert "GEO-002" in findings
    assert not findings & {"GEO-004", "GEO-005", "GEO-006", "GEO-009"}


def test_slices_are_sorted_along_the_normal_whatever_their_numbers(tmp_path):
    def change(index, dataset):
        along(0, 1, 2, 4, 5, 7)(index, dataset)
        dataset.InstanceNumber = SHUFFLED[index] + 1

    volume = dcs.read(write_known_series(tmp_path / "s", STORED, change=change))
    np.testing.assert_array_equal(volume, STORED)
    np.testing.assert_allclose(volume.grid.distances_mm, np.array([0, 1, 2, 4, 5, 7]) * 2.5)


def test_rotating_projections_are_in_the_order_of_their_numbers(folders):
    np.testing.assert_array_equal(dcs.read(folders["rotating"]), STORED)


def test_a_scout_has_stacks_by_name_and_each_is_a_volume(folders):
    (series,) = dcs.scan(folders["scout"])
    names = {stack.name: len(stack.members) for stack in series.stacks}
    assert names == {"axial": 2, "coronal": 2, "sagittal": 2}
    whole = dcs.read(folders["scout"])
    np.testing.assert_array_equal(whole, STORED[[0, 4, 1, 2, 3, 5]][:, :, :])
    coronal = dcs.read(folders["scout"], stack="Coronal")
    np.testing.assert_array_equal(coronal, STORED[[1, 2]])
    assert coronal.is_regular
    assert coronal.grid.spacing_mm == pytest.approx((0.9, 0.7, 3.0))
    np.testing.assert_allclose(coronal.positions_mm, whole.positions_mm[2:4])
    assert coronal.notes == ()


def test_the_command_line_lists_and_reads_a_stack(folders, tmp_path, capsys):
    assert main(["list", str(folders["scout"])]) == 0
    assert "3 stacks (axial 2, coronal 2, sagittal 2)" in capsys.readouterr().out
    out = tmp_path / "coronal.nii"
    assert main(["read", str(folders["scout"]), str(out), "--stack", "coronal"]) == 0
    assert out.exists()
    assert main(["read", str(folders["scout"]), str(tmp_path / "all.nii")]) == 3
    assert "--stack" in capsys.readouterr().err
    even = ["read", str(folders["missing"]), str(tmp_path / "even.mha"), "--even", "nearest"]
    assert main(even) == 0


def test_stacks_near_no_axis_are_oblique_and_numbered(tmp_path):
    change = oriented(AXIAL, TURNED, AXIAL, TURNED, SAGITTAL, AXIAL)
    (series,) = dcs.scan(write_known_series(tmp_path / "s", STORED, change=change))
    assert [stack.name for stack in series.stacks] == ["axial", "oblique 1", "sagittal"]


def test_stacks_of_other_sizes_are_read_one_at_a_time(tmp_path):
    def change(index, dataset):
        oriented(*[AXIAL] * 3, *[SAGITTAL] * 3)(index, dataset)
        if index < 3:
            dataset.Rows, dataset.PixelData = 2, dataset.PixelData[: 2 * 5 * 2]

    folder = write_known_series(tmp_path / "s", STORED, change=change)
    with pytest.raises(DicomSeriesError, match="stack='axial'") as caught:
        dcs.read(folder)
    assert caught.value.code == "mixed-sizes"
    assert dcs.read(folder, stack="axial").shape == (3, 2, 5)
    np.testing.assert_array_equal(dcs.read(folder, stack="sagittal"), STORED[3:])


def test_a_result_of_a_stack_has_its_slices_and_pixel_spacing(tmp_path):
    spacing = [[0.5, 0.5]] * 3 + [[0.8, 0.7]] * 3
    change = oriented(*[AXIAL] * 3, *[SAGITTAL] * 3, spacing=spacing)
    folder = write_known_series(tmp_path / "s", STORED, change=change)
    scout = dcs.read(folder)
    scout.derive(scout.array + 1, description="Sum").write(tmp_path / "all")
    whole = dcs.read(tmp_path / "all")
    np.testing.assert_array_equal(whole, scout.array + 1)
    np.testing.assert_allclose(whole.grid.spacings_mm, scout.grid.spacings_mm, atol=1e-6)
    for name in ("axial", "sagittal"):
        volume = dcs.read(folder, stack=name)
        volume.derive(volume.array + 1, description="Sum").write(tmp_path / name)
        result = dcs.read(tmp_path / name)
        np.testing.assert_array_equal(result, volume.array + 1)
        np.testing.assert_allclose(result.grid.affine(), volume.grid.affine(), atol=1e-6)
        uids = {pydicom.dcmread(path).SOPInstanceUID for path in volume.tags.paths}
        for path in result.tags.paths:
            (image,) = pydicom.dcmread(path).SourceImageSequence
            uids.remove(image.ReferencedSOPInstanceUID)
        assert not uids


@pytest.mark.parametrize("name", ["scout", "uneven"])
def test_a_stack_that_is_not_there_is_rejected_with_the_names(folders, name):
    with pytest.raises(OptionError) as caught:
        dcs.read(folders[name], stack="sagital")
    assert caught.value.code == "stack-unknown"
    if name == "scout":
        assert "coronal (2 slices)" in caught.value.expected


def test_a_regular_stretch_of_an_uneven_series_is_regular(folders):
    volume = dcs.read(folders["uneven"], slices=slice(0, 4))
    np.testing.assert_allclose(volume.grid.affine(), OBLIQUE, atol=1e-6)
    assert volume.notes == ()
    assert not dcs.read(folders["uneven"], slices=slice(2, 6)).is_regular


def test_one_slice_of_irregular_ones_has_a_place_and_no_thickness(folders):
    volume = dcs.read(folders["rotating"], slices=2)
    assert volume.is_regular
    assert np.isnan(volume.spacing[2])


# ------------------------------------------------------------------------------ multi-frame files
def test_frames_of_several_orientations_have_stacks(write_frames):
    def each(index, groups):
        cosines = AXIAL if index % 2 else CORONAL
        normal = np.cross(cosines[:3], cosines[3:])
        position = (-30, 20, 10) + 3.0 * index * normal
        groups.PlanePositionSequence[0].ImagePositionPatient = list(map(float, position))
        orientation = pydicom.Dataset()
        orientation.ImageOrientationPatient = list(map(float, cosines))
        groups.PlaneOrientationSequence = [orientation]

    def change(dataset):
        del dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence

    path = write_frames(STORED, each=each, change=change)
    volume = dcs.read(path)
    np.testing.assert_array_equal(volume, STORED[[0, 2, 4, 1, 3, 5]])
    np.testing.assert_allclose(volume.positions_mm[3], (-30, 20, 13))
    axial = dcs.read(path, stack="axial")
    np.testing.assert_array_equal(axial, STORED[[1, 3, 5]])
    assert axial.is_regular
    assert axial.grid.spacing_mm[2] == pytest.approx(6.0)
    assert [tags["ImagePositionPatient"][2] for tags in axial.tags.instances] == [13.0, 19.0, 25.0]


def test_frames_with_gaps_keep_their_positions(write_frames):
    volume = dcs.read(write_frames(STORED, positions=[0, 1, 2, 3, 5, 6]))
    np.testing.assert_array_equal(volume, STORED)
    np.testing.assert_allclose(volume.grid.distances_mm, np.array([0, 1, 2, 3, 5, 6]) * 2.5)


def test_frames_of_which_some_have_no_position_are_in_the_order_of_the_file(write_frames):
    def each(index, groups):
        if index == 2:
            del groups.PlanePositionSequence

    volume = dcs.read(write_frames(STORED, each=each))
    np.testing.assert_array_equal(volume, STORED)
    assert np.isnan(volume.positions_mm).all(axis=1).tolist() == [False, False, True] + [False] * 3


def test_uneven_volumes_keep_their_axis(write_frames):
    stored = np.arange(2 * 4 * 20, dtype="uint16").reshape(8, 4, 5)

    def each(index, groups):
        groups.FrameContentSequence[0].TemporalPositionIndex = index // 4 + 1

    volume = dcs.read(write_frames(stored, positions=[0, 1, 2, 4] * 2, each=each))
    np.testing.assert_array_equal(volume, stored.reshape(2, 4, 4, 5))
    assert (volume.volumes, volume.grid.shape) == (2, (4, 4, 5))


def test_the_command_line_spells_options_in_notes_and_reasons(folders, tmp_path, capsys):
    assert main(["convert", str(folders["uneven"]), str(tmp_path / "out")]) == 1
    printed = capsys.readouterr()
    assert "not converted" in printed.out
    for text in (printed.out, printed.err):
        assert "--even linear" in text
        assert "even='linear'" not in text
