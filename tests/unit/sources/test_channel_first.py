"""Tensors of MONAI and images of TorchIO, by classes with their names and attributes.

tests/integrations asks the packages themselves.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import GeometryError
from dicomseries.geometry import Grid
from dicomseries.testing import SourceContract

OBLIQUE = Grid.from_spacing(
    (3, 4, 5), (2, 3, 4), origin=(10, 20, 30), direction=(0.6, 0.8, 0, -0.8, 0.6, 0, 0, 0, 1)
)


class TorchioImage:
    def __init__(self, data, affine):
        self.data, self.affine = data, affine


TorchioImage.__module__ = "torchio.data.image"


class MetaTensor:
    """Has what is asked of a MetaTensor, and nothing that a numpy array has."""

    def __init__(self, data, affine, **meta):
        self._data, self.meta = data, meta
        self.affine = SimpleNamespace(detach=lambda: SimpleNamespace(cpu=lambda: affine))
        self.ndim, self.shape, self.dtype = data.ndim, data.shape, data.dtype

    def as_tensor(self):
        return self._data

    def __getitem__(self, index):
        raise AssertionError


MetaTensor.__module__ = "monai.data.meta_tensor"


def channel_first(array):
    """(slices, rows, columns) as (1, x, y, z)."""
    return array.transpose(2, 1, 0)[None]


class TestTorchio(SourceContract):
    def open(self, array, grid, folder):  # noqa: ARG002
        return dcs.open_volume(TorchioImage(channel_first(array), grid.affine("RAS")))


class TestMonai(SourceContract):
    def open(self, array, grid, folder):  # noqa: ARG002
        return dcs.open_volume(MetaTensor(channel_first(array), grid.affine("RAS"), space="RAS"))


@pytest.mark.parametrize("space", ["RAS", "LPS", None])
def test_the_affine_of_a_tensor_is_in_the_space_that_it_names(space):
    meta = {"space": space} if space else {}
    tensor = MetaTensor(np.zeros((1, 5, 4, 3)), OBLIQUE.affine(space or "RAS"), **meta)
    np.testing.assert_allclose(dcs.open_volume(tensor).grid.corners(), OBLIQUE.corners())


def test_a_tensor_that_lost_its_channel_is_a_volume_if_its_file_was_one():
    array = np.arange(60).reshape(3, 4, 5)
    tensor = MetaTensor(channel_first(array)[0], OBLIQUE.affine("RAS"), spatial_shape=(5, 4, 3))
    volume = dcs.open_volume(tensor)
    assert np.array_equal(volume.array, array)
    np.testing.assert_allclose(volume.grid.corners(), OBLIQUE.corners())


def test_a_picture_has_the_spacing_of_its_affine_and_no_place():
    tensor = MetaTensor(np.zeros((1, 5, 4)), np.diag([2.0, 3, 1]), spatial_shape=(5, 4))
    with pytest.raises(GeometryError, match="2 and 3 mm in the plane"):
        dcs.open_volume(tensor)
    assert dcs.open_volume(tensor, spacing=(2, 3, 7)).slabs.shape == (1, 4, 5)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (MetaTensor(np.zeros((5, 4, 3)), np.diag([2.0, 2, 3, 1])), "axes-missing"),
        (MetaTensor(np.zeros((2, 1, 5, 4, 3)), np.zeros((2, 4, 4))), "tensor-is-a-batch"),
        (MetaTensor(np.zeros((1, 5, 4, 3)), np.zeros((2, 4, 4))), "affine-shape"),
        (TorchioImage(np.zeros((1, 5, 4, 3)), np.zeros((4, 4))), "affine-malformed"),
    ],
)
def test_an_image_that_does_not_state_its_place_is_rejected(image, code):
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.open_volume(image)
    assert caught.value.code == code


def test_axes_name_those_of_a_tensor_that_does_not():
    array = np.arange(60).reshape(3, 4, 5)
    tensor = MetaTensor(channel_first(array)[0], OBLIQUE.affine("RAS"))
    volume = dcs.open_volume(tensor, axes="xyz")
    assert np.array_equal(volume.array, array)
    np.testing.assert_allclose(volume.grid.corners(), OBLIQUE.corners())


def test_a_new_image_states_no_voxel_size(tmp_path):
    labels = np.zeros((1, 5, 4, 3), "uint8")
    labels[0, 1, 2, 1:] = 1
    ct = np.zeros((3, 4, 5), "int16")
    dcs.write(ct, tmp_path / "ct", kind="CT", spacing=(2, 3, 4), metadata={"RescaleType": "HU"})
    image = TorchioImage(labels, np.eye(4))
    assert dcs.open_volume(image).grid.statement.spacing == "default"
    dcs.write(image, tmp_path / "seg", kind="Segmentation", like=tmp_path / "ct")
    volume = dcs.read(tmp_path / "seg")
    assert volume.grid.spacing_mm == (2, 3, 4)
    assert np.array_equal(volume.array, labels[0].transpose(2, 1, 0))
