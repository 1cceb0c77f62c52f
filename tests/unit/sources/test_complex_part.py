"""Parts of complex numbers."""

import nibabel
import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import OptionError, SourceError
from dicomseries.sources import open_volume

RNG = np.random.default_rng(4)
SIGNAL = (RNG.normal(size=(3, 4, 5)) + 1j * RNG.normal(size=(3, 4, 5))).astype("complex64")
FUNCTIONS = {"magnitude": np.abs, "phase": np.angle, "real": np.real, "imaginary": np.imag}
SPACING = (0.7, 0.9, 2.5)


@pytest.mark.parametrize("kind", ["MR", "EnhancedMR", "ParametricMap"])
@pytest.mark.parametrize("part", FUNCTIONS)
def test_each_part_is_written_and_named(tmp_path, kind, part):
    needed = {"ApplicableSafetyStandardAgency": "IEC"} if kind == "EnhancedMR" else {}
    if kind == "ParametricMap" and part != "phase":
        needed = {"MeasurementUnitsCodeSequence": [("1", "UCUM", "no units")]}
    quantity = {"quantity": ("110852", "DCM", "MR signal intensity")}
    target = tmp_path / "out"
    options = {"kind": kind, "part": part, "spacing": SPACING, "metadata": needed}
    if kind == "ParametricMap":
        options["units"] = None if part == "phase" else "1"
        options["metadata"] = {}
        del quantity
    receipt = dcs.write(SIGNAL, target, **options)
    volume = dcs.read(target)
    error = receipt.max_error
    np.testing.assert_allclose(volume.array, FUNCTIONS[part](SIGNAL), atol=error + 1e-7, rtol=1e-6)
    if kind == "ParametricMap":
        return
    assert volume.tags["ComplexImageComponent"] == part.upper()
    if kind == "MR":
        assert volume.tags["ImageType"][2] == part[0].upper()


def test_words_of_the_user_win(tmp_path):
    metadata = {"ComplexImageComponent": "MIXED"}
    dcs.write(SIGNAL, tmp_path / "a", kind="MR", part="real", spacing=SPACING, metadata=metadata)
    assert dcs.read(tmp_path / "a").tags["ComplexImageComponent"] == "MIXED"


def test_complex_files_are_read_part_by_part(tmp_path):
    np.save(tmp_path / "a.npy", SIGNAL)
    image = nibabel.Nifti1Image(SIGNAL.T, np.diag([-0.7, -0.9, 2.5, 1]))
    nibabel.save(image, tmp_path / "a.nii.gz")
    for name, options in (("a.npy", {"spacing": SPACING}), ("a.nii.gz", {})):
        volume = open_volume(tmp_path / name, part="phase", **options)
        assert volume.dtype == np.float32
        np.testing.assert_allclose(volume.array, np.angle(SIGNAL), rtol=1e-6)


@pytest.mark.parametrize(
    ("array", "part", "error", "words"),
    [
        (SIGNAL, None, SourceError, "part='magnitude'"),
        (SIGNAL, "abs", OptionError, "'magnitude', 'phase', 'real' or 'imaginary'"),
        (SIGNAL.real, "real", OptionError, "Leave part= out"),
    ],
)
def test_a_missing_or_needless_part_is_an_error_with_a_remedy(tmp_path, array, part, error, words):
    with pytest.raises(error, match=words):
        dcs.write(array, tmp_path / "a", kind="MR", part=part, spacing=SPACING)
