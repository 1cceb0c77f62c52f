"""Images of ISMRMRD files, as the package ismrmrd writes them."""

import ctypes
import warnings

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import GeometryError, SourceError
from dicomseries.sources import open_volume

ismrmrd = pytest.importorskip("ismrmrd")

READ = np.array([0.6, 0.8, 0.0])
PHASE = np.array([0.0, 0.0, -1.0])
SLICE = np.cross(READ, PHASE)
FIELD = (10.0, 12.0, 3.0)
XML = (
    '<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">'
    "<subjectInformation><patientID>P7</patientID></subjectInformation>"
    "<sequenceParameters><TR>7.5</TR><TE>1</TE><TE>2</TE></sequenceParameters></ismrmrdHeader>"
)


def image(array, position, **header):
    made = ismrmrd.Image.from_array(array, transpose=False)
    made.field_of_view = tuple(map(ctypes.c_float, FIELD))
    for name, vector in (("read_dir", READ), ("phase_dir", PHASE), ("slice_dir", SLICE)):
        setattr(made, name, tuple(map(ctypes.c_float, vector)))
    made.position = tuple(map(ctypes.c_float, position))
    for name, value in header.items():
        setattr(made, name, value)
    return made


def saved(path, images, group="image_0"):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = ismrmrd.Dataset(str(path), "dataset", create_if_needed=True)
        dataset.write_xml_header(XML.encode())
        for made in images:
            dataset.append_image(group, made)
        dataset.close()
    return path


def slices(volumes=1, count=3, dtype="float32"):
    """Return slices of 4 rows and 5 columns in a shuffled order, and the array that they are."""
    rng = np.random.default_rng(volumes)
    array = rng.integers(0, 99, (volumes, count, 4, 5)).astype(dtype)
    places = [(volume, number) for volume in range(volumes) for number in range(count)]
    images = []
    for volume, number in rng.permutation(places).tolist():
        position = np.array([1.0, 2.0, 3.0]) + 4.0 * number * SLICE
        numbers = {"slice": number, "repetition": volume, "image_index": 1}
        images.append(image(array[volume, number][None], position, **numbers))
    return images, array


def test_slices_lie_where_their_headers_say(tmp_path):
    images, array = slices()
    volume = open_volume(saved(tmp_path / "a.h5", images))
    np.testing.assert_array_equal(volume.array, array[0])
    np.testing.assert_allclose(volume.grid.spacing_mm, (2, 3, 4), rtol=1e-6)
    centre = np.array([1.0, 2.0, 3.0])
    first = centre - 2 * 2.0 * READ - 2 * 3.0 * PHASE
    np.testing.assert_allclose(volume.grid.position(0), first, atol=1e-5)
    np.testing.assert_allclose(volume.grid.position(2), first + 8 * SLICE, atol=1e-5)
    assert volume.carried == {"0018|0080": "7.5", "0010|0020": "P7"}


def test_repetitions_are_volumes(tmp_path):
    images, array = slices(volumes=3)
    volume = open_volume(saved(tmp_path / "a.mrd", images))
    np.testing.assert_array_equal(volume.array, array)
    assert volume.times_s is None
    np.testing.assert_array_equal(volume.slabs.read(2, 5), array.reshape(9, 4, 5)[2:5])


def test_a_three_dimensional_image_is_a_volume_around_its_position(tmp_path):
    array = np.random.default_rng(3).normal(size=(6, 4, 5)).astype("float32")
    volume = open_volume(saved(tmp_path / "a.h5", [image(array, (7.0, 8.0, 9.0))]))
    np.testing.assert_array_equal(volume.array, array)
    place = np.asarray(volume.grid.affine("LPS")) @ (2, 2, 3, 1)
    np.testing.assert_allclose(place[:3], (7, 8, 9), atol=1e-5)


def test_complex_images_need_a_part_and_are_written_as_mr(tmp_path):
    images, array = slices(dtype="complex64")
    path = saved(tmp_path / "a.h5", images)
    with pytest.raises(SourceError, match="part="):
        open_volume(path)
    receipt = dcs.write(path, tmp_path / "out", kind="MR", part="magnitude")
    back = dcs.read(tmp_path / "out")
    np.testing.assert_allclose(back.array, abs(array[0]), atol=receipt.max_error)
    assert any("0018|0080" in text or "RepetitionTime" in text for text in receipt.advice)


def test_one_of_several_groups_is_named(tmp_path):
    images, array = slices()
    path = saved(tmp_path / "a.h5", images)
    saved(path, [images[0]], group="image_7")
    with pytest.raises(SourceError, match="image_7") as caught:
        open_volume(path)
    assert caught.value.code == "dataset-unclear"
    np.testing.assert_array_equal(open_volume(f"{path}::dataset/image_0").array, array[0])


def uneven(images):
    images[0].position = tuple(map(ctypes.c_float, (50.0, 2.0, 3.0)))
    return images


def turned(images):
    images[1].read_dir = tuple(map(ctypes.c_float, (0.8, 0.6, 0.0)))
    return images


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        (uneven, GeometryError, "spacing-uneven"),
        (turned, GeometryError, "mixed-orientations"),
        (lambda images: [*images[:-1]], SourceError, "slices-missing"),
    ],
)
def test_images_that_are_no_volume_are_rejected(tmp_path, change, error, code):
    images, _ = slices(volumes=2 if code == "slices-missing" else 1)
    with pytest.raises(error) as caught:
        open_volume(saved(tmp_path / "a.h5", change(images)))
    assert caught.value.code == code


def test_images_of_single_coils_are_rejected(tmp_path):
    made = image(np.zeros((2, 1, 4, 5), "float32"), (0, 0, 0))
    with pytest.raises(SourceError, match="one image of all coils"):
        open_volume(saved(tmp_path / "a.h5", [made]))
