"""Options of `write`, `plan` and `derive`, declared once."""

from dicomseries.options.declarations import WriteOptions
from dicomseries.options.keyword_arguments import (
    check_names,
    options_of,
    parameters_text,
    signature_of,
    with_options,
)
from dicomseries.options.keyword_checks import checked_options
from dicomseries.options.keyword_types import MappingLike, PlanKeywords, Progress, WriteKeywords
from dicomseries.options.mapping_files import load_mapping
from dicomseries.options.option import Option, declared, option

__all__ = [
    "MappingLike",
    "Option",
    "PlanKeywords",
    "Progress",
    "WriteKeywords",
    "WriteOptions",
    "check_names",
    "checked_options",
    "declared",
    "load_mapping",
    "option",
    "options_of",
    "parameters_text",
    "signature_of",
    "with_options",
]
