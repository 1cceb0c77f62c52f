"""Pictures of common programs as slices."""

import itertools

import numpy as np
import pytest
import tifffile
from PIL import Image

import dicomseries as dcs
from dicomseries.errors import DicomSeriesError, GeometryError, SourceError
from dicomseries.sources import open_picture, open_volume

RNG = np.random.default_rng(5)
STACK = RNG.integers(0, 60_000, (12, 4, 5)).astype("uint16")
COLOURS = RNG.integers(0, 255, (3, 4, 5, 3)).astype("uint8")
SPACING = (0.7, 0.9, 2.5)


def saved(folder, array, name, suffix):
    """Write each slice of an array as a picture; return the folder."""
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(array, start=1):
        path = folder / f"{name}{number}{suffix}"
        if suffix == ".tif":
            tifffile.imwrite(path, picture)
        else:
            Image.fromarray(picture).save(path)
    return folder


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_the_pictures_of_a_folder_are_slices_in_natural_order(tmp_path, suffix):
    folder = saved(tmp_path / "scan", STACK, "slice", suffix)
    (folder / ".hidden.png").write_bytes(b"x")
    (folder / "notes.txt").write_text("x", encoding="ascii")
    volume = open_volume(folder, spacing=SPACING)
    assert volume.dtype == np.uint16
    np.testing.assert_array_equal(volume.array, STACK)
    np.testing.assert_array_equal(volume.slabs.read(3, 7), STACK[3:7])
    dcs.write(folder, tmp_path / "out", kind="CT", spacing=SPACING)
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, STACK)


def test_pictures_in_colour_and_times_keep_their_axes(tmp_path):
    folder = saved(tmp_path / "colour", COLOURS, "p", ".png")
    np.testing.assert_array_equal(open_volume(folder, spacing=SPACING).array, COLOURS)
    cine = open_picture(saved(tmp_path / "cine", STACK[:4], "t", ".png"), axes="tyx", times=0.5)
    assert cine.times_s == (0.0, 0.5, 1.0, 1.5)
    np.testing.assert_array_equal(cine.array[:, 0], STACK[:4])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("1", np.bool_), ("L", np.uint8), ("RGB", np.uint8), ("I;16", np.uint16)],
)
def test_a_single_picture_has_the_pixels_that_pillow_reads(tmp_path, mode, expected):
    array = {"1": COLOURS[0, ..., 0] > 99, "L": COLOURS[0, ..., 0], "RGB": COLOURS[0]}
    picture = Image.fromarray(array.get(mode, STACK[0]))
    picture.save(tmp_path / "a.png")
    volume = open_picture(tmp_path / "a.png")
    assert volume.dtype == expected
    np.testing.assert_array_equal(volume.array[0], np.asarray(picture))
    assert not volume.grid.statement.has_place


def test_palettes_and_opaque_pictures_are_their_colours(tmp_path):
    colours = Image.fromarray(COLOURS[0])
    palette = colours.quantize(16)
    palette.save(tmp_path / "palette.gif")
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(open_picture(tmp_path / "palette.gif").array[0], expected)
    colours.convert("RGBA").save(tmp_path / "opaque.png")
    np.testing.assert_array_equal(open_picture(tmp_path / "opaque.png").array[0], COLOURS[0])
    grey = Image.fromarray(COLOURS[0, ..., 0])
    grey.convert("P").save(tmp_path / "grey.png")
    np.testing.assert_array_equal(open_picture(tmp_path / "grey.png").array[0], np.asarray(grey))


def test_a_turned_photograph_is_read_as_programs_show_it(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOURS[0]).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    array = open_picture(tmp_path / "a.jpg").array[0]
    assert array.shape == (5, 4, 3)
    assert abs(array.astype(int) - np.rot90(COLOURS[0], -1)).max() < 40


def transparent(path):
    Image.fromarray(np.dstack([COLOURS[0], np.full((4, 5), 9, "uint8")])).save(path / "a.png")


def animated(path):
    frames = [Image.fromarray(picture) for picture in COLOURS]
    frames[0].save(path / "a.gif", save_all=True, append_images=frames[1:])


def printed(path):
    Image.new("CMYK", (5, 4)).save(path / "a.jpg")


def cut_short(path):
    noise = RNG.integers(0, 255, (64, 64)).astype("uint8")
    Image.fromarray(noise).save(path / "b.png")
    (path / "a.png").write_bytes((path / "b.png").read_bytes()[:900])
    (path / "b.png").unlink()


@pytest.mark.parametrize(
    ("make", "code", "words"),
    [
        (transparent, "colour-count", "transparent"),
        (animated, "dataset-unclear", "3 pictures"),
        (printed, "photometric-unsupported", "CMYK"),
        (cut_short, "file-unreadable", "PNG"),
    ],
)
def test_a_picture_that_no_image_can_hold_is_rejected_with_a_remedy(tmp_path, make, code, words):
    make(tmp_path)
    with pytest.raises(SourceError, match=words) as caught:
        open_picture(next(tmp_path.glob("a.*")))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda folder: (folder / "s5.png").unlink(), "pictures-missing"),
        (lambda folder: (folder / "s5.png").rename(folder / "s06.png"), "pictures-of-one-number"),
        (lambda folder: tifffile.imwrite(folder / "s13.tif", STACK[0]), None),
        (lambda folder: Image.new("I;16", (9, 4)).save(folder / "s13.png"), "pictures-differ"),
        (lambda folder: Image.new("L", (5, 4)).save(folder / "s13.png"), "pictures-differ"),
    ],
)
def test_a_folder_that_is_no_complete_stack_is_rejected(tmp_path, change, code):
    folder = saved(tmp_path / "scan", STACK, "s", ".png")
    change(folder)
    with pytest.raises(SourceError) as caught:
        _ = open_volume(folder, spacing=SPACING).array
    assert caught.value.code == (code or "pictures-of-several-formats")


def test_numbers_in_even_steps_are_complete(tmp_path):
    folder = tmp_path / "scan"
    folder.mkdir()
    for number, picture in zip(itertools.count(100, 5), STACK, strict=False):
        Image.fromarray(picture).save(folder / f"2024-{number}.png")
    np.testing.assert_array_equal(open_volume(folder, spacing=SPACING).array, STACK)


def test_a_folder_of_pictures_needs_the_distance_of_its_slices(tmp_path):
    with pytest.raises(GeometryError, match="spacing="):
        open_volume(saved(tmp_path / "scan", STACK, "s", ".png"))


def test_each_file_of_a_folder_is_one_page(tmp_path):
    (tmp_path / "scan").mkdir()
    tifffile.imwrite(tmp_path / "scan" / "a.tif", STACK)
    with pytest.raises(DicomSeriesError, match="12 pages"):
        open_volume(tmp_path / "scan", spacing=SPACING)


def test_label_maps_in_a_folder_become_a_segmentation(tmp_path):
    labels = (STACK % 3).astype("uint8")
    folder = saved(tmp_path / "labels", labels, "s", ".png")
    dcs.write(
        folder,
        tmp_path / "out",
        kind="Segmentation",
        spacing=SPACING,
        segments={1: "Liver", 2: "Spleen"},
    )
    np.testing.assert_array_equal(dcs.read(tmp_path / "out").array, labels)
