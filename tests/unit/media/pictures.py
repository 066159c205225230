"""Pictures made up for tests: varied enough to hash well, drawn from a seed, of nothing and nobody."""

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image


def scene(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    """An RGB picture of soft coloured blots under fine noise."""
    random = np.random.default_rng(seed)
    blots = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    soft = np.asarray(Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC), dtype=np.int16)
    noisy = soft + random.integers(-6, 7, (height, width, 1), dtype=np.int16)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The picture as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def flat(image: Image.Image) -> tuple[npt.NDArray[np.uint8], int]:
    """An image as the kernels take it: (height, width * channels) and the channels."""
    values = np.asarray(image)
    channels = 1 if values.ndim == 2 else values.shape[2]
    values = np.ascontiguousarray(values.reshape(values.shape[0], -1))
    values.flags.writeable = False
    return values, channels


def distance(one: bytes, other: bytes) -> int:
    """Bits in which two hashes differ."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()
