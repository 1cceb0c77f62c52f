"""The table of labels in an extension of a NIfTI header (XML of Caret and Workbench)."""

from __future__ import annotations

import html
import re

__all__ = ["names_in_table"]

_LABEL = re.compile(
    r"<Label\s([^<>]*)>(?:<!\[CDATA\[(?P<data>.*?)\]\]>|(?P<text>[^<]*))</Label>", re.DOTALL
)
_KEY = re.compile(r"\bKey\s*=\s*[\"'](\d{1,5})[\"']")


def names_in_table(xml: str) -> dict[int, str]:
    """Return label → name; empty if there is no table.

    Examples
    --------
    >>> names_in_table('<LabelTable><Label Key="3" Red="1"><![CDATA[spleen]]></Label></LabelTable>')
    {3: 'spleen'}
    """
    if "<LabelTable" not in xml:
        return {}
    names: dict[int, str] = {}
    for match in _LABEL.finditer(xml):
        key = _KEY.search(match[1])
        name = match["data"]
        if name is None:
            name = html.unescape(match["text"])
        name = " ".join(name.split())
        if key is not None and int(key[1]) and name:
            names[int(key[1])] = name
    return names
