"""Metadata of any input comes back unchanged through pydicom, or is a MetadataError."""

from __future__ import annotations

from io import BytesIO

import pydicom
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import keyword_dict
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicomseries.errors import MetadataError
from dicomseries.metadata import OWNED, Metadata

LETTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\\=^")
LINE = st.text(LETTERS, min_size=1, max_size=16).map(lambda text: text.strip(" \0")).filter(bool)
CODES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
CODE_ITEMS = st.fixed_dictionaries({"CodeValue": CODES, "CodeMeaning": LINE})

MAPPINGS = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": LINE,
        "PatientID": LINE,
        "SeriesDescription": LINE,
        "ImageComments": LINE,
        "BodyPartExamined": CODES,
        "ImageType": st.lists(CODES, min_size=2, max_size=5),
        "StudyDate": st.dates(),
        "StudyTime": st.times(),
        "EchoTime": NUMBERS,
        "SeriesNumber": st.integers(-(2**31), 2**31 - 1),
        "PregnancyStatus": st.integers(1, 4),
        "DiffusionBValue": NUMBERS,
        "DerivationCodeSequence": st.lists(
            st.fixed_dictionaries({"CodeValue": CODES, "CodeMeaning": LINE}), max_size=3
        ),
    },
)

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=80)
    | st.binary()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["CodeValue", "Foo"]), inner)
    ),
    max_leaves=6,
)
KEYWORDS = st.sampled_from(sorted(keyword_dict)) | st.text(max_size=20) | st.integers()


def _dataset(attributes):
    dataset = Dataset()
    for one in attributes:
        values = [_dataset(item) for item in one.values] if one.vr == "SQ" else list(one.values)
        dataset.add_new(
            one.tag, one.vr, values if one.vr == "SQ" or len(values) > 1 else (values or [None])[0]
        )
    return dataset


def _written_and_read(metadata):
    dataset = _dataset(metadata.attributes)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = BytesIO()
    pydicom.dcmwrite(file, dataset, enforce_file_format=False)
    file.seek(0)
    return pydicom.dcmread(file, force=True)


def _texts(value):
    return (
        [str(one) for one in value]
        if isinstance(value, list | pydicom.multival.MultiValue)
        else [str(value)]
    )


@given(mapping=MAPPINGS)
def test_accepted_values_come_back_from_a_file_unchanged(mapping):
    metadata = Metadata.from_mapping(mapping)
    read = _written_and_read(metadata)
    for one in metadata.attributes:
        if one.vr == "SQ":
            found = [
                tuple(str(read_one.value) for read_one in item) for item in read[one.tag].value
            ]
            assert found == [tuple(inner.values[0] for inner in item) for item in one.values]
        elif one.vr in {"US", "FD"}:
            assert (read[one.tag].value,) == one.values
        else:
            assert tuple(_texts(read[one.tag].value)) == one.values


@given(keyword=KEYWORDS, value=ANYTHING)
def test_any_input_is_accepted_or_rejected_with_all_five_parts(keyword, value):
    try:
        metadata = Metadata.from_mapping({keyword: value})
    except MetadataError as error:
        for fault in error.faults:
            assert fault.code
            assert fault.where
            assert fault.expected
            assert fault.remedy
            assert str(fault)
    else:
        assert len(metadata.attributes) == 1
        assert keyword not in OWNED


@given(mapping=MAPPINGS)
def test_the_order_of_writing_does_not_matter(mapping):
    turned = dict(reversed(list(mapping.items())))
    assert Metadata.from_mapping(turned) == Metadata.from_mapping(mapping)
