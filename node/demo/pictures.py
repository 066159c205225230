"""Photographs for the demonstration: harmless, without people, and real if possible.

Rules this module upholds:

- Pictures come from the user's own folder, else from a Debian package of landscape photographs, else they are rendered
  here. The output says which of the three was used.
- Nothing is installed: a package is downloaded and unpacked next to the cache, and only its pictures are kept.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from node.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = "endless-sky-data"
"""273 landscape and city photographs of about 720 x 360 pixels, 70 MB to download."""
_WANTED: Final = "images/land"
_ENDINGS: Final = {".jpg", ".jpeg", ".png", ".webp"}
_SMALLEST: Final = 20_000
"""Bytes: smaller pictures in the package are icons."""
_DOWNLOAD_SECONDS: Final = 120
_COMPLETE: Final = ".complete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Album:
    """`count` picture files, sorted by name, and where they come from in a sentence for the person watching."""

    files: tuple[Path, ...]
    source: str
    real: bool


def find_album(folder: Path | None, cache: Path, count: int) -> Album:
    """`count` pictures. Raises `Misuse` where the person's own folder has too few."""
    return _own_album(folder, count) if folder is not None else _album(_fetched(cache), cache, count)


def album_at_hand(folder: Path | None, cache: Path, count: int) -> Album:
    """The same without a network: photographs only if they were fetched before."""
    if folder is not None:
        return _own_album(folder, count)
    kept = cache / "land"
    return _album(_pictures(kept) if (kept / _COMPLETE).exists() else [], cache, count)


def _own_album(folder: Path, count: int) -> Album:
    own = _pictures(folder)
    if len(own) < count:
        raise Misuse(
            f"the folder holds {len(own)} pictures, and {count} are needed",
            remedy="name a folder with more pictures (JPEG, PNG or WebP), without people",
        )
    return Album(files=spread(own, count), source=f"{count} pictures of your own folder", real=True)


def _album(fetched: list[Path], cache: Path, count: int) -> Album:
    if len(fetched) >= count:
        return Album(
            files=spread(fetched, count), source=f"{count} photographs of Debian's package {PACKAGE}", real=True
        )
    return Album(
        files=tuple(_render(cache / "rendered", count)),
        source=f"{count} pictures rendered here, because there are no photographs; "
        "name a folder of your own with PICTURES=folder (or --pictures) to see real ones",
        real=False,
    )


def spread(files: list[Path], count: int) -> tuple[Path, ...]:
    """`count` of the files, evenly spread over the sorted list, so that neighbours of one series are apart."""
    return tuple(files[index * len(files) // count] for index in range(count))


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in _ENDINGS and p.is_file())


def _fetched(cache: Path) -> list[Path]:
    """The package's photographs, downloaded once; empty where there is no package client or no registry."""
    kept = cache / "land"
    if (kept / _COMPLETE).exists():
        return _pictures(kept)
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return []
    with tempfile.TemporaryDirectory(prefix="vigil-pictures-") as name:
        work = Path(name)
        work.chmod(0o755)  # apt's own download user must be able to enter it
        if not (_download(work) or (_apt("update", work) and _download(work))):
            return []
        (package,) = work.glob("*.deb")
        tree = work / "tree"
        if subprocess.run(["dpkg-deb", "-x", package, tree], check=False, capture_output=True).returncode:  # noqa: S607
            return []
        kept.mkdir(parents=True, exist_ok=True)
        for picture in _pictures(tree):
            if _WANTED in picture.as_posix() and picture.stat().st_size > _SMALLEST:
                shutil.copyfile(picture, kept / picture.name)
        licence = tree / "usr/share/doc" / PACKAGE / "copyright"
        if licence.exists():
            shutil.copyfile(licence, kept / "COPYRIGHT")
    (kept / _COMPLETE).touch()
    return _pictures(kept)


def _download(work: Path) -> bool:
    return _apt("download", work, PACKAGE) and any(work.glob("*.deb"))


def _apt(verb: str, work: Path, *names: str) -> bool:
    try:
        done = subprocess.run(
            ["apt-get", verb, "-q", "-o", "APT::Sandbox::User=root", *names],  # noqa: S607
            cwd=work,
            check=False,
            capture_output=True,
            timeout=_DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _render(folder: Path, count: int) -> Iterator[Path]:
    """Varied pictures out of a seed: smooth noise at several scales in colours of its own, which PDQ can tell apart."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"rendered-{number:03}.jpg"
        if not path.exists():
            random = np.random.default_rng(number)
            layers = np.zeros((360, 640, 3))
            for scale in (3, 6, 12, 24):
                coarse = random.uniform(0, 255, (scale, scale * 2, 3)).astype(np.uint8)
                layers += np.asarray(Image.fromarray(coarse).resize((640, 360), Image.Resampling.BICUBIC)) / 4
            Image.fromarray(layers.astype(np.uint8)).save(path, quality=92)
        yield path
