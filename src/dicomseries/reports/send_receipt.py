"""The receipt of `send`: what the archive answered to each instance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Self

from dicomseries import drawing
from dicomseries.errors import Message, counted, template_of
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import short_lines

__all__ = ["Confirmation", "SendReceipt", "SentInstance"]

OUTCOMES = {
    "stored": "stored",
    "warning": "stored with a warning",
    "present": "there already, not sent again",
    "refused": "refused",
    "failed": "failed",
    "unsent": "not sent",
    "planned": "to send",
}
"""Outcome of an instance → its words, in the order of the text."""
_ARE_THERE = frozenset({"stored", "warning", "present"})
_MOST_FAULTS = 3
"""Faults that are shown to people; programs get all of them."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SentInstance:
    """One instance, and what the archive answered.

    Parameters
    ----------
    sop_instance_uid, series_uid : str
        Of the instance.
    outcome : str
        ``"stored"``; ``"warning"`` (stored, with a change or a doubt); ``"present"`` (it was there
        already); ``"refused"``; ``"failed"`` (no answer); ``"unsent"`` (its turn did not come);
        ``"planned"`` (of a dry run).
    status : int, optional
        DIMSE status, FailureReason or HTTP status.
    text : str
        What the archive answered.
    coerced : tuple of str
        Keywords of attributes that the archive changed.
    transfer_syntax_uid : str
        Of the file.
    sent_syntax_uid : str
        Of the data set as it was sent; another one if the archive does not take that of the file.
    bytes : int
        Size of the file.

    Examples
    --------
    >>> SentInstance(sop_instance_uid="1.2", series_uid="1.3", outcome="stored").is_there
    True
    """

    sop_instance_uid: str
    series_uid: str
    outcome: str
    status: int | None = None
    text: str = ""
    coerced: tuple[str, ...] = ()
    transfer_syntax_uid: str = ""
    sent_syntax_uid: str = ""
    bytes: int = 0

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            message = f"outcome {self.outcome!r} is none of {', '.join(OUTCOMES)}"
            raise ValueError(message)

    def __repr__(self) -> str:
        return short_lines([f"{self.sop_instance_uid} {OUTCOMES[self.outcome]}", f"  {self.text}"])

    @property
    def is_there(self) -> bool:
        """Whether the archive has it, as it says."""
        return self.outcome in _ARE_THERE

    @property
    def is_transcoded(self) -> bool:
        """Whether it was sent in another transfer syntax than that of the file."""
        return bool(self.sent_syntax_uid) and self.sent_syntax_uid != self.transfer_syntax_uid

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "sop_instance_uid": self.sop_instance_uid,
            "series_uid": self.series_uid,
            "outcome": self.outcome,
            "status": self.status,
            "text": self.text,
            "coerced": list(self.coerced),
            "transfer_syntax_uid": self.transfer_syntax_uid,
            "sent_syntax_uid": self.sent_syntax_uid,
            "bytes": self.bytes,
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        """Return the instance of a record of `to_dict`."""
        return cls(**{**record, "coerced": tuple(record["coerced"])})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Confirmation:
    """What was proven after the instances were stored.

    Parameters
    ----------
    instances : int
        Instances that should be there.
    committed : int, optional
        Instances for whose safekeeping the archive took responsibility (storage commitment); None
        without an answer.
    no_commitment : str
        Why there is no storage commitment.
    listed : int
        Instances that the archive lists.
    same_data_sets : int
        Instances whose data set came back with every byte.
    same_pixels : int
        Instances whose stored pixel values (of objects without pixels: attributes) came back equal.
    changed : tuple of str
        Keywords of attributes that came back with another value.
    faults : tuple of str
        What was not confirmed, in sentences.

    Examples
    --------
    >>> print(Confirmation(instances=2, listed=2, same_data_sets=2, same_pixels=2))
    confirmed: the archive lists 2 of 2 instances; fetched back, 2 of 2 have equal pixels, 2 of them
    every byte of the data set
    """

    instances: int
    committed: int | None = None
    no_commitment: str = ""
    listed: int = 0
    same_data_sets: int = 0
    same_pixels: int = 0
    changed: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether every instance is there with equal pixels."""
        return self.same_pixels == self.instances and not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "instances": self.instances,
            "committed": self.committed,
            "no_commitment": self.no_commitment,
            "listed": self.listed,
            "same_data_sets": self.same_data_sets,
            "same_pixels": self.same_pixels,
            "changed": list(self.changed),
            "faults": list(self.faults),
        }

    def __repr__(self) -> str:
        return short_lines([self])

    def __str__(self) -> str:
        parts = []
        if self.committed is not None:
            parts.append(
                f"storage commitment of {self.committed} of {counted(self.instances, 'instance')}"
            )
        parts.append(
            f"the archive lists {self.listed} of {counted(self.instances, 'instance')}; fetched "
            f"back, {self.same_pixels} of {self.instances} have equal pixels, "
            f"{self.same_data_sets} of them every byte of the data set"
        )
        if self.no_commitment:
            parts.append(f"no storage commitment ({self.no_commitment})")
        if self.changed:
            parts.append(f"other values of {', '.join(self.changed)}")
        word = "confirmed" if self.is_complete else "NOT confirmed"
        return f"{word}: {'; '.join(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SendReceipt:
    """The result of `send`: an answer for each instance.

    Parameters
    ----------
    to : str
        The archive, without secrets.
    instances : tuple of SentInstance
        In the order of the files.
    seconds : float
        Duration, in seconds.
    notes : tuple of str
        What the user should know.
    confirmation : Confirmation, optional
        What was proven with ``confirm=True``.

    Examples
    --------
    >>> instance = SentInstance(sop_instance_uid="1.2", series_uid="1.3", outcome="stored",
    ...     bytes=600)
    >>> receipt = SendReceipt(to="dicom://ARCHIVE@pacs.example:104", instances=(instance,),
    ...     seconds=0.5)
    >>> print(receipt)
    1 of 1 instance in dicom://ARCHIVE@pacs.example:104: 1 stored, 600 bytes in 0.50 s
    >>> receipt.is_complete, receipt.stored
    (True, 1)
    """

    to: str
    instances: tuple[SentInstance, ...]
    seconds: float
    notes: tuple[str, ...] = ()
    confirmation: Confirmation | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", tuple(map(Message, self.notes)))

    @property
    def counts(self) -> dict[str, int]:
        """Number of instances by outcome."""
        numbers = Counter(instance.outcome for instance in self.instances)
        return {outcome: numbers[outcome] for outcome in OUTCOMES if numbers[outcome]}

    @property
    def stored(self) -> int:
        """Number of instances that the archive has now, as it says."""
        return sum(instance.is_there for instance in self.instances)

    @property
    def bytes(self) -> int:
        """Size of the files that were sent and stored."""
        size = 0
        for instance in self.instances:
            if instance.is_there and instance.outcome != "present":
                size += instance.bytes
        return size

    @property
    def faults(self) -> tuple[SentInstance, ...]:
        """Instances that the archive does not have."""
        faults = []
        for instance in self.instances:
            if not instance.is_there and instance.outcome != "planned":
                faults.append(instance)
        return tuple(faults)

    @property
    def is_complete(self) -> bool:
        """Whether the archive has every instance, as it says, and as was proven if asked."""
        is_confirmed = self.confirmation is None or self.confirmation.is_complete
        return not self.faults and is_confirmed

    @property
    def coerced(self) -> dict[str, int]:
        """Keyword of an attribute that the archive changed → number of instances."""
        numbers: Counter[str] = Counter()
        for instance in self.instances:
            numbers.update(instance.coerced)
        return dict(numbers)

    @property
    def transcoded(self) -> dict[str, int]:
        """``"from to"`` by name of transfer syntaxes → number of instances."""
        numbers: Counter[str] = Counter()
        for instance in self.instances:
            if instance.is_transcoded:
                before = _syntax_name(instance.transfer_syntax_uid)
                numbers[f"{before} to {_syntax_name(instance.sent_syntax_uid)}"] += 1
        return dict(numbers)

    def to_dict(self) -> dict[str, Any]:
        """Return the receipt as plain values, for JSON."""
        return {
            "to": self.to,
            "is_complete": self.is_complete,
            "counts": self.counts,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "coerced": self.coerced,
            "transcoded": self.transcoded,
            "notes": list(self.notes),
            "confirmation": None if self.confirmation is None else self.confirmation.to_dict(),
            "instances": [instance.to_dict() for instance in self.instances],
        }

    def __repr__(self) -> str:
        return short_lines(self.lines())

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """Return the receipt as lines for people."""
        lines = [self._summary()]
        for name, text in self._details():
            lines.append(f"{name}: {text}")
        if self.confirmation is not None:
            lines.append(str(self.confirmation))
            lines += self.confirmation.faults[:_MOST_FAULTS]
        for text in self.notes:
            lines.append(Message(f"note: {template_of(text)}"))
        return lines

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts by name, for people."""
        facts = [("archive", self.to), ("instances", self._counted()), *self._details()]
        facts.append(("size", f"{self.bytes:,} bytes in {self.seconds:.2f} s"))
        if self.confirmation is not None:
            facts.append(("confirmation", str(self.confirmation)))
            for text in self.confirmation.faults[:_MOST_FAULTS]:
                facts.append(("fault", text))
        for text in self.notes:
            facts.append(("note", text))
        return facts

    def _summary(self) -> str:
        total = counted(len(self.instances), "instance")
        if "planned" in self.counts:
            return f"{total} for {self.to}: {self._counted()}; nothing was sent"
        size = f"{self.bytes:,} bytes in {self.seconds:.2f} s"
        return f"{self.stored} of {total} in {self.to}: {self._counted()}, {size}"

    def _counted(self) -> str:
        words = [f"{count:,} {OUTCOMES[outcome]}" for outcome, count in self.counts.items()]
        return ", ".join(words) or "none"

    def _details(self) -> list[tuple[str, str]]:
        """Return changes and the first faults."""
        details = []
        for names, count in self.transcoded.items():
            details.append(("transcoded", f"{counted(count, 'instance')} from {names}"))
        if self.coerced:
            texts = [f"{word} ({count})" for word, count in self.coerced.items()]
            details.append(("changed by the archive", ", ".join(texts)))
        for instance in self.instances:
            if instance.outcome == "warning":
                details.append(("warning", f"{instance.sop_instance_uid}: {instance.text}"))
                break  # the first shows what they are about
        answered = [instance for instance in self.faults if instance.outcome != "unsent"]
        for instance in answered[:_MOST_FAULTS]:
            text = f"{instance.sop_instance_uid}: {instance.text}"
            details.append((OUTCOMES[instance.outcome], text))
        more = len(answered) - _MOST_FAULTS
        if more > 0:
            details.append(("and", counted(more, "more fault")))
        return details

    def _repr_html_(self) -> str:
        """Return a table of facts for a notebook."""
        return drawing.block(drawing.rows(self.facts()))


def _syntax_name(uid: str) -> str:
    """Return the name of a transfer syntax, or its UID."""
    from pydicom.uid import UID  # noqa: PLC0415 - only of transcoded instances

    return UID(uid).name
