"""Our tables of the standard agree with pydicom's."""

from __future__ import annotations

import itertools

import pydicom
import pytest
from pydicom import datadict, uid
from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary
from pydicom._uid_dict import UID_dictionary

from dicomseries.standard import dictionary
from dicomseries.standard.objects import sop_classes
from dicomseries.standard.read_table import read_table

SOP_CLASSES = {
    "CT": uid.CTImageStorage,
    "ENHANCED_CT": uid.EnhancedCTImageStorage,
    "ENHANCED_MR": uid.EnhancedMRImageStorage,
    "LEGACY_ENHANCED_CT": uid.LegacyConvertedEnhancedCTImageStorage,
    "MR": uid.MRImageStorage,
    "MULTIFRAME_SC_BIT": uid.MultiFrameSingleBitSecondaryCaptureImageStorage,
    "MULTIFRAME_SC_BYTE": uid.MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    "MULTIFRAME_SC_COLOUR": uid.MultiFrameTrueColorSecondaryCaptureImageStorage,
    "MULTIFRAME_SC_WORD": uid.MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    "PARAMETRIC_MAP": uid.ParametricMapStorage,
    "PT": uid.PositronEmissionTomographyImageStorage,
    "SC": uid.SecondaryCaptureImageStorage,
    "SEGMENTATION": uid.SegmentationStorage,
    "XRAY_3D": uid.XRay3DAngiographicImageStorage,
}


def expanded(pattern):
    """Return every tag of a repeating group; of the elements at most two."""
    digits = ["0A" if digit == "x" else digit for digit in pattern]
    return [int("".join(choice), 16) for choice in itertools.product(*digits)]


def test_every_entry_of_the_data_dictionary_is_that_of_pydicom():
    if read_table("dictionary.json")["source"] != f"pydicom {pydicom.__version__}":
        pytest.skip("the table was made from another version of pydicom")
    tags = [*DicomDictionary, *itertools.chain.from_iterable(map(expanded, RepeatersDictionary))]
    assert len(tags) > 5000
    differing = []
    for tag in tags:
        ours = (
            dictionary.dictionary_vr(tag),
            dictionary.dictionary_vm(tag),
            dictionary.keyword_for_tag(tag),
            dictionary.has_tag(tag),
        )
        theirs = (
            datadict.dictionary_VR(tag),
            datadict.dictionary_VM(tag),
            datadict.keyword_for_tag(tag),
            datadict.dictionary_has_tag(tag),
        )
        keyword = ours[2]
        same_tag = dictionary.tag_for_keyword(keyword) == datadict.tag_for_keyword(keyword)
        same_groups = dictionary.is_repeating(keyword) == datadict.repeater_has_keyword(keyword)
        if ours != theirs or (keyword and not (same_tag and same_groups)):
            differing.append((f"{tag:08X}", ours, theirs))
    assert differing == []


def test_sop_classes_have_the_uids_of_the_standard():
    named = {name: getattr(sop_classes, name) for name in sop_classes.__all__}
    assert {name: uid for name, uid in named.items() if isinstance(uid, str)} == SOP_CLASSES
    label_map = "1.2.840.10008.5.1.4.1.1.66.7"  # younger than the dictionary of pydicom
    known = {*SOP_CLASSES.values(), *UID_dictionary, label_map}
    assert set(sop_classes.SINGLE_FRAME) <= known
    assert set(sop_classes.NAMED_KINDS) <= known
