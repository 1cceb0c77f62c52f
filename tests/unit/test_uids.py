"""UIDs: legal, unique by role and index, the same for the same entropy."""

from __future__ import annotations

import re
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomseries.errors import OptionError
from dicomseries.uids import UidPolicy, make_uid, parse_uid_policy, series_uids

LEGAL = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")


@given(
    entropy=st.binary(min_size=1, max_size=64),
    role=st.sampled_from(["study", "instance"]),
    index=st.integers(0, 9999),
)
def test_every_uid_is_legal_of_one_width_and_repeatable(entropy, role, index):
    uid = make_uid(entropy, role, index)
    assert LEGAL.fullmatch(uid)
    assert len(uid) == 44
    assert int(uid.removeprefix("2.25.")) < 2**128
    assert uid == make_uid(entropy, role, index)


@given(
    entropy=st.binary(min_size=1, max_size=64),
    root=st.sampled_from(["1.2", "1.2.826.0.1.3680043.10.1234"]),
)
def test_a_root_of_the_user_fills_up_to_64_characters(entropy, root):
    uid = make_uid(entropy, "series", root=root)
    assert uid.startswith(f"{root}.")
    assert len(uid) == 64
    assert LEGAL.fullmatch(uid)


def test_roles_indices_and_entropy_never_share_a_uid():
    uids = [
        make_uid(e, r, i)
        for e in (b"a", b"b")
        for r in ("study", "series", "instance")
        for i in range(200)
    ]
    assert len(set(uids)) == len(uids)


def test_uids_of_the_user_are_used_and_the_others_made():
    uids = series_uids(
        parse_uid_policy({"StudyInstanceUID": "1.2.3", "others": "1.2.840.99"}), b"seed"
    )
    assert uids.study == "1.2.3"
    assert uids.series.startswith("1.2.840.99.")
    assert uids.instance(7).startswith("1.2.840.99.")


@pytest.mark.parametrize(
    ("uid", "code"),
    [
        ("contents", "uid-policy-unknown"),
        (7, "uid-policy-unknown"),
        ("1.02.3", "uid-malformed"),
        ("1..3", "uid-malformed"),
        ("1." + "2" * 63, "uid-malformed"),
        ("1." + "2" * 50, "uid-root-too-long"),
        ({"StudyInstanceUID": "abc"}, "uid-malformed"),
        ({"StudyInstanceUID": 12}, "uid-malformed"),
        ({"SOPInstanceUID": "1.2"}, "uid-unknown"),
    ],
)
def test_a_uid_that_cannot_be_right_is_rejected(uid, code):
    with pytest.raises(OptionError) as caught:
        parse_uid_policy(uid)
    assert caught.value.code == code


def test_a_policy_passes_through():
    assert parse_uid_policy(UidPolicy(mode="content")) == UidPolicy(mode="content")


def test_one_uid_for_two_levels_is_rejected():
    with pytest.raises(OptionError) as caught:
        parse_uid_policy({"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.3"})
    assert caught.value.code == "uid-given-twice"


def test_a_uid_under_2_25_is_a_uuid_of_version_8():
    uuids = [
        UUID(int=int(make_uid(b"seed", "instance", index).removeprefix("2.25.")))
        for index in range(50)
    ]
    assert {(own.variant, own.version) for own in uuids} == {(RFC_4122, 8)}
