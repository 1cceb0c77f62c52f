"""Words for the terminal: errors speak of arguments, the command line has options; files may hold anything."""

from __future__ import annotations

import re

__all__ = ["in_options", "printable"]

_OPTIONS = {
    "affine": "--affine",
    "axes": "--axes",
    "bids": "--bids",
    "clip": "--clip",
    "value_range": "--value-range",
    "companion": "--companion",
    "compression": "--compress",
    "executor": "--dask",
    "derivation": "--derivation",
    "description": "--description",
    "direction": "--direction",
    "keep_private": "--keep-private",
    "kind": "--kind",
    "like": "--like",
    "memory": "--memory",
    "metadata": "--set",
    "nan": "--nan",
    "now": "--now",
    "orient": "--orient",
    "origin": "--origin",
    "model": "--model-name",
    "overwrite": "--overwrite",
    "per_volume": "--per-volume",
    "same_space": "--another-space",
    "segmentation_type": "--segmentation-type",
    "segments": "--segments",
    "resume": "--resume",
    "series": "--series",
    "space": "--space",
    "spacing": "--spacing",
    "split": "--split",
    "storage_options": "--storage-options",
    "sync": "--no-sync",
    "time_point": "--time-point",
    "times": "--times",
    "uid": "--uid",
    "units": "--units",
    "values": "--values",
    "verify": "--no-verify",
    "workers": "--workers",
}
"""Argument of the façade → option of the command line."""

_FILES = {"bids", "per_volume", "segments"}
"""Arguments whose mapping is a file on the command line."""

_UNSAID = {"metadata": "--meta"}
"""Arguments that become another option where no value is named."""

_ARGUMENT = re.compile(
    r"""\b(?P<name>[a-z_]+)=(?P<value>
        \([^()]*\)              # a tuple
      | '[^']*' | "[^"]*"       # a text
      | \{(?:[^{}]|\{[^{}]*\})*\}  # a mapping, one of mappings too
      | \[[^\[\]]*\]            # a list
      | (?:dcs\.)?[A-Z][A-Za-z]*\([^()]*\)  # a policy such as Digits(3)
      | True\b | False\b
      | [-+.\w…]*[\w…]          # a number or a word
    )?""",
    re.VERBOSE,
)

_POLICY = re.compile(
    r"(?<![\w.])(?:dcs\.)?(?P<name>Exact|Lossless|Rescale|Digits)\((?P<inside>[^()]*)\)"
)
_CODE = re.compile(r'\("([^"]*)", "([^"]*)", "([^"]*)"\)')
"""A code with its scheme and meaning; one word of the command line."""

_LEFT_OUT = re.compile(r"[\"'](\w+)[\"']: None")
"""Attributes that are not to be taken over from a source."""

_ASIDE = re.compile(r" \(--[a-z-]+(?: on the command line)?\)")
"""A hint at the option in a text that was written for Python; it says the same thing twice here."""


def in_options(text: str) -> str:
    """Return `text` with arguments of the Python functions written as options.

    Examples
    --------
    >>> in_options("Pass clip=(-1000, 3000), nan=0 or values=Rescale(max_error=0.01).")
    'Pass --clip -1000 3000, --nan 0 or --values max-error=0.01.'
    >>> in_options("Name the axes with axes=, e.g. axes='xyz', or pass overwrite=True.")
    'Name the axes with --axes, e.g. --axes xyz, or pass --overwrite.'
    >>> in_options('Write it as ("113087", "DCM", "Smoothing"), or pass same_space=False.')
    'Write it as "113087,DCM,Smoothing", or pass --another-space.'
    >>> in_options('Leave it out with metadata={"KVP": None}.')
    'Leave it out with --leave-out KVP.'
    >>> in_options("Pass same_space=True.")
    'Pass --same-space.'
    """
    worded = _POLICY.sub(
        _as_policy_option, _ARGUMENT.sub(_as_option, _CODE.sub(r'"\1,\2,\3"', text))
    )
    return _ASIDE.sub("", worded)


def _as_option(match: re.Match[str]) -> str:
    option = _OPTIONS.get(match["name"])
    if option is None:
        return match[0]
    left_out = _LEFT_OUT.findall(match["value"] or "") if match["name"] == "metadata" else []
    if left_out:
        return " ".join(f"--leave-out {keyword}" for keyword in left_out)
    if match["name"] == "same_space" and match["value"] == "True":
        return "--same-space"
    value = _as_words(match["value"] or "")
    if match["name"] in _FILES and value:
        return f"{option} FILE"
    return f"{option} {value}" if value else _UNSAID.get(match["name"], option)


def _as_policy_option(match: re.Match[str]) -> str:
    return f"--values {_policy(match['name'].lower(), match['inside'])}"


def _as_words(value: str) -> str:
    if value in {"True", "False"}:
        return ""
    if value.startswith("["):
        return value.strip("[]").replace(" ", "")
    if value.startswith("{"):
        pairs = re.findall(r"['\"](\w+)['\"]\s*:\s*['\"]?([^'\",}]*)", value)
        return ",".join(f"{key}={item.strip()}" for key, item in pairs)
    policy = re.fullmatch(r"(?:dcs\.)?([A-Z]\w*)\(([^()]*)\)", value)
    if policy is not None:
        return _policy(policy[1].lower(), policy[2])
    return value.strip("()'\"").replace(",", "")


def _policy(name: str, inside: str) -> str:
    parts = [part.strip() for part in inside.split(",")]
    more = ",per-slice" if "per_slice=True" in parts else ""
    setting = parts[0].removeprefix("max_error=").removeprefix("digits=")
    if not setting or setting == "per_slice=True":
        return name + more
    return f"{'max-error' if name == 'rescale' else name}={setting}{more}"


def printable(text: str) -> str:
    r"""Return one line of `text` that cannot steer a terminal: control characters are shown, not sent.

    Examples
    --------
    >>> printable("Head\x1b[2J\n")
    'Head\\x1b[2J\\n'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
