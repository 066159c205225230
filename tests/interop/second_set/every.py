"""All files of the second set."""

from __future__ import annotations

from typing import Any, Final

from tests.interop.expected import differences
from tests.interop.second_set import (
    c4all_files,
    exchange_files,
    icse_files,
    misp_files,
    page_files,
    plain_files,
    stix_files,
    table_files,
    vics_faults,
    vics_frames,
    vics_repeats,
    vics_values,
    xml_files,
)
from tests.interop.second_set.made import Made

_MODULES: Final = (
    vics_frames,
    vics_values,
    vics_faults,
    vics_repeats,
    icse_files,
    xml_files,
    c4all_files,
    page_files,
    exchange_files,
    misp_files,
    stix_files,
    plain_files,
    table_files,
)


def every_file() -> list[Made]:
    """In the order of their modules. Names are unique."""
    files = [file for module in _MODULES for file in module.files()]
    assert len({file.name for file in files}) == len(files)
    return files


def closest_differences(file: Made, got: dict[str, Any]) -> list[str]:
    """Where an outcome differs from the allowed one that is closest to it; empty if it is allowed."""
    return min((differences(each, got) for each in file.allowed), key=len)
