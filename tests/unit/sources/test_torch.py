"""Tensors of torch; skipped without it, since its newest build takes gigabytes."""

from __future__ import annotations

import numpy as np
import pytest

from dicomseries.errors import SourceError
from dicomseries.sources import open_volume

torch = pytest.importorskip("torch", reason="run `pip install torch` to see tensors read")
SPACING = (0.5, 0.75, 2)


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.int16, torch.int64, torch.float16, torch.float64, torch.bool]
)
def test_a_tensor_is_viewed_not_copied(dtype):
    tensor = torch.arange(60).reshape(3, 4, 5).to(dtype)
    volume = open_volume(tensor, spacing=SPACING)
    np.testing.assert_array_equal(volume.array, tensor.numpy())
    assert np.shares_memory(volume.array, tensor.numpy())


@pytest.mark.parametrize("axes", ["tzyx", "xyzt"])
def test_a_tensor_of_time_points_is_read_as_volumes(axes):
    tensor = torch.arange(120).reshape(2, 3, 4, 5)
    source = tensor.permute(*("tzyx".index(letter) for letter in axes)).contiguous()
    volume = open_volume(source, axes=axes, spacing=SPACING)
    assert volume.volumes == 2
    np.testing.assert_array_equal(volume.array, tensor.numpy())


def test_a_tensor_with_a_gradient_is_read():
    tensor = torch.ones(3, 4, 5, requires_grad=True)
    assert open_volume(tensor, spacing=SPACING).array.sum() == 60


def test_a_tensor_that_is_permuted_keeps_its_values():
    tensor = torch.arange(60).reshape(3, 4, 5)
    volume = open_volume(tensor.permute(2, 1, 0), axes="xyz", spacing=SPACING)
    np.testing.assert_array_equal(volume.array, tensor.numpy())


@pytest.mark.parametrize(
    ("tensor", "word"),
    [
        (torch.ones(3, 4, 5, dtype=torch.bfloat16), r"tensor\.float"),
        (torch.ones(3, 4).to_sparse(), "to_dense"),
    ],
)
def test_a_tensor_that_numpy_cannot_hold_is_rejected_with_a_remedy(tensor, word):
    with pytest.raises(SourceError, match=word):
        open_volume(tensor, spacing=SPACING)
