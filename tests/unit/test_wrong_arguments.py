"""Arguments of a wrong type end in a short error that names the argument and the remedy."""

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.errors import DicomSeriesError, GeometryError

ARRAY = np.arange(100_000, dtype="int16").reshape(10, 100, 100)

VERBS = {
    "read": dcs.read,
    "scan": dcs.scan,
    "tags": dcs.tags,
    "check": dcs.check,
    "write": lambda wrong: dcs.write(ARRAY, wrong, kind="CT", spacing=(1, 1, 1)),
    "like": lambda wrong: dcs.plan(ARRAY, like=wrong, kind="CT"),
}
TAKES_IT = {
    ("like", "volume"),
    *((verb, "list") for verb in ("read", "scan", "tags", "check", "like")),
}
REST = [
    (verb, wrong)
    for verb in VERBS
    for wrong in ("list", "bytes", "int", "array", "volume")
    if (verb, wrong) not in TAKES_IT
]


@pytest.fixture(scope="module")
def volume(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong") / "ct"
    dcs.write(ARRAY, folder, kind="CT", spacing=(1, 1, 2), sync=False)
    return dcs.read(folder)


@pytest.mark.parametrize(("verb", "wrong"), REST)
def test_what_is_no_path_is_rejected_in_one_short_sentence(volume, verb, wrong):
    value = {"list": ["a.dcm"], "bytes": b"a", "int": 3, "array": ARRAY, "volume": volume}[wrong]
    with pytest.raises(DicomSeriesError) as caught:
        VERBS[verb](value)
    assert len(str(caught.value)) < 250
    assert "ath" in caught.value.remedy


def test_a_huge_value_does_not_hide_the_remedy():
    error = GeometryError(
        code="a-code", where="here", given=[0] * 9999, expected="less", remedy="Take less."
    )
    assert len(str(error)) < 500
    assert str(error).endswith(" …. Take less.")


def test_a_misspelt_option_of_derive_is_rejected_at_once(volume):
    with pytest.raises(TypeError, match=r"'descripton'\. Did you mean 'description'"):
        volume.derive(ARRAY, descripton="Denoised")
