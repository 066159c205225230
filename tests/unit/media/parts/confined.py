"""A process that confines itself as a worker does, and then reads the files whose descriptors it is given, each with
the first reader that recognises it. Started by `test_confined` alone, as
`python -m tests.unit.media.parts.confined 7 8 9`.
"""

import hashlib
import json
import os
import sys

from node.errors import MediaError
from node.media import confine
from node.media.parts import catalogue
from node.media.parts.part import Omission
from node.media.region import Region
from node.media.scratch import open_scratch
from node.media.seccomp import Ports


def main() -> None:
    """Writes a list: [name of the kind, [name and digest of each part, or its omission]] of each file."""
    catalogue.prepare()
    hashlib.new("sha256", usedforsecurity=False).update(b"")
    confine.confine(Ports(tasks=0, written=(1, 2), scratch=open_scratch()), 0)
    said = []
    for descriptor in sys.argv[1:]:
        region = Region(int(descriptor))
        head = region.head(4096)
        name, _, _, reader = next(row for row in catalogue.HOLDERS if row[2](head, region))
        said.append([name, [_told(each) for each in reader(region)]])
    os.write(1, json.dumps(said).encode())
    os._exit(0)


def _told(each: object) -> list[str]:
    if isinstance(each, Omission):
        return [each.reason]
    content = each.content.chunks() if isinstance(each.content, Region) else each.content  # type: ignore[attr-defined]
    digest = hashlib.new("sha256", usedforsecurity=False)
    try:
        for piece in content:
            digest.update(piece)
    except MediaError as error:
        return [each.name, digest.hexdigest(), str(error)]  # type: ignore[attr-defined]
    return [each.name, digest.hexdigest()]  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
