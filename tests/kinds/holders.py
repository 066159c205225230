"""Holders made for tests: archives of every kind from the names and contents of their members.

Where the standard library writes a format it is used; the others are put together by hand from their specifications, so
that nothing here shares code with what reads them.
"""

import binascii
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

Members = Mapping[str, bytes]


def zip_of(members: Members, method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    """A ZIP archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def streamed_zip_of(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP archive whose members' sizes follow their data, as programs write that cannot seek."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return bytes(pipe.data)


def raw_zip_of(method: int, packed: bytes, content: bytes, name: bytes = b"a.bin", flags: int = 0) -> bytes:
    """A ZIP archive of one member, packed by its caller."""
    fields = struct.pack("<HHHHIII", flags, method, 0, 0, zlib.crc32(content), len(packed), len(content))
    local = b"PK\x03\x04" + struct.pack("<H", 20) + fields + struct.pack("<HH", len(name), 0) + name + packed
    entry = b"PK\x01\x02" + struct.pack("<HH", 20, 20) + fields
    entry += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    return local + entry + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)


def lzma_in_zip(content: bytes) -> bytes:
    """A member of method 14 (APPNOTE 5.8.8), without a marker at its end."""
    alone = lzma.compress(content, lzma.FORMAT_ALONE)
    return b"\x09\x14\x05\x00" + alone[:5] + alone[13:]


def tar_of(members: Members, form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def sparse_tar_of(name: str, pieces: Mapping[int, bytes], size: int) -> bytes:
    """A tar archive of one sparse member in GNU's pax form 1.0."""
    listed = f"{len(pieces)}\n" + "".join(f"{at}\n{len(piece)}\n" for at, piece in pieces.items())
    data = listed.encode().ljust((len(listed) + 511) // 512 * 512, b"\0") + b"".join(pieces.values())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("GNUSparseFile.0/" + name)
        info.size = len(data)
        info.pax_headers = {
            "GNU.sparse.major": "1",
            "GNU.sparse.minor": "0",
            "GNU.sparse.name": name,
            "GNU.sparse.realsize": str(size),
        }
        archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def gzip_of(content: bytes, name: str = "") -> bytes:
    """A gzip file."""
    buffer = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def _number(value: int) -> bytes:
    """A number as 7z writes it (7zFormat.txt, NUMBER), always in nine bytes or in one."""
    return bytes([value]) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def seven_zip_of(members: Members, method: str = "lzma2") -> bytes:
    """A 7z archive in one solid block; `method`: lzma2, lzma, copy or deflate."""
    content = b"".join(members.values())
    if method == "lzma2":
        filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}]
        packed, coder = lzma.compress(content, lzma.FORMAT_RAW, filters=filters), b"\x21\x21\x01\x08"
    elif method == "lzma":
        alone = lzma.compress(content, lzma.FORMAT_ALONE)
        packed, coder = alone[13:], b"\x23\x03\x01\x01\x05" + alone[:5]
    elif method == "deflate":
        deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed, coder = deflater.compress(content) + deflater.flush(), b"\x03\x04\x01\x08"
    else:
        packed, coder = content, b"\x01\x00"
    names = b"".join(name.encode("utf-16-le") + b"\0\0" for name in members)
    sizes = list(map(len, members.values()))
    header = b"\x01\x04"
    header += b"\x06" + _number(0) + _number(1) + b"\x09" + _number(len(packed)) + b"\x00"
    header += b"\x07\x0b" + _number(1) + b"\x00" + _number(1) + coder + b"\x0c" + _number(len(content)) + b"\x00"
    header += b"\x08\x0d" + _number(len(members)) + b"\x09" + b"".join(_number(size) for size in sizes[:-1])
    header += b"\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(each)) for each in members.values()) + b"\x00"
    header += b"\x00\x05" + _number(len(members)) + b"\x11" + _number(len(names) + 1) + b"\x00" + names + b"\x00\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    front = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start)) + start
    return front + packed + header


def _vint(value: int) -> bytes:
    """A number as RAR 5.0 writes it."""
    spelled = bytearray()
    while value > 0x7F:
        spelled.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*spelled, value])


def _rar_block(fields: bytes, data: bytes = b"") -> bytes:
    sized = _vint(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


def rar_of(members: Members) -> bytes:
    """A RAR 5.0 archive whose members are stored (RAR 5.0 archive format, rarlab.com)."""
    data = b"Rar!\x1a\x07\x01\x00" + _rar_block(_vint(1) + _vint(0) + _vint(0))
    for name, content in members.items():
        spelled = name.encode()
        fields = _vint(2) + _vint(2) + _vint(len(content)) + _vint(4) + _vint(len(content)) + _vint(0o100644)
        fields += struct.pack("<I", zlib.crc32(content)) + _vint(0) + _vint(1) + _vint(len(spelled)) + spelled
        data += _rar_block(fields, content)
    return data + _rar_block(_vint(5) + _vint(0) + _vint(0))


def cab_of(members: Members) -> bytes:
    """A cabinet whose members are stored ([MS-CAB]). Checksums are 0: not computed."""
    content = b"".join(members.values())
    blocks = [content[at : at + 32_768] for at in range(0, len(content), 32_768)]
    files, offset = b"", 0
    for name, each in members.items():
        files += struct.pack("<IIHHHH", len(each), offset, 0, 0, 0, 0x20) + name.encode() + b"\0"
        offset += len(each)
    data_at = 36 + 8 + len(files)
    data = b"".join(struct.pack("<IHH", 0, len(block), len(block)) + block for block in blocks)
    head = struct.pack("<4sIIIIIBBHHHHH", b"MSCF", 0, data_at + len(data), 0, 44, 0, 3, 1, 1, len(members), 0, 0, 0)
    return head + struct.pack("<IHH", data_at, len(blocks), 0) + files + data


def ar_of(members: Members) -> bytes:
    """An ar archive."""
    data = b"!<arch>\n"
    for name, content in members.items():
        data += f"{name + '/':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        data += content + b"\n" * (len(content) % 2)
    return data


def cpio_of(members: Members) -> bytes:
    """A cpio archive in the new ASCII form."""
    data = b""
    for name, content in [*members.items(), ("TRAILER!!!", b"")]:
        spelled = name.encode() + b"\0"
        numbers = (1, 0o100644, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(spelled), 0)
        header = b"070701" + b"".join(b"%08x" % number for number in numbers) + spelled
        data += header + b"\0" * (-len(header) % 4) + content + b"\0" * (-len(content) % 4)
    return data


def uuencoded(name: str, content: bytes) -> bytes:
    """A file as uuencode writes it into a message."""
    lines = [binascii.b2a_uu(content[at : at + 45]) for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n".encode() + b"".join(lines) + b"`\nend\n"


def compress_of(content: bytes) -> bytes:
    """A file as compress writes it: at most 250 bytes, each a code of nine bits."""
    packed, width = 0, 0
    for byte in content[:250]:
        packed |= byte << width
        width += 9
    return b"\x1f\x9d\x90" + packed.to_bytes((width + 7) // 8, "little")


def lz4_of(content: bytes) -> bytes:
    """An LZ4 file of one block that is not packed (at most 64 KiB)."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(content) | 1 << 31) + content + bytes(4)


def lzip_of(content: bytes) -> bytes:
    """An lzip file."""
    alone = lzma.compress(
        content, lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "preset": 6}]
    )
    return b"LZIP\x01\x10" + alone + struct.pack("<IQQ", zlib.crc32(content), len(content), len(alone) + 26)


def bzip2_of(content: bytes) -> bytes:
    """A bzip2 file."""
    return bz2.compress(content)


def xz_of(content: bytes) -> bytes:
    """An xz file."""
    return lzma.compress(content)
