"""Written series have the bytes of the record, which `digests.py --write` makes anew."""

from __future__ import annotations

import pytest

from golden.cases import CASES, GROUPS
from golden.digests import comparable, differences, digests, recorded


@pytest.mark.parametrize("group", GROUPS)
def test_the_bytes_of_every_case_are_those_of_the_record(group, tmp_path):
    cases = [case for case in CASES.values() if case.group == group]
    names = comparable(cases)
    assert names
    assert differences(names, digests(cases, tmp_path)) == []


def test_the_record_has_every_case_and_no_other():
    assert list(recorded()) == list(CASES)
