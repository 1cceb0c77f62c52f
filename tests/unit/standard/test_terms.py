import pytest

from dicomseries.standard.attributes.attribute import vr_of
from dicomseries.standard.attributes.defined_terms import DEFINED, ENUMERATED
from dicomseries.standard.attributes.value_representations import text_fault


@pytest.mark.parametrize("keyword", [*ENUMERATED, *DEFINED])
def test_every_term_is_legal_in_its_vr(keyword):
    terms = {**ENUMERATED, **DEFINED}[keyword]
    assert len(set(terms)) == len(terms)
    assert vr_of(keyword) == "US" or not any(text_fault(vr_of(keyword), term) for term in terms)


def test_a_list_is_closed_or_open_but_not_both():
    assert not ENUMERATED.keys() & DEFINED.keys()
