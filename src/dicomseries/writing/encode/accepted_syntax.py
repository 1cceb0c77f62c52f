"""An instance in a transfer syntax that an archive accepts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomseries.errors import DicomSeriesError, NetworkError
from dicomseries.network import InstanceFile

__all__ = ["in_accepted_syntax"]


def in_accepted_syntax(instance: InstanceFile, accepted: Sequence[str]) -> InstanceFile:
    """Return an instance in the first accepted syntax that holds it without loss.

    Parameters
    ----------
    instance : InstanceFile
        In a transfer syntax that the archive does not accept.
    accepted : sequence of str
        UIDs of transfer syntaxes, best first.

    Raises
    ------
    DicomSeriesError
        If none of them can.
    """
    from dicomseries.transcoding import transcoded  # noqa: PLC0415 - only if it is needed

    faults: list[DicomSeriesError] = []
    for syntax in accepted:
        try:
            file = transcoded(instance.content, syntax)
        except DicomSeriesError as error:
            faults.append(error)
            continue
        return replace(
            instance,
            content=file.content,
            size=len(file.content),
            transfer_syntax_uid=file.transfer_syntax_uid,
        )
    if faults:
        raise faults[0]
    raise NetworkError(
        code="syntax-not-accepted",
        where=f"instance {instance.sop_instance_uid}",
        given=f"transfer syntax {instance.transfer_syntax_uid}",
        expected="one that the archive accepts; it accepts none for this SOP class",
        remedy="Ask its administrator what it takes.",
    )
