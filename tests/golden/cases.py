"""All golden cases by name."""

from __future__ import annotations

from golden.arrays import codecs, dtypes, geometry, values
from golden.attributes import columns, companions, identity, metadata
from golden.files import inputs
from golden.results import result_options, results, segmentations
from golden.writers import Case

__all__ = ["CASES", "GROUPS"]


def _cases() -> dict[str, Case]:
    makers = (
        dtypes,
        codecs,
        values,
        geometry,
        metadata,
        columns,
        identity,
        companions,
        segmentations,
        results,
        result_options,
        inputs,
    )
    result: dict[str, Case] = {}
    for maker in makers:
        for case in maker():
            if case.name in result:
                message = f"two cases are named {case.name!r}"
                raise ValueError(message)
            result[case.name] = case
    return result


CASES = _cases()
GROUPS = sorted({case.group for case in CASES.values()})
