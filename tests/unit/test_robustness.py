"""The robustness benchmark, small: it judges as it says, and its lines have the contract's form."""

import numpy as np
import pytest
from PIL import Image

from bench import robustness
from bench.transforms import THORN, TRANSFORMS, Given
from tests.unit.media.pictures import scene


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_transform_gives_another_picture_and_leaves_the_given_alone(name: str) -> None:
    image, other = scene(320, 240, 1), scene(300, 200, 2)
    before = image.tobytes()
    made = TRANSFORMS[name](Given(image, other, 5))
    assert made.mode == "RGB"
    assert image.tobytes() == before
    assert made.size != image.size or made.tobytes() != before
    again = TRANSFORMS[name](Given(image, other, 5))
    assert again.tobytes() == made.tobytes(), "the same seed, the same copy"


def test_the_parameters_are_those_that_are_named() -> None:
    image, other = scene(320, 240, 1), scene(300, 200, 2)
    made = {name: transform(Given(image, other, 5)) for name, transform in TRANSFORMS.items()}
    assert made["pad-20"].size == (320, 240 + 2 * 48)
    assert made["border-30px-white"].size == (380, 300)
    assert made["border-16th-black"].size == (360, 270)
    assert made["rescale-96"].size == (96, 72)
    assert made["resize-0.5"].size == (160, 120)
    assert made["composite"].size == (320 + 360, 240)
    assert made["crop-5"].size == made["crop-25-left-top"].size == image.size
    noise = np.asarray(made["noise-0.2"], dtype=np.int16) - np.asarray(image, dtype=np.int16)
    assert noise.std() == pytest.approx(0.2 * 255, rel=0.15)
    grey = Image.new("RGB", (100, 100), (128, 128, 128))
    dark = TRANSFORMS["gamma-2"](Given(grey, grey, 0))
    assert dark.getpixel((5, 5)) == (64, 64, 64)
    vignette = np.asarray(TRANSFORMS["vignette"](Given(grey, grey, 0)))
    assert vignette[50, 50, 0] >= 126
    assert vignette[0, 0, 0] == pytest.approx(128 * np.exp(-1), abs=2)
    assert THORN.keys() <= TRANSFORMS.keys()


def test_a_threshold_is_as_wide_as_the_precision_allows() -> None:
    own = np.array([0, 3, 9, 30], dtype=np.int16)
    assert robustness.fitted(own, np.array([12, 50], dtype=np.int16), 64) == 11
    assert robustness.fitted(own, np.array([0], dtype=np.int16), 64) == -1
    assert robustness.fitted(own, np.array([], dtype=np.int16), 64) == 64
    many = np.zeros(20_000, dtype=np.int16)
    assert robustness.fitted(many, np.array([5, 6, 7], dtype=np.int16), 64) == 6, "two of 20,000 may be wrong"


def test_it_runs_on_rendered_pictures_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIGIL_PHOTOS", raising=False)
    lines = list(robustness.run(records=4))
    assert all({"figure", "value", "unit", "reference", "reference_value", "ratio"} <= line.keys() for line in lines)
    found = {line["figure"]: line for line in lines}
    assert len(found) == len(lines) == 2 + 4 * 2 * len(TRANSFORMS) + 4
    assert "rendered" in found["robustness.pictures"]["unit"]
    assert found["robustness.pdq.jpeg-95.radius-31"]["value"] == 100
    assert found["robustness.pdq.jpeg-95.radius-31"]["reference_value"] == 99.88
    assert found["robustness.pdq.pad-20.radius-31"]["value"] == 0
    assert found["robustness.pdq-trimmed.pad-20.radius-31"]["value"] == 100
    assert found["robustness.pdq.flip-left-right.radius-31"]["value"] == 100, "all orientations are searched"
    assert found["robustness.pdq.crop-10.radius-31"]["reference_value"] is None
    assert "of 6 pairs" in found["robustness.pdq.false-positives"]["unit"]
    assert found["robustness.pdq.false-positives"]["value"] == 0
    from rich.console import Console

    console = Console(width=80, record=True)
    console.print(robustness.table(lines))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    assert all(name in text for name in TRANSFORMS)
