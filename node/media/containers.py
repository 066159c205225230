"""What a file of moving pictures is, by its first bytes, and which demuxer and decoders it may have.

Rules this module upholds:

- A name or an extension is never looked at.
- The content names one demuxer, and that one alone is let near the bytes. Demuxers that open other files (HLS, DASH,
  concat, image sequences) are none of these.
- Only the decoders of `DECODERS` are ever started, on pictures alone: no sound, no subtitles.
- What is a picture to `sniff` (an animated one too) is a picture, and never comes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from node.media.sniff import HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that is read: its name for people, its media type (IANA), and FFmpeg's name of its demuxer."""

    name: str
    media_type: str
    demuxer: str


MP4: Final = Container(name="MP4", media_type="video/mp4", demuxer="mov")
QUICKTIME: Final = Container(name="QuickTime file", media_type="video/quicktime", demuxer="mov")
THREE_GP: Final = Container(name="3GP file", media_type="video/3gpp", demuxer="mov")
THREE_G2: Final = Container(name="3GP2 file", media_type="video/3gpp2", demuxer="mov")
M4V: Final = Container(name="M4V file", media_type="video/x-m4v", demuxer="mov")
MATROSKA: Final = Container(name="Matroska file", media_type="video/x-matroska", demuxer="matroska")
WEBM: Final = Container(name="WebM file", media_type="video/webm", demuxer="matroska")
AVI: Final = Container(name="AVI file", media_type="video/x-msvideo", demuxer="avi")
MPEG_TS: Final = Container(name="MPEG transport stream", media_type="video/mp2t", demuxer="mpegts")
MPEG_PS: Final = Container(name="MPEG program stream", media_type="video/mpeg", demuxer="mpeg")
MPEG_ES: Final = Container(name="MPEG video stream", media_type="video/mpeg", demuxer="mpegvideo")
FLV: Final = Container(name="Flash video", media_type="video/x-flv", demuxer="flv")
ASF: Final = Container(name="Windows Media file", media_type="video/x-ms-wmv", demuxer="asf")
OGG: Final = Container(name="Ogg file", media_type="video/ogg", demuxer="ogg")

CONTAINERS: Final = (
    MP4, QUICKTIME, THREE_GP, THREE_G2, M4V, MATROSKA, WEBM, AVI, MPEG_TS, MPEG_PS, MPEG_ES, FLV, ASF, OGG,
)  # fmt: skip

DECODERS: Final = (
    # What phones, cameras and the web have written in the last twenty years.
    "h264", "hevc", "libdav1d", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "mpeg1video", "mpeg2video", "theora",
    "h263", "h263p", "h263i", "h261", "flv", "vp6", "vp6a", "vp6f", "mjpeg", "mjpegb", "dvvideo",
    "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1",
    # What older files and editing programs have.
    "svq1", "svq3", "cinepak", "indeo3", "indeo4", "indeo5", "msvideo1", "qtrle", "rpza", "huffyuv", "ffvhuff", "ffv1",
    "prores", "dnxhd", "rawvideo", "png", "utvideo",
)  # fmt: skip
"""FFmpeg's names of the decoders that may be started."""

_PICTURE_BRANDS: Final = frozenset({
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif", b"mif2",
})  # fmt: skip
"""Major brands of ISO media files that are pictures (`sniff`)."""
_FIRST_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes with which a QuickTime file from before `ftyp` begins (QuickTime File Format, 2001)."""
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_TS_SYNC: Final = 0x47
_TS_PACKETS: Final = ((188, 0), (192, 4), (204, 0))
"""Bytes a packet of a transport stream, and of them before its sync byte: broadcast, camcorders, with error codes."""
_TS_LEAST: Final = 5
"""Packets that must begin with a sync byte, as far as `HEAD` shows them."""
_SIGNATURES: Final = (
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"\x00\x00\x01\xb3", MPEG_ES),
    (b"FLV\x01", FLV),
    (_ASF_HEADER, ASF),
    (b"OggS", OGG),
)


def container_of(head: bytes) -> Container | None:
    """The container of a file by its first `HEAD` bytes; None where it is not one that is read."""
    head = head[:HEAD]
    for signature, known in _SIGNATURES:
        if head.startswith(signature):
            return known
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else MATROSKA
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return AVI
    if head[4:8] == b"ftyp":
        return _branded(head[8:12])
    if head[4:8] in _FIRST_BOXES:
        return QUICKTIME
    return MPEG_TS if _is_transport_stream(head) else None


def _branded(major: bytes) -> Container | None:
    """An ISO media file by its major brand (ISO/IEC 14496-12); None where that is a picture's."""
    if major in _PICTURE_BRANDS:
        return None
    if major == b"qt  ":
        return QUICKTIME
    if major.startswith(b"3g2"):
        return THREE_G2
    if major.startswith(b"3gp"):
        return THREE_GP
    return M4V if major.startswith(b"M4V") else MP4


def _is_transport_stream(head: bytes) -> bool:
    for size, before in _TS_PACKETS:
        starts = head[before::size][:_TS_LEAST]
        if len(starts) == _TS_LEAST and all(start == _TS_SYNC for start in starts):
            return True
    return False
