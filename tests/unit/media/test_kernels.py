"""The kernels are compiled wherever Vigil runs, and say of an axis what the paper says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from node.media import kernels
from tests.unit.media.hostile import damaged, originals
from tests.unit.media.pictures import scene
from tests.unit.media.videos import Scene, write_loud, write_video


def test_where_no_cache_can_be_written_a_kernel_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    really_compile = numba.njit

    def njit(*function: Any, **options: Any) -> Any:
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return really_compile(*function, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert kernels._compiled(lambda value: value + 1)(41) == 42


@given(st.integers(1, 20_000))
def test_every_sample_is_a_mean_of_what_lies_about_it(length: int) -> None:
    starts, counts, weights = kernels.tent_weights(length, 64)
    window = (length + 127) // 128
    assert ((starts >= 0) & (counts >= 1) & (starts + counts <= length)).all()
    assert (counts <= 2 * window - 1).all()
    assert (weights >= 0).all()
    assert np.allclose(weights.sum(axis=1, dtype=np.float64), 1.0, atol=1e-5)


_SLOW = 141
"""The seed of a JPEG-LS of 200 million pixels, of which nothing can be seen: half a minute of decoding."""
_WATCH_A_WORKER = """
import sys
from pathlib import Path
from node.media import kernels, picture, picture_decoding, shortage, video
from node.errors import MediaError
from tests.unit.media.reading import fingerprint
compiled = lambda: {
    name: list(each.signatures) for name, each in vars(kernels).items() if hasattr(each, "signatures")
}
picture.warm()
picture_decoding.prepare()
video.prepare()
shortage.usage()
warmed, loaded = compiled(), set(sys.modules)
for path in sys.argv[1:]:
    try:
        fingerprint(Path(path))
    except MediaError:
        pass  # damaged on purpose: what is said of it may need a module as well
assert any(warmed.values())
assert compiled() == warmed, compiled()
assert set(sys.modules) == loaded, set(sys.modules) - loaded
"""


def test_a_worker_that_is_warm_compiles_and_loads_nothing_more(tmp_path: Path) -> None:
    """A confined worker can neither make code nor open a module: what it has not by then, its files go without."""
    pictures = {
        "landscape.jpg": scene(640, 480),
        "portrait.png": scene(100, 400),
        "grey.png": scene(300, 200).convert("L"),
        "clear.png": scene(300, 200).convert("RGBA"),
        "as wide as a hash.png": scene(32, 16),
    }
    for name, picture in pictures.items():
        picture.save(tmp_path / name)
    framed = Image.new("RGB", (500, 400), "black")
    framed.paste(scene(400, 300), (50, 50))
    framed.save(tmp_path / "within a border.png")
    write_video(tmp_path / "film.mp4", Scene(1), seconds=2)
    write_loud(tmp_path / "loud.mkv", tmp_path / "film.mp4", seconds=1)
    for name, data in originals().items():
        (tmp_path / name).write_bytes(data)
    for seed in set(range(200)) - {_SLOW}:
        (tmp_path / f"damaged-{seed}").write_bytes(damaged(seed)[1])
    command = [sys.executable, "-c", _WATCH_A_WORKER, *map(str, sorted(tmp_path.iterdir()))]
    subprocess.run(command, check=True)
