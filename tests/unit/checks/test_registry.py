"""Checks are registered once and explained in words."""

from __future__ import annotations

import re

import pytest

from dicomseries import checks
from dicomseries.checks.registry import Finding, check
from dicomseries.errors import OptionError


def test_every_check_has_an_id_a_part_of_the_standard_and_a_text():
    assert checks.registered()
    for registered in checks.registered():
        assert re.fullmatch(
            r"(FIL|VR|MOD|SER|GEO|PIX|WIN|VAL|EXT|MFR|TIM|SEG)-\d{3}", registered.id
        )
        assert registered.part.startswith("PS3.")
        assert registered.level in {"error", "warning"}
        assert registered.text.partition("\n")[0].endswith((".", ","))
        assert registered.id in checks.explain(registered.id)
        assert registered.part in checks.explain(registered.id.lower())


def test_ids_are_in_order_and_unique():
    names = [registered.id for registered in checks.registered()]
    assert names == sorted(set(names))
    assert len(names) >= 40


def test_an_unknown_id_is_answered_with_the_known_ids():
    with pytest.raises(OptionError, match="GEO-001") as caught:
        checks.explain("GEO-999")
    assert caught.value.code == "check-unknown"


def test_two_checks_cannot_share_an_id():
    with pytest.raises(ValueError, match="GEO-001"):
        check("GEO-001", level="error", part="PS3.3")(lambda _: iter(()))


def test_a_finding_needs_all_parts():
    with pytest.raises(ValueError, match="all of its parts"):
        Finding(
            id="GEO-001", level="error", part="PS3.3", where="", message="what", remedy="Fix it."
        )


def test_no_instances_give_no_findings():
    assert checks.check_instances([]) == ()
