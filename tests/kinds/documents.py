"""Documents, messages and caches made for tests, each from the pictures that it holds."""

import base64
import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_UNIT = 512


def compound_of(streams: Mapping[str, bytes], *, scattered: bool = False) -> bytes:
    """An OLE compound file ([MS-CFB]) from paths (`storage/stream`) and contents. What is below 4,096 bytes goes into
    the mini stream. `scattered`: the sectors of large streams lie in reverse order.
    """
    names: list[tuple[str, ...]] = [()]
    for path in streams:
        steps = tuple(path.split("/"))
        names += [steps[:depth] for depth in range(1, len(steps) + 1) if steps[:depth] not in names]
    sectors: list[bytes] = []
    fat: list[int] = []
    mini = b""
    mini_fat: list[int] = []
    starts: dict[tuple[str, ...], tuple[int, int]] = {}

    def chain(data: bytes, turned: bool = False) -> int:
        if not data:
            return _END
        first, pieces = len(sectors), [data[at : at + _UNIT].ljust(_UNIT, b"\0") for at in range(0, len(data), _UNIT)]
        count = len(pieces)
        if turned:
            sectors.extend(reversed(pieces))
            fat.extend([_END, *range(first, first + count - 1)])
            return first + count - 1
        sectors.extend(pieces)
        fat.extend([*range(first + 1, first + count), _END])
        return first

    for path, content in streams.items():
        steps = tuple(path.split("/"))
        if len(content) >= 4096:
            starts[steps] = (chain(content, scattered), len(content))
        elif content:
            units = (len(content) + 63) // 64
            starts[steps] = (len(mini_fat), len(content))
            mini_fat += [*range(len(mini_fat) + 1, len(mini_fat) + units), _END]
            mini += content.ljust(units * 64, b"\0")
        else:
            starts[steps] = (_END, 0)
    starts[()] = (chain(mini), len(mini))
    mini_fat_at = chain(b"".join(struct.pack("<I", each) for each in mini_fat))
    children = {name: [each for each in names if each and each[:-1] == name] for name in names}
    directory = b""
    for name in names:
        spelled = (name[-1] if name else "Root Entry").encode("utf-16-le") + b"\0\0"
        siblings = children[name[:-1]] if name else []
        later = siblings[siblings.index(name) + 1 :] if name else []
        below = children[name]
        kind = 5 if not name else 2 if name in starts else 1
        start, size = starts.get(name, (0, 0))
        directory += spelled.ljust(64, b"\0") + struct.pack(
            "<HBBIII16xI16xIQ", len(spelled), kind, 1, _FREE, names.index(later[0]) if later else _FREE,
            names.index(below[0]) if below else _FREE, 0, start, size,
        )  # fmt: skip
    directory_at = chain(directory)
    tables = 1
    while (len(fat) + tables + 127) // 128 > tables:
        tables += 1
    fat_at = len(sectors)
    fat += [_FAT] * tables
    fat += [_FREE] * (tables * 128 - len(fat))
    table = struct.pack(f"<{len(fat)}I", *fat)
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables, directory_at, 0, 4096,
        mini_fat_at, (len(mini_fat) * 4 + _UNIT - 1) // _UNIT, _END, 0, fat_at,
    )  # fmt: skip
    header += b"".join(struct.pack("<I", fat_at + number) for number in range(1, min(tables, 109)))
    return header.ljust(_UNIT, b"\xff") + b"".join(sectors) + table


def blip_of(picture: bytes) -> bytes:
    """A picture as a record of [MS-ODRAW]: JPEG or PNG."""
    instance, kind = (0x46A, 0xF01D) if picture.startswith(b"\xff\xd8") else (0x6E0, 0xF01E)
    return struct.pack("<HHI", instance << 4, kind, 17 + len(picture)) + bytes(17) + picture


def old_slides_of(pictures: Sequence[bytes]) -> bytes:
    """A presentation of PowerPoint 97 to 2003."""
    return compound_of({"PowerPoint Document": bytes(5000), "Pictures": b"".join(map(blip_of, pictures)) + bytes(4096)})


def old_letter_of(pictures: Sequence[bytes], *, scattered: bool = False) -> bytes:
    """A document of Word 97 to 2003."""
    data = b"".join(bytes(68) + blip_of(picture) for picture in pictures)
    return compound_of({"WordDocument": bytes(5000), "Data": data + bytes(4096)}, scattered=scattered)


def old_sheet_of(pictures: Sequence[bytes]) -> bytes:
    """A workbook of Excel 97 to 2003: its drawings are cut into records of 8,224 bytes."""
    drawings = b"".join(map(blip_of, pictures))
    book = struct.pack("<HH", 0x0809, 4) + bytes(4)
    for at in range(0, len(drawings), 8224):
        piece = drawings[at : at + 8224]
        book += struct.pack("<HH", 0x003C if at else 0x00EB, len(piece)) + piece
    return compound_of({"Workbook": book + struct.pack("<HH", 0x000A, 0) + bytes(4096)})


def outlook_message_of(attachments: Mapping[str, bytes], inner: Mapping[str, bytes] | None = None) -> bytes:
    """An Outlook message (.msg); `inner`: attachments of a message that is attached to it."""
    streams = {"__properties_version1.0": bytes(32)}
    for number, (name, content) in enumerate(attachments.items()):
        storage = f"__attach_version1.0_#{number:08X}/"
        streams[storage + "__substg1.0_37010102"] = content
        streams[storage + "__substg1.0_3707001F"] = name.encode("utf-16-le")
    for number, (name, content) in enumerate((inner or {}).items()):
        storage = f"__attach_version1.0_#{99:08X}/__substg1.0_3701000D/__attach_version1.0_#{number:08X}/"
        streams[storage + "__substg1.0_37010102"] = content
        streams[storage + "__substg1.0_3707001F"] = name.encode("utf-16-le")
    return compound_of(streams)


def thumbs_db_of(pictures: Sequence[bytes]) -> bytes:
    """Thumbs.db of Windows XP to 7."""
    streams = {"Catalog": bytes(40)}
    for number, picture in enumerate(pictures):
        streams[f"256_{number:x}"] = struct.pack("<III", 12, 1, len(picture)) + picture
    return compound_of(streams)


def thumbcache_of(pictures: Sequence[bytes], version: int = 32) -> bytes:
    """thumbcache_256.db of Windows Vista (20), 7 (21) or later."""
    data = b"CMMM" + struct.pack("<IIIII", version, 2, 24, 0, len(pictures))
    for number, picture in enumerate(pictures):
        name = f"{number:016x}".encode("utf-16-le")
        between = struct.pack("<8s", "jpg".encode("utf-16-le")) if version == 20 else b""
        after = bytes(4) if version < 30 else struct.pack("<II4x", 256, 256)
        sizes = struct.pack("<III", len(name), 2, len(picture))
        size = 8 + 8 + len(between) + 12 + len(after) + 16 + len(name) + 2 + len(picture)
        data += (
            b"CMMM" + struct.pack("<IQ", size, number) + between + sizes + after + bytes(16) + name + b"\0\0" + picture
        )
    return data


def message_of(attachments: Mapping[str, bytes], *, pages: Sequence[bytes] = ()) -> bytes:
    """A message; `pages`: JPEG pictures within its HTML body."""
    message = EmailMessage()
    message["From"], message["Subject"] = "a@example.org", "test"
    message.set_content("text")
    if pages:
        shown = "".join(f'<img src="data:image/jpeg;base64,{base64.b64encode(page).decode()}">' for page in pages)
        message.add_alternative(f"<html>{shown}</html>", subtype="html")
    for name, content in attachments.items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def mailbox_of(messages: Sequence[bytes]) -> bytes:
    """A mailbox in the form mboxrd."""
    return b"".join(
        b"From a@example.org Mon Jan  1 00:00:00 2024\n" + message.replace(b"\nFrom ", b"\n>From ") + b"\n"
        for message in messages
    )


def winmail_of(attachments: Mapping[str, bytes]) -> bytes:
    """A winmail.dat file ([MS-OXTNEF])."""

    def attribute(level: int, kind: int, value: bytes) -> bytes:
        return struct.pack("<BII", level, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)

    data = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    for name, content in attachments.items():
        data += attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x0006800F, content)
        data += attribute(2, 0x00018010, name.encode() + b"\0")
    return data


def rich_text_of(pictures: Sequence[bytes]) -> bytes:
    """An RTF document."""
    shown = b"".join(
        b"{\\*\\shppict{\\pict\\jpegblip\\picw9\\pich9\n" + each.hex().encode() + b"}}" for each in pictures
    )
    return b"{\\rtf1\\ansi text" + shown + b"}"


def pdf_of(pictures: Sequence[bytes], attachments: Mapping[str, bytes] | None = None, **saved: object) -> bytes:
    """A PDF document with JPEG pictures as they are. `saved`: options of pikepdf."""
    document = pikepdf.new()
    page = document.add_blank_page()
    shown = {}
    for number, picture in enumerate(pictures):
        shown[f"/P{number}"] = image_in(document, picture, Filter=Name.DCTDecode, ColorSpace=Name.DeviceRGB)
    page.Resources = Dictionary(XObject=Dictionary(shown))
    for name, content in (attachments or {}).items():
        document.attachments[name] = pikepdf.AttachedFileSpec(document, content, filename=name)
    buffer = io.BytesIO()
    document.save(buffer, deterministic_id="encryption" not in saved, **saved)  # type: ignore[arg-type]
    return buffer.getvalue()


def image_in(document: pikepdf.Pdf, data: bytes, size: tuple[int, int] = (72, 56), **entries: object) -> pikepdf.Object:
    """An image XObject."""
    stream = pikepdf.Stream(document, data)
    stream.Type, stream.Subtype, stream.Width, stream.Height = Name.XObject, Name.Image, *size
    stream.BitsPerComponent = 8
    for name, value in entries.items():
        stream[Name("/" + name)] = value
    return document.make_indirect(stream)


def pdf_of_samples(picture: Image.Image) -> tuple[bytes, list[Image.Image]]:
    """A PDF document that shows an RGB picture in every form of samples, and how each has to look."""
    document = pikepdf.new()
    page = document.add_blank_page()
    grey, cmyk, few, two = picture.convert("L"), picture.convert("CMYK"), picture.quantize(200), picture.convert("1")
    palette = pikepdf.String(bytes((few.getpalette() or [])[:600]))
    deep = (np.asarray(grey).astype(">u2") * 257).tobytes()
    forms: list[tuple[bytes, dict[str, object], Image.Image]] = [
        (picture.tobytes(), {"ColorSpace": Name.DeviceRGB}, picture),
        (grey.tobytes(), {"ColorSpace": Name.DeviceGray}, grey),
        (grey.tobytes(), {"ColorSpace": Name.DeviceGray, "Decode": Array([1, 0])}, grey.point(lambda v: 255 - v)),
        (cmyk.tobytes(), {"ColorSpace": Name.DeviceCMYK}, cmyk),
        (few.tobytes(), {"ColorSpace": Array([Name.Indexed, Name.DeviceRGB, 199, palette])}, few),
        (two.tobytes(), {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 1}, two),
        (two.tobytes(), {"ImageMask": True, "BitsPerComponent": 1}, two),
        (deep, {"ColorSpace": Name.DeviceGray, "BitsPerComponent": 16}, grey),
    ]
    shown = {}
    for number, (samples, entries, _) in enumerate(forms):
        packed = zlib.compress(samples)
        shown[f"/P{number}"] = image_in(document, packed, picture.size, Filter=Name.FlateDecode, **entries)
    page.Resources = Dictionary(XObject=Dictionary(shown))
    buffer = io.BytesIO()
    document.save(buffer, deterministic_id=True)
    return buffer.getvalue(), [expected for *_, expected in forms]
