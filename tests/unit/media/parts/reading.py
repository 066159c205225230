"""Readers of holders over bytes, and what they give, taken as the pipeline takes it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from node.errors import MediaError
from node.media.parts.part import Omission, Reader
from node.media.region import Region


@contextmanager
def region_of(data: bytes) -> Iterator[Region]:
    """A region of a file with these bytes, which has no name."""
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        yield Region(file.fileno())


@dataclass
class Given:
    """What a reader gave. `cut`: what was said of parts that ended early, by their number."""

    names: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    omissions: list[str] = field(default_factory=list)
    cut: dict[int, str] = field(default_factory=dict)
    as_they_lie: int = 0

    def named(self) -> dict[str, bytes]:
        """Contents by their names."""
        return dict(zip(self.names, self.contents, strict=True))


def given_by(reader: Reader, data: bytes, keep: int = 1 << 24) -> Given:
    """All that a reader gives of these bytes. `keep`: bytes of a part that are kept; all are taken."""
    given = Given()
    with region_of(data) as region:
        for each in reader(region):
            if isinstance(each, Omission):
                assert each.reason.isascii(), each
                given.omissions.append(each.reason)
                continue
            assert len(each.name) <= 1000
            assert each.name.isprintable(), each
            given.names.append(each.name)
            if isinstance(each.content, Region):
                given.as_they_lie += 1
                given.contents.append(each.content.at(0, keep))
                continue
            content = bytearray()
            try:
                for piece in each.content:
                    content += piece[: max(keep - len(content), 0)]
            except MediaError as error:
                given.cut[len(given.names) - 1] = str(error)
            given.contents.append(bytes(content))
    return given


def descriptors() -> int:
    """Open descriptors of this process."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208
