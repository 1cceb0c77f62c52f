import pytest
from pydicom import valuerep

from dicomseries.standard.attributes.value_representations import LONG_VRS, SHORT_VRS, text_fault

LEGAL = [
    ("AE", "SCANNER 1"),
    ("AS", "042Y"),
    ("CS", "WHOLE BODY_2"),
    ("DA", "20240229"),
    ("DS", "-1.5e-3"),
    ("DS", ".333333333333333"),
    ("DT", "2024"),
    ("DT", "20240229123000.5+0100"),
    ("DT", "202402"),
    ("IS", "-2147483648"),
    ("LO", "é" * 64),
    ("LT", "one\r\ntwo \\ three"),
    ("PN", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    ("PN", "A" * 64 + "=" + "B" * 64),
    ("TM", "23"),
    ("TM", "235960"),
    ("TM", "120000.123456"),
    ("UI", "2.25.0.1"),
    ("UT", "x" * 20000),
    ("US", "anything: no text"),
    ("DA", ""),
]

ILLEGAL = [
    ("AE", "SCANNER-NUMBER-17"),
    ("AS", "42Y"),
    ("CS", "axial"),
    ("CS", "A" * 17),
    ("DA", "20230229"),
    ("DA", "2024.02.29"),
    ("DS", "1,5"),
    ("DS", "nan"),
    ("DS", "1.2345678901234567"),
    ("DT", "20241301"),
    ("DT", "2024022925"),
    ("IS", "2147483648"),
    ("IS", "1.0"),
    ("LO", "a\\b"),
    ("LO", "a\nb"),
    ("LO", "x" * 65),
    ("LT", "x" * 10241),
    ("PN", "A" * 65),
    ("PN", "a^b^c^d^e^f"),
    ("PN", "a=b=c=d"),
    ("SH", "x" * 17),
    ("ST", "x" * 1025),
    ("TM", "24"),
    ("TM", "12:00"),
    ("TM", "1200.5"),
    ("UI", "1.02"),
    ("UI", "1." * 32 + "1"),
    ("UI", "1..2"),
    ("UR", "http://exämple"),
    ("LO", "\ud800"),
]


@pytest.mark.parametrize(("vr", "text"), LEGAL)
def test_legal_texts_have_no_fault(vr, text):
    assert text_fault(vr, text) is None


@pytest.mark.parametrize(("vr", "text"), ILLEGAL)
def test_errors_of_illegal_texts_state_the_expected_form(vr, text):
    assert text_fault(vr, text)


def test_lengths_of_two_or_four_bytes_are_those_of_pydicom():
    assert {str(vr) for vr in valuerep.EXPLICIT_VR_LENGTH_32} == LONG_VRS
    assert {str(vr) for vr in valuerep.STANDARD_VR} - LONG_VRS == SHORT_VRS
