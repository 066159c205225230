"""Files that hold other files: archives, documents, messages, caches of thumbnails.

Rules this module upholds:

- A holder is a name and a function from members (name and bytes) to a file. Any program of its kind takes each member
  out as it was put in.
- What needs a writer that is not installed is left out and counted.

Sources: MS-CFB, MS-OXMSG; the layout of thumbcache files as libwtcdb describes it; PDF 32000-1.
"""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import lzma
import mailbox
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Final

from PIL import Image

from bench.evidence.archives import Member, ar, cpio, seven, streamed_zip, tarred, zipped, zstd
from bench.evidence.compound import compound

Pack = Callable[[Sequence[Member]], bytes]

_TYPES: Final = {".jpg": "jpeg", ".png": "png", ".gif": "gif", ".tif": "tiff", ".webp": "webp"}
_ENTRY_HEAD: Final = 56
"""Bytes of an entry of a thumbcache before its name."""
_CACHE_HEAD: Final = 28
_UNICODE_PATH: Final = "__substg1.0_"


@dataclass(frozen=True, slots=True)
class Holder:
    """A kind of holder. `takes`: suffixes of what it can hold, "" for anything; `many`: whether more than one."""

    suffix: str
    pack: Pack
    takes: tuple[str, ...] = ("",)
    many: bool = True


# ---- documents


def _office(folder: str, main: str) -> Pack:
    """An Office Open XML document whose pictures lie in `folder`."""

    def pack(members: Sequence[Member]) -> bytes:
        types = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        plain = [("[Content_Types].xml", types), ("_rels/.rels", b"<Relationships/>"), (main, b"<document/>")]
        return zipped([*plain, *((f"{folder}/{name}", data) for name, data in members)])

    return pack


def _open_document(members: Sequence[Member]) -> bytes:
    plain = [("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<content/>")]
    return zipped([*plain, *((f"Pictures/{name}", data) for name, data in members)])


def _epub(members: Sequence[Member]) -> bytes:
    plain = [("mimetype", b"application/epub+zip"), ("META-INF/container.xml", b"<container/>")]
    return zipped([*plain, *((f"OEBPS/images/{name}", data) for name, data in members)])


def pdf(members: Sequence[Member], *, attached: bool = False, flate: bool = False) -> bytes:
    """A PDF with a page for each picture (JPEG as it is, or its pixels deflated), or with attached files."""
    objects: list[bytes] = []

    def add(content: bytes) -> int:
        objects.append(content)
        return len(objects)

    def stream(head: str, data: bytes) -> int:
        return add(f"<< {head} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream")

    catalogue, pages = add(b""), add(b"")
    kids, names = [], []
    for name, data in members:
        if attached:
            file = stream("/Type /EmbeddedFile", data)
            spec = add(f"<< /Type /Filespec /F ({name}) /UF ({name}) /EF << /F {file} 0 R >> >>".encode())
            names.append(f"({name}) {spec} 0 R")
            continue
        image = _pdf_image(stream, data, flate=flate)
        content = stream("", b"q 600 0 0 450 0 0 cm /Im Do Q")
        resources = f"/Resources << /XObject << /Im {image} 0 R >> >>"
        page = f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 600 450] {resources} /Contents {content} 0 R >>"
        kids.append(f"{add(page.encode())} 0 R")
    tree = f" /Names << /EmbeddedFiles << /Names [{' '.join(names)}] >> >>" if names else ""
    objects[catalogue - 1] = f"<< /Type /Catalog /Pages {pages} 0 R{tree} >>".encode()
    objects[pages - 1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return _pdf_file(objects)


def _pdf_image(stream: Callable[[str, bytes], int], data: bytes, *, flate: bool) -> int:
    with Image.open(io.BytesIO(data)) as image:
        head = f"/Type /XObject /Subtype /Image /Width {image.width} /Height {image.height}"
        head += " /ColorSpace /DeviceRGB /BitsPerComponent 8"
        if not flate:
            return stream(f"{head} /Filter /DCTDecode", data)
        return stream(f"{head} /Filter /FlateDecode", zlib.compress(image.convert("RGB").tobytes()))


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    made, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n" + "".join(f"{at:010} 00000 n \n" for at in places)
    return (
        made + f"{table}trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n".encode()
    )


def _rtf(members: Sequence[Member]) -> bytes:
    kinds = {".jpg": b"\\jpegblip", ".png": b"\\pngblip"}
    pictures = (b"{\\pict" + kinds[Path(name).suffix] + b"\n" + data.hex().encode() + b"}\n" for name, data in members)
    return b"{\\rtf1\\ansi\n" + b"".join(pictures) + b"}"


def _html(members: Sequence[Member]) -> bytes:
    made = b"<!DOCTYPE html>\n<html><body>\n"
    for name, data in members:
        kind = _TYPES[Path(name).suffix].encode()
        made += b'<img src="data:image/' + kind + b";base64," + base64.b64encode(data) + b'">\n'
    return made + b"</body></html>\n"


# ---- messages


def message(members: Sequence[Member]) -> EmailMessage:
    """A message with attachments."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "a@example.org", "b@example.org", "pictures"
    made["Date"], made["MIME-Version"] = "Mon, 01 Jan 2024 00:00:00 +0000", "1.0"
    made.set_content("see attached")
    for name, data in members:
        kind = _TYPES.get(Path(name).suffix)
        made.add_attachment(
            data,
            maintype="image" if kind else "application",
            subtype=kind or "octet-stream",
            filename=name,
        )
    made.set_boundary("=====vigil-bench-1=====")
    return made


def eml(members: Sequence[Member]) -> bytes:
    """A message as a file."""
    return message(members).as_bytes()


def _forwarded(members: Sequence[Member]) -> bytes:
    """A message in a message."""
    outer = message([])
    outer.add_attachment(message(members))
    outer.set_boundary("=====vigil-bench-2=====")
    return outer.as_bytes()


def _mbox(members: Sequence[Member]) -> bytes:
    """A mailbox with a message for each member."""
    with tempfile.TemporaryDirectory(prefix="vigil-bench-") as folder:
        box = mailbox.mbox(Path(folder, "mbox"))
        for member in members:
            box.add(mailbox.mboxMessage(message([member]).as_bytes()))
        box.flush()
        box.close()
        return Path(folder, "mbox").read_bytes()


def _mhtml(members: Sequence[Member]) -> bytes:
    made = b"From: <Saved by a browser>\r\nMIME-Version: 1.0\r\n"
    made += b'Content-Type: multipart/related; type="text/html"; boundary="----vigil"\r\n\r\n'
    made += b"------vigil\r\nContent-Type: text/html\r\n\r\n<html></html>\r\n"
    for name, data in members:
        made += f"------vigil\r\nContent-Type: image/{_TYPES[Path(name).suffix]}\r\n".encode()
        made += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data).replace(b"\n", b"\r\n")
    return made + b"------vigil--\r\n"


def _msg(members: Sequence[Member]) -> bytes:
    """An Outlook message: an attachment is a storage with its data in one stream and its name in another."""
    streams = {"__properties_version1.0": bytes(32)}
    for number, (name, data) in enumerate(members):
        folder = f"__attach_version1.0_#{number:08X}"
        streams[f"{folder}/__properties_version1.0"] = bytes(8) + struct.pack("<IIII", 0x37050003, 6, 1, 0)
        streams[f"{folder}/{_UNICODE_PATH}3707001F"] = name.encode("utf-16-le")
        streams[f"{folder}/{_UNICODE_PATH}37010102"] = data
    return compound(streams)


# ---- caches of thumbnails


def _thumbs(members: Sequence[Member]) -> bytes:
    """A Thumbs.db of Windows XP and later: a JPEG in each stream behind a head of 12 bytes."""
    streams = {
        str(n + 1)[::-1]: struct.pack("<III", 12, n + 1, len(data)) + data for n, (_, data) in enumerate(members)
    }
    return compound({"Catalog": struct.pack("<HHIII", 16, 7, len(members), 96, 96), **streams})


def _thumbcache(members: Sequence[Member]) -> bytes:
    """A thumbcache of Windows 10."""
    entries = b""
    for number, (_, data) in enumerate(members):
        name = f"{number:016x}".encode("utf-16-le")
        head = b"CMMM" + struct.pack("<IQ", _ENTRY_HEAD + len(name) + len(data), number)
        head += struct.pack("<IIIIIIQQ", len(name), 0, len(data), 96, 96, 0, 0, 0)
        entries += head + name + data
    sizes = (32, 4, 0, _CACHE_HEAD, _CACHE_HEAD + len(entries), len(members))
    return b"CMMM" + struct.pack("<IIIIII", *sizes) + entries


_PICTURES: Final = (".jpg", ".png")

HOLDERS: Final[Mapping[str, Holder]] = {
    "zip": Holder(".zip", zipped),
    "zip stored": Holder(".zip", lambda members: zipped(members, zipfile.ZIP_STORED)),
    "zip bzip2": Holder(".zip", lambda members: zipped(members, zipfile.ZIP_BZIP2)),
    "zip lzma": Holder(".zip", lambda members: zipped(members, zipfile.ZIP_LZMA)),
    "zip by a pipe": Holder(".zip", streamed_zip),
    "zip behind a program": Holder(".exe", lambda members: b"MZ" + bytes(4_094) + zipped(members)),
    "tar": Holder(".tar", tarred),
    "tar gnu": Holder(".tar", lambda members: tarred(members, tarfile.GNU_FORMAT)),
    "tar ustar": Holder(".tar", lambda members: tarred(members, tarfile.USTAR_FORMAT)),
    "tar.gz": Holder(".tar.gz", lambda members: gzip.compress(tarred(members), mtime=0)),
    "tar.bz2": Holder(".tar.bz2", lambda members: bz2.compress(tarred(members))),
    "tar.xz": Holder(".tar.xz", lambda members: lzma.compress(tarred(members))),
    "tar.zst": Holder(".tar.zst", zstd),
    "gz": Holder(".gz", lambda members: gzip.compress(members[0][1], mtime=0), many=False),
    "bz2": Holder(".bz2", lambda members: bz2.compress(members[0][1]), many=False),
    "xz": Holder(".xz", lambda members: lzma.compress(members[0][1]), many=False),
    "7z": Holder(".7z", seven),
    "ar": Holder(".a", ar),
    "cpio": Holder(".cpio", cpio),
    "docx": Holder(".docx", _office("word/media", "word/document.xml")),
    "pptx": Holder(".pptx", _office("ppt/media", "ppt/presentation.xml")),
    "xlsx": Holder(".xlsx", _office("xl/media", "xl/workbook.xml")),
    "odt": Holder(".odt", _open_document),
    "epub": Holder(".epub", _epub),
    "pdf": Holder(".pdf", pdf, (".jpg",)),
    "pdf deflated": Holder(".pdf", lambda members: pdf(members, flate=True), _PICTURES),
    "pdf attachment": Holder(".pdf", lambda members: pdf(members, attached=True)),
    "rtf": Holder(".rtf", _rtf, _PICTURES),
    "html": Holder(".html", _html, tuple(_TYPES)),
    "eml": Holder(".eml", eml),
    "eml in eml": Holder(".eml", _forwarded),
    "mbox": Holder(".mbox", _mbox),
    "mhtml": Holder(".mht", _mhtml, tuple(_TYPES)),
    "msg": Holder(".msg", _msg),
    "thumbs.db": Holder(".db", _thumbs, (".jpg",)),
    "thumbcache": Holder(".db", _thumbcache, _PICTURES),
}


def packed(kind: str, members: Sequence[Member]) -> bytes | None:
    """A holder of this kind, or None where nothing at hand can write it."""
    try:
        return HOLDERS[kind].pack(members)
    except Exception:  # noqa: BLE001  (a writer that is absent or refuses is counted, whatever it says)
        return None
