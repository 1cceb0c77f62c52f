"""Names of private attributes: tag and creator (PS3.5 section 7.8)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dicomseries.errors import MetadataError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.standard.dictionary import private_vr

__all__ = ["PrivateTag", "private_tags"]

_NAME = re.compile(r"\(?([0-9A-Fa-f]{4})[,|]?\s?([0-9A-Fa-fx]{2})([0-9A-Fa-f]{2})\)?(?:\s+(\S.*))?")
_ILLEGAL_GROUPS = frozenset({0x0001, 0x0003, 0x0005, 0x0007, 0xFFFF})
_FIRST_BLOCK, _LAST_BLOCK = 0x10, 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateTag:
    """A private attribute and the creator of its block.

    Parameters
    ----------
    group : int
        Odd.
    block : int
        0x10 to 0xFF.
    element : int
        0x00 to 0xFF, within the block.
    creator : str
        Name of the block's owner.

    Examples
    --------
    >>> tag = PrivateTag(group=0x0099, block=0x10, element=0x01, creator="MY LAB")
    >>> tag.keyword, tag.creator_keyword
    ('(0099,1001)', '(0099,0010)')
    """

    group: int
    block: int
    element: int
    creator: str

    @property
    def keyword(self) -> str:
        """The tag, as attributes without a keyword are named."""
        return f"({self.group:04X},{self.block:02X}{self.element:02X})"

    @property
    def creator_keyword(self) -> str:
        """The tag of the attribute that names the creator."""
        return f"({self.group:04X},00{self.block:02X})"

    @property
    def known_vr(self) -> str:
        """Value representation in pydicom's dictionary; empty if unknown."""
        tag = (self.group << 16) | (self.block << 8) | self.element
        return private_vr(tag, self.creator)


def private_tags(
    mapping: Mapping[Any, Any], faults: list[MetadataError]
) -> dict[str, PrivateTag | None]:
    """Return the private names of a mapping.

    Parameters
    ----------
    mapping : mapping
        The user's metadata. A private attribute is named ``"(0099,1001) MY LAB"``, or
        ``"(0099,xx01) MY LAB"`` for any free block; or by its tag alone, if the creator is an
        entry too: ``"00990010": "MY LAB"``.
    faults : list of MetadataError
        Takes their faults.

    Returns
    -------
    dict
        Name → tag and creator; None for an entry that only names a creator.

    Examples
    --------
    >>> tags = private_tags({"(0099,1001) MY LAB": "run 7", "PatientID": "1"}, [])
    >>> [(name, tag.creator) for name, tag in tags.items()]
    [('(0099,1001) MY LAB', 'MY LAB')]
    """
    names = {name: match for name in mapping if (match := _match(name)) is not None}
    blocks = _named_creators(mapping, names)
    tags: dict[str, PrivateTag | None] = {}
    # names with a block come before those for any free block
    for name, match in sorted(names.items(), key=lambda pair: pair[1][2] == "xx"):
        group = int(match[1], 16)
        if _is_creator(match):
            tags[name] = None
            continue
        try:
            tags[name] = _tag(name, group, match, blocks)
        except MetadataError as fault:
            tags[name] = None
            faults.append(fault)
    return tags


def _match(name: object) -> re.Match[str] | None:
    if not isinstance(name, str):
        return None
    match = _NAME.fullmatch(name.strip())
    if match is None or int(match[1], 16) % 2 == 0:
        return None
    return match


def _is_creator(match: re.Match[str]) -> bool:
    return match[2] == "00" and int(match[3], 16) >= _FIRST_BLOCK and match[4] is None


def _named_creators(
    mapping: Mapping[Any, Any], names: Mapping[str, re.Match[str]]
) -> dict[tuple[int, int], str]:
    creators = {}
    for name, match in names.items():
        creator = str(mapping[name]).strip()
        if _is_creator(match) and creator:
            creators[int(match[1], 16), int(match[3], 16)] = creator
    return creators


def _tag(
    name: str, group: int, match: re.Match[str], blocks: dict[tuple[int, int], str]
) -> PrivateTag:
    creator = (match[4] or "").strip()
    if group in _ILLEGAL_GROUPS or match[2] == "00":
        expected = "an odd group from 0009, and an element from 1000"
        raise _private_error(name, "an impossible private tag", expected)
    if match[2] != "xx":
        block = int(match[2], 16)
        creator = creator or blocks.get((group, block), "")
    else:
        block = _free_block(group, creator, blocks)
    if not creator:
        raise _no_creator(name, match)
    if blocks.setdefault((group, block), creator) != creator:
        given = f"block {block:02X}, which belongs to {blocks[group, block]}"
        raise _private_error(name, given, "one creator for each block")
    return PrivateTag(group=group, block=block, element=int(match[3], 16), creator=creator)


def _free_block(group: int, creator: str, blocks: Mapping[tuple[int, int], str]) -> int:
    for block in range(_FIRST_BLOCK, _LAST_BLOCK + 1):
        if blocks.get((group, block), creator) == creator:
            return block
    return _LAST_BLOCK


def _no_creator(name: str, match: re.Match[str]) -> MetadataError:
    tag = f"({match[1]},{match[2]}{match[3]})".upper().replace("XX", "xx")
    return MetadataError(
        code="private-attribute",
        where=name,
        given="a private tag without its creator",
        expected="the tag followed by its creator, which defines the attribute (PS3.5 section 7.8)",
        remedy=f'Write `metadata={{"{tag} MY LAB": ...}}` with the name of the creator.',
    )


def _private_error(name: str, problem: str, expected: str) -> MetadataError:
    return MetadataError(
        code="private-attribute",
        where=name,
        given=problem,
        expected=expected,
        remedy='Write `metadata={"(0099,xx01) MY LAB": ...}`, which takes a free block.',
    )
