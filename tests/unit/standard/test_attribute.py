import pickle

import pytest

from dicomseries.standard.attributes.attribute import Attribute, attribute


def test_the_vr_comes_from_the_data_dictionary():
    assert attribute("PixelSpacing", "3.5", "2.5") == Attribute(
        "PixelSpacing", "DS", ("3.5", "2.5")
    )


def test_the_tag_is_the_order_of_writing():
    assert attribute("PatientID", "1").tag == 0x00100020


def test_an_unknown_keyword_is_rejected():
    with pytest.raises(ValueError, match="PatienName"):
        attribute("PatienName", "x")


def test_an_attribute_with_a_choice_of_vr_needs_one():
    with pytest.raises(ValueError, match="US or SS"):
        attribute("PixelPaddingValue", 0)
    assert attribute("PixelPaddingValue", 0, vr="US").vr == "US"


@pytest.mark.parametrize(
    ("values", "empty"), [((), True), (("",), True), (("", "x"), False), ((0,), False)]
)
def test_empty_means_zero_length(values, empty):
    assert Attribute("PatientComments", "LT", values).is_empty is empty


def test_attributes_are_values():
    item = (attribute("CodeValue", "113085"),)
    one = attribute("DerivationCodeSequence", item)
    assert hash(one) == hash(pickle.loads(pickle.dumps(one)))  # noqa: S301 - our own bytes
