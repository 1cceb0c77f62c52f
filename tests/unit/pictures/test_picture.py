"""`picture`: a result on its source, every voxel in its place, with a legend beside it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest

import dicomseries as dcs
from dicomseries.cli.app import run
from dicomseries.errors import MissingPackageError, OptionError
from dicomseries.pictures import legend_panel as legends

pytest.importorskip("PIL")

SHAPE = (5, 23, 31)
RED, BLUE = (255, 0, 0), (0, 0, 255)
WINDOW = {"WindowCenter": 40, "WindowWidth": 400}
QUICK = {"sync": False}


def direction():
    """Return oblique axes; columns run from left to right."""
    turn, tilt = 0.4, 0.25
    about_z = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    return (about_z @ about_x @ np.diag([-1, 1, -1])).ravel()


@pytest.fixture(scope="module")
def phantom(tmp_path_factory):
    """Return folders of an oblique CT, a cropped segmentation of it, and a map."""
    folder = tmp_path_factory.mktemp("phantom")
    rng = np.random.default_rng(5)
    ct = rng.integers(-300, 400, SHAPE, dtype="int16")
    dcs.write(
        ct,
        folder / "ct",
        kind="CT",
        spacing=(0.7, 1.1, 3),
        origin=(12, -40, 70),
        direction=direction(),
        metadata={**WINDOW, "PatientID": "42", "PatientName": "Doe^Jane", "RescaleType": "HU"},
        **QUICK,
    )
    labels = np.zeros(SHAPE, "uint8")
    labels[1, 3:9, 4:7] = 1
    labels[1:4, 10:20, 15:29] = 2
    labels[3, 2, 1] = 1
    segments = {
        1: {"label": "Liver", "type": "Liver", "color": "#ff0000"},
        2: {"label": "Left lung", "type": "Lung", "color": "#0000ff"},
    }
    dcs.write(
        labels, folder / "seg", kind="Segmentation", like=folder / "ct", segments=segments, **QUICK
    )
    values = rng.uniform(0, 2, SHAPE).astype("float32")
    dcs.write(
        values, folder / "map", kind="ParametricMap", like=folder / "ct", units="mm2/s", **QUICK
    )
    return folder, ct, labels, values


@pytest.fixture(scope="module")
def plain(phantom):
    """Return a picture of opaque segments with a legend."""
    folder, *_ = phantom
    receipt = dcs.picture(
        folder / "seg", folder / "ct", folder / "plain", fill=1.0, outline=False, **QUICK
    )
    return folder / "plain", receipt


def expected_grey(ct):
    """Return the grey levels by PS3.3 C.11.2.1.2.1."""
    centre, width = 40, 400
    return np.clip(((ct - (centre - 0.5)) / (width - 1) + 0.5) * 255, 0, 255)


def test_every_voxel_has_the_colour_of_its_segment_at_its_place_for_another_reader(phantom, plain):
    simpleitk = pytest.importorskip("SimpleITK")
    folder, ct, labels, _ = phantom
    affine = dcs.read(folder / "ct").grid.affine()
    stored = dcs.read(folder / "ct").array  # slices along the normal, as the affine has them
    drawn_labels = np.zeros(SHAPE, int)
    drawn_labels[...] = labels[:: 1 if np.array_equal(stored, ct) else -1]
    reader = simpleitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(plain[0])))
    image = reader.Execute()
    seen = 0
    for z, y, x in np.ndindex(SHAPE):
        point = (affine @ [x, y, z, 1])[:3]
        pixel = image[image.TransformPhysicalPointToIndex(point)]
        if drawn_labels[z, y, x]:
            assert pixel == (RED, BLUE)[drawn_labels[z, y, x] - 1]
            seen += 1
        else:
            assert pixel[0] == pixel[1] == pixel[2]
            assert abs(pixel[0] - expected_grey(stored[z, y, x])) <= 1
    assert seen == np.count_nonzero(labels)


def test_a_picture_is_in_study_and_space_and_names_source_and_result(phantom, plain):
    folder = phantom[0]
    seg = pydicom.dcmread(next((folder / "seg").iterdir()))
    cts = [pydicom.dcmread(path) for path in (folder / "ct").iterdir()]
    by_place = {tuple(np.round(ct.ImagePositionPatient, 3)): ct for ct in cts}
    for path in plain[0].iterdir():
        picture = pydicom.dcmread(path)
        ct = by_place[tuple(np.round(picture.ImagePositionPatient, 3))]
        assert picture.StudyInstanceUID == ct.StudyInstanceUID
        assert picture.FrameOfReferenceUID == ct.FrameOfReferenceUID
        assert picture.SeriesInstanceUID not in {ct.SeriesInstanceUID, seg.SeriesInstanceUID}
        assert picture.ImageOrientationPatient == ct.ImageOrientationPatient
        assert picture.PixelSpacing == ct.PixelSpacing
        named = [item.ReferencedSOPInstanceUID for item in picture.SourceImageSequence]
        assert named == [ct.SOPInstanceUID, seg.SOPInstanceUID]
        series = {item.SeriesInstanceUID for item in picture.ReferencedSeriesSequence}
        assert series == {ct.SeriesInstanceUID, seg.SeriesInstanceUID}
        assert list(picture.ImageType) == ["DERIVED", "SECONDARY"]
        assert picture.BurnedInAnnotation == "NO"
        assert picture.PatientID == "42"


def test_validators_and_check_are_silent_about_a_picture(phantom, plain):
    assert dcs.check(plain[0]).errors == ()
    assert plain[1].verified
    assert plain[1].kind == "SC"


def test_the_legend_covers_no_pixel_of_the_image(phantom, plain):
    folder = phantom[0]
    dcs.picture(
        folder / "seg",
        folder / "ct",
        folder / "bare",
        fill=1.0,
        outline=False,
        legend=False,
        **QUICK,
    )
    bare, with_legend = np.asarray(dcs.read(folder / "bare")), np.asarray(dcs.read(plain[0]))
    rows, columns = SHAPE[1:]
    assert bare.shape == (*SHAPE, 3)
    assert np.array_equal(with_legend[:, :rows, :columns], bare)
    assert (with_legend[:, rows:, :columns] == 0).all()


def test_names_of_segments_in_a_slice_are_brighter(plain):
    picture = np.asarray(dcs.read(plain[0])).astype(int)
    legends_alone = picture[:, :, SHAPE[2] :]
    brightness = legends_alone.sum(axis=(1, 2, 3))
    both, none = brightness.argmax(), brightness.argmin()
    assert brightness[both] > brightness[none]
    assert len(set(brightness.tolist())) == 3  # both segments, one, and none


@pytest.mark.parametrize("count", [1, 104])
@pytest.mark.parametrize("rows", [20, 512])
def test_nothing_of_a_legend_is_cut_off(count, rows):
    names = [f"Segment {number} with a long name, upper lobe" for number in range(1, count + 1)]
    names[0] = "W" * 64
    segments = tuple(
        legends.DrawnSegment(number=number, name=name, colour=BLUE)
        for number, name in enumerate(names, 1)
    )
    drawing = legends.DrawnSegments(volume=None, segments=segments, fill=1.0, outline=True)
    panel = legends.legend_panel(
        drawing, rows=rows, title="T" * 64, letters=("RPS", "LAI", "A", "P"), notes=["Window 1 / 2"]
    )
    paper = panel.bright[0, 0]
    for edge in (panel.bright[:2], panel.bright[-2:], panel.bright[:, :2], panel.bright[:, -2:]):
        assert (edge == paper).all()
    assert len(panel.bright) >= rows
    assert len(panel.boxes) == count
    for left, top, right, bottom in panel.boxes.values():
        assert (panel.bright[top:bottom, left:right] != paper).any()
        assert not np.array_equal(
            panel.bright[top:bottom, left:right], panel.faint[top:bottom, left:right]
        )


def test_boxes_of_names_do_not_overlap():
    segments = tuple(
        legends.DrawnSegment(number=number, name="name " * number, colour=RED)
        for number in range(1, 13)
    )
    drawing = legends.DrawnSegments(volume=None, segments=segments, fill=1.0, outline=True)
    panel = legends.legend_panel(drawing, rows=128, title="", letters=None, notes=[])
    covered = np.zeros(panel.bright.shape[:2], int)
    for left, top, right, bottom in panel.boxes.values():
        covered[top:bottom, left:right] += 1
    assert covered.max() == 1


def test_letters_without_a_glyph_are_written_plainly_or_named():
    writer = legends._Writer.of_size(12)
    assert writer.shown("Wirbelk\u00f6rper \u2013 \u03b2") == "Wirbelkorper - beta"
    assert writer.replaced == {}
    assert writer.shown("\u80ba") == "?"
    assert list(writer.replaced) == ["\u80ba"]


def test_outlines_are_the_outermost_voxels_alone(phantom):
    folder = phantom[0]
    dcs.picture(folder / "seg", folder / "ct", folder / "lines", fill=0, legend=False, **QUICK)
    drawn = np.asarray(dcs.read(folder / "lines"))
    seg = np.asarray(dcs.read(folder / "seg"))
    is_blue = (drawn == BLUE).all(axis=-1)
    rows, columns = np.nonzero(is_blue[2])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 19, 15, 28)
    assert is_blue[2].sum() == 2 * 10 + 2 * 14 - 4
    assert seg.any()
    assert (drawn == RED).all(axis=-1).any()


def drawn_segments(array, **options):
    """Return a drawing of a volume for each segment, of one slice."""
    grid = dcs.Grid(shape=array.shape[1:], spacing_mm=(1, 1, 1))
    frames = dcs.open_volume(array.reshape(-1, *array.shape[2:]), spacing=(1, 1, 1)).slabs
    volume = dcs.Volume(slabs=frames, grid=grid, volumes=len(array))
    segments = (
        legends.DrawnSegment(number=3, name="A", colour=RED),
        legends.DrawnSegment(number=7, name="B", colour=BLUE),
    )
    return legends.DrawnSegments(volume=volume, segments=segments, **options)


def test_segments_that_overlap_are_mixed_and_counted_each():
    masks = np.zeros((2, 1, 4, 6), bool)
    masks[0, 0, :, :4] = True
    masks[1, 0, :, 2:] = True
    drawing = drawn_segments(masks.astype("uint8"), fill=0.5, outline=False)
    picture = np.zeros((4, 6, 3), "uint8")
    assert drawing.paint(picture, 0) == {3, 7}
    assert drawing.areas(0).tolist() == [16, 16]
    assert picture[0, 0].tolist() == [128, 0, 0]
    assert picture[0, 3].tolist() == [64, 0, 128]
    assert picture[0, 5].tolist() == [0, 0, 128]


def test_a_fractional_segment_is_as_opaque_as_its_part():
    parts = np.zeros((2, 1, 3, 4), "float32")
    parts[0, 0, 1] = [0, 0.25, 0.5, 1]
    drawing = drawn_segments(parts, fill=0.8, outline=False)
    picture = np.full((3, 4, 3), 100, "uint8")
    assert drawing.paint(picture, 0) == {3}
    assert picture[1, :, 0].tolist() == [100, 131, 162, 224]
    assert picture[1, :, 1].tolist() == [100, 80, 60, 20]


def test_values_are_drawn_in_the_colours_of_their_range(phantom):
    folder, *_ = phantom
    dcs.picture(
        folder / "map",
        folder / "ct",
        folder / "heat",
        value_range=(0.5, 1.5),
        fill=1.0,
        color_map="viridis",
        **QUICK,
    )
    values = np.asarray(dcs.read(folder / "map"))
    rows, columns = SHAPE[1:]
    drawn = np.asarray(dcs.read(folder / "heat"))[:, :rows, :columns].astype(int)
    is_clear = values <= 0.5
    assert (np.ptp(drawn, axis=-1)[is_clear] == 0).all()
    assert (drawn[values >= 1.5] == (253, 231, 37)).all()
    middle = np.abs(values - 1) < 0.002
    assert middle.any()
    assert np.abs(drawn[middle] - (33, 144, 141)).max() <= 2


def test_voxels_without_a_value_stay_clear(phantom):
    folder, *_ = phantom
    part = dcs.read(folder / "map", slices=slice(1, 3))
    dcs.write(
        dcs.Volume(slabs=part.slabs, grid=part.grid),
        folder / "part",
        kind="ParametricMap",
        like=folder / "ct",
        units="1",
        **QUICK,
    )
    dcs.picture(
        folder / "part",
        folder / "ct",
        folder / "partly",
        color_map="blue-red",
        value_range=(-9, 9),
        fill=1.0,
        legend=False,
        **QUICK,
    )
    drawn = np.asarray(dcs.read(folder / "partly")).astype(int)
    is_grey = np.ptp(drawn, axis=-1) == 0
    assert is_grey[[0, 3, 4]].all()
    assert not is_grey[1:3].all()


def test_slices_of_the_result_alone_are_drawn_in_place(phantom):
    folder = phantom[0]
    grid = dcs.read(folder / "ct").grid
    receipt = dcs.picture(
        folder / "seg", folder / "ct", folder / "shown", slices="result", legend=False, **QUICK
    )
    seg = np.asarray(dcs.read(folder / "seg"))
    assert receipt.files == 3
    assert np.count_nonzero(seg.any(axis=(1, 2))) == 3
    first = dcs.read(folder / "shown").grid.origin_lps
    assert np.allclose(first, grid.position(1))


def test_uneven_key_slices_are_a_series_each_in_place(phantom):
    folder = phantom[0]
    labels = np.zeros(SHAPE, "uint8")
    labels[0, 2:4, 2:4], labels[1, 9:12, 9:12], labels[4, 12:15, 3:9] = 1, 2, 3
    on_grid = dcs.Volume(
        slabs=dcs.open_volume(labels, spacing=(1, 1, 1)).slabs, grid=dcs.read(folder / "ct").grid
    )
    dcs.write(
        on_grid,
        folder / "three",
        kind="Segmentation",
        like=folder / "ct",
        segments={1: "A", 2: "B", 3: "C"},
        **QUICK,
    )
    receipt = dcs.picture(
        folder / "three", folder / "ct", folder / "keys", slices="key", entropy=b"k" * 32, **QUICK
    )
    names = [Path(part.out).name for part in receipt.every]
    assert names == ["slice-0001", "slice-0002", "slice-0005"]
    grid = dcs.read(folder / "ct").grid
    for part, index in zip(receipt.every, (0, 1, 4), strict=True):
        assert np.allclose(dcs.read(part.out).grid.origin_lps, grid.position(index))
        assert dcs.check(part.out).errors == ()
    assert len({part.series_uid for part in receipt.every}) == 3
    assert len({part.study_uid for part in receipt.every}) == 1


def test_the_same_picture_has_the_same_bytes_by_any_number_of_threads(phantom, tmp_path):
    folder = phantom[0]
    contents = []
    for workers in (1, 3):
        out = tmp_path / str(workers)
        dcs.picture(
            folder / "seg",
            folder / "ct",
            out,
            uid="content",
            workers=workers,
            verify=False,
            **QUICK,
        )
        contents.append([path.read_bytes() for path in sorted(out.iterdir())])
    assert contents[0] == contents[1]


def test_another_result_with_the_same_pixels_has_other_content_uids(phantom, tmp_path):
    folder = phantom[0]
    seg = dcs.read(folder / "seg")
    dcs.write(
        seg,
        tmp_path / "again",
        kind="Segmentation",
        like=folder / "ct",
        segments={1: {"label": "Liver", "color": "#ff0000"}, 2: {"label": "x", "color": "#0000ff"}},
        **QUICK,
    )
    uids = set()
    for number, result in enumerate((folder / "seg", tmp_path / "again")):
        receipt = dcs.picture(
            result,
            folder / "ct",
            tmp_path / str(number),
            uid="content",
            legend=False,
            verify=False,
            **QUICK,
        )
        uids.add(receipt.series_uid)
    assert len(uids) == 2


def test_one_slice_is_in_memory_at_a_time(phantom, monkeypatch):
    from dicomseries.pictures import parse_style, picture_volume, place_result
    from dicomseries.reading import scan
    from dicomseries.viewing import layer_of

    folder = phantom[0]
    source, result = (scan(folder / name).series[0] for name in ("ct", "seg"))
    depths = []

    def recorded(slabs):
        def read(start, stop):
            depths.append(stop - start)
            return slabs.read(start, stop)

        return type(slabs)(shape=slabs.shape, dtype=slabs.dtype, read=read)

    base = layer_of(source)
    volume = base.volume
    base = type(base)(
        **{
            **{name: getattr(base, name) for name in base.__slots__},
            "volume": dcs.Volume(
                slabs=recorded(volume.slabs),
                grid=volume.grid,
                slope=volume.slope,
                intercept=volume.intercept,
            ),
        }
    )
    segments = dcs.read(folder / "seg").segments
    placed = place_result(base, layer_of(result), segments, parse_style(legend=False))
    picture = picture_volume(placed, parse_style(legend=False), range(5))
    assert picture.volume.slabs.read(0, 5).shape == (*SHAPE, 3)
    assert set(depths) == {1}


def rejected(error, code, *arguments, **options):
    with pytest.raises(error) as caught:
        dcs.picture(*arguments, **options)
    codes = {fault.code for fault in caught.value.faults}
    assert code in codes, caught.value
    return caught.value


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"fill": 1.5}, "fill-of-picture"),
        ({"fill": True}, "fill-of-picture"),
        ({"fill": 0, "outline": False}, "fill-of-picture"),
        ({"window": (40, 0)}, "window-of-picture"),
        ({"window": "liver"}, "window-of-picture"),
        ({"value_range": (2, 1)}, "value-range-of-picture"),
        ({"value_range": (0, float("nan"))}, "value-range-of-picture"),
        ({"color_map": "jet"}, "color-map-of-picture"),
        ({"legend": "yes"}, "legend-of-picture"),
        ({"title": "two\nlines"}, "title-of-picture"),
        ({"slices": "some"}, "slices-unknown"),
        ({"slices": [0, 3, 4]}, "slices-not-even"),
        ({"slices": slice(9, 12)}, "slices-empty"),
    ],
)
def test_a_wrong_option_is_rejected_and_nothing_is_written(phantom, tmp_path, options, code):
    folder = phantom[0]
    rejected(OptionError, code, folder / "seg", folder / "ct", tmp_path / "out", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_does_not_belong_to_the_source_is_rejected(phantom, tmp_path):
    folder, ct, *_ = phantom
    geometry = {"spacing": (0.7, 1.1, 3), "kind": "CT", "verify": False, **QUICK}
    dcs.write(ct, tmp_path / "other", metadata={"PatientID": "43"}, **geometry)
    error = rejected(
        OptionError, "not-of-this-source", folder / "seg", tmp_path / "other", tmp_path / "out"
    )
    assert "another PatientID" in str(error)
    assert "another FrameOfReferenceUID" in str(error)
    shifted = dcs.read(folder / "ct").grid.affine()
    shifted[:3, 3] += 0.3
    dcs.write(
        ct, tmp_path / "off", like=folder / "ct", affine=shifted, space="LPS", verify=False, **QUICK
    )
    rejected(OptionError, "overlay-off-grid", folder / "seg", tmp_path / "off", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_array_or_a_colour_series_is_rejected_as_result(phantom, plain, tmp_path):
    folder, ct, *_ = phantom
    rejected(OptionError, "not-a-path", ct, folder / "ct", tmp_path / "out")
    volume = dcs.open_volume(ct, spacing=(1, 1, 1))
    rejected(OptionError, "not-a-series", volume, folder / "ct", tmp_path / "out")
    rejected(OptionError, "overlay-colour", plain[0], folder / "ct", tmp_path / "out")


def test_an_empty_result_has_no_slices_of_its_own(phantom, tmp_path):
    folder = phantom[0]
    values = dcs.Volume(slabs=dcs.read(folder / "map").slabs, grid=dcs.read(folder / "map").grid)
    dcs.write(
        values, tmp_path / "map", kind="ParametricMap", like=folder / "ct", units="1", **QUICK
    )
    rejected(
        OptionError,
        "result-is-empty",
        tmp_path / "map",
        folder / "ct",
        tmp_path / "out",
        slices="result",
        value_range=(5, 6),
    )


def test_several_volumes_ask_for_one(phantom, tmp_path):
    folder = phantom[0]
    grid = dcs.read(folder / "ct").grid
    array = np.random.default_rng(1).uniform(0, 1, (2, *SHAPE)).astype("float32")
    volume = dcs.open_volume(array, affine=grid.affine(), space="LPS", axes="tzyx", times=2.5)
    dcs.write(
        volume, tmp_path / "map", kind="ParametricMap", like=folder / "ct", units="1", **QUICK
    )
    where = (tmp_path / "map", folder / "ct", tmp_path / "out")
    rejected(OptionError, "several-volumes", *where)
    rejected(OptionError, "time-point-unknown", *where, time_point=2)
    assert dcs.picture(*where, time_point=1, slices=2, legend=False, **QUICK).files == 1


def test_a_legend_without_pillow_says_how_to_install_it(phantom, tmp_path, monkeypatch):
    import sys

    folder = phantom[0]
    monkeypatch.setitem(sys.modules, "PIL.ImageFont", None)
    where = (folder / "seg", folder / "ct", tmp_path / "out")
    error = rejected(MissingPackageError, "package-missing", *where)
    assert "pillow" in str(error)
    assert dcs.picture(*where, legend=False, **QUICK).files == SHAPE[0]


def test_the_command_draws_and_reports(phantom, tmp_path, capsys):
    folder = phantom[0]
    out = str(tmp_path / "out")
    words = ["picture", str(folder / "seg"), "--source", str(folder / "ct"), out]
    words += ["--slices", "1:3", "--preset", "bone", "--title", "Organs", "--no-sync", "--json"]
    assert run([*words, "--set", "SeriesNumber=9", "--description", "Organs"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["kind"], record["files"], record["verified"]) == ("SC", 2, True)
    header = pydicom.dcmread(next(Path(out).iterdir()))
    assert (header.SeriesNumber, header.SeriesDescription) == (9, "Organs")
    assert run(["picture", str(folder / "seg"), "--source", str(folder / "ct"), out]) == 3
    assert "target not empty" in capsys.readouterr().err


def test_a_grey_series_of_files_names_the_file_in_its_plane(phantom, tmp_path):
    folder = phantom[0]
    score = (np.abs(np.asarray(dcs.read(folder / "ct"))) % 200).astype("int16")
    dcs.write(
        score, tmp_path / "score", kind="SC", like=folder / "ct", description="Score", **QUICK
    )
    dcs.picture(tmp_path / "score", folder / "ct", tmp_path / "out", legend=False, **QUICK)
    scores = {
        tuple(np.round(header.ImagePositionPatient, 3)): header.SOPInstanceUID
        for header in map(pydicom.dcmread, (tmp_path / "score").iterdir())
    }
    for path in (tmp_path / "out").iterdir():
        header = pydicom.dcmread(path)
        named = [item.ReferencedSOPInstanceUID for item in header.SourceImageSequence]
        assert named[1:] == [scores[tuple(np.round(header.ImagePositionPatient, 3))]]
