"""Every portable anymap, as text, as bytes or as floats, shows the picture that was written."""

import numpy as np

from tests.kinds.still_samples import DEEP_GREY, DEEP_RGB, RGBA
from tests.kinds.stills import GREY, HEIGHT, PICTURE, RGB, WIDTH, Samples, Variant, assert_shown


def plain(kind: bytes, samples: Samples, most: int) -> bytes:
    """A portable anymap as text, with a comment."""
    words = " ".join(str(value) for value in samples.reshape(-1))
    ceiling = "" if kind == b"P1" else f"{most}\n"
    return kind + f"\n# made up\n{WIDTH} {HEIGHT}\n{ceiling}".encode() + words.encode()


def portable(kind: bytes, samples: Samples, most: int) -> bytes:
    header = f"\n{WIDTH} {HEIGHT}\n{most}\n".encode()
    return kind + header + samples.astype("u1" if most < 256 else ">u2").tobytes()


def test_every_portable_anymap() -> None:
    two = np.asarray(PICTURE.convert("1"))
    black = (~two).astype(np.uint8)
    kept, shown = np.rint(GREY / 255 * 100).astype(np.uint8), np.rint(np.rint(GREY / 255 * 100) * 2.55)
    pam = f"P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n".encode()
    floats = (RGB.astype(np.float32) - RGB.min()) / (int(RGB.max()) - int(RGB.min()))
    stretched = np.rint(floats * 255).astype(np.uint8)
    for data, right in (
        (plain(b"P1", black, 1), two.astype(np.uint8) * 255),
        (plain(b"P2", GREY, 255), GREY),
        (plain(b"P3", RGB, 255), RGB),
        (b"P4\n%d %d\n" % (WIDTH, HEIGHT) + np.packbits(black, axis=1).tobytes(), two.astype(np.uint8) * 255),
        (portable(b"P5", GREY, 255), GREY),
        (portable(b"P5", kept, 100), shown.astype(np.uint8)),
        (portable(b"P5", DEEP_GREY, 65535), GREY),
        (portable(b"P5", DEEP_GREY >> 4, 4095), GREY),
        (portable(b"P6", RGB, 255), RGB),
        (portable(b"P6", DEEP_RGB, 65535), RGB),
        (pam + RGBA.tobytes(), RGB),
        (b"PF\n%d %d\n-1.0\n" % (WIDTH, HEIGHT) + floats[::-1].astype("<f4").tobytes(), stretched),
        (b"PF\n%d %d\n1.0\n" % (WIDTH, HEIGHT) + floats[::-1].astype(">f4").tobytes(), stretched),
    ):
        assert_shown(Variant(data=data, right=right))
