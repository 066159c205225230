"""Recognises a video file by its first bytes, and selects its demuxer and decoders.

Rules this module upholds:

- It never uses a name or an extension.
- The content selects one demuxer, and only that demuxer reads the bytes. Demuxers that open other files (HLS, DASH,
  concat, image sequences) are not available.
- Only the decoders of `DECODERS` are started, and only for pictures: no sound, no subtitles.
- A file that `sniff` recognises as a picture (also an animated one) is a picture and is not handled here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from node.media.bitstreams import found_behind, is_transport_stream, raw_coding
from node.media.sniff import HEAD

if TYPE_CHECKING:
    from node.media.region import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container that Vigil reads: its name for people, its media type (IANA), and the name of its demuxer in
    FFmpeg.
    """

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
VIDEO_CD: Final = Container(name="Video CD film", media_type="video/mpeg", demuxer="mpeg")
MPEG4_ES: Final = Container(name="MPEG-4 video stream", media_type="video/mp4v-es", demuxer="m4v")
H264: Final = Container(name="H.264 stream", media_type="video/h264", demuxer="h264")
H265: Final = Container(name="H.265 stream", media_type="video/h265", demuxer="hevc")
AV1: Final = Container(name="AV1 stream", media_type="video/av1", demuxer="obu")
IVF: Final = Container(name="IVF file", media_type="video/x-ivf", demuxer="ivf")
MXF: Final = Container(name="MXF file", media_type="video/mxf", demuxer="mxf")
DV: Final = Container(name="DV film", media_type="video/dv", demuxer="dv")
REAL: Final = Container(name="RealMedia file", media_type="video/vnd.rn-realvideo", demuxer="rm")
REAL_RECORDING: Final = Container(name="RealMedia recording", media_type="video/vnd.rn-realvideo", demuxer="ivr")
WTV: Final = Container(name="Windows TV recording", media_type="video/x-ms-wtv", demuxer="wtv")
DAHUA: Final = Container(name="Dahua recording", media_type="video/x-dhav", demuxer="dhav")
YUV4MPEG: Final = Container(name="YUV4MPEG film", media_type="video/x-yuv4mpeg", demuxer="yuv4mpegpipe")
NUT: Final = Container(name="NUT file", media_type="video/x-nut", demuxer="nut")
FLIC: Final = Container(name="FLIC animation", media_type="video/x-flic", demuxer="flic")
FLASH: Final = Container(name="Flash program", media_type="application/vnd.adobe.flash.movie", demuxer="swf")
NSV: Final = Container(name="Nullsoft stream", media_type="video/x-nsv", demuxer="nsv")

CONTAINERS: Final = (
    MP4, QUICKTIME, THREE_GP, THREE_G2, M4V, MATROSKA, WEBM, AVI, MPEG_TS, MPEG_PS, MPEG_ES, FLV, ASF, OGG, VIDEO_CD,
    MPEG4_ES, H264, H265, AV1, IVF, MXF, DV, REAL, REAL_RECORDING, WTV, DAHUA, YUV4MPEG, NUT, FLIC, NSV, FLASH,
)  # fmt: skip
WITHOUT_STAMPS: Final = frozenset(
    {MPEG_ES, MPEG4_ES, H264, H265, AV1, AVI, YUV4MPEG, VIDEO_CD, MPEG_PS, REAL_RECORDING}
)
"""Containers that need not state the time of each frame."""

DECODERS: Final = (
    # What phones, cameras and the web have written in the last twenty years.
    "h264", "hevc", "libdav1d", "vp8", "vp9", "libvpx", "libvpx-vp9", "mpeg4", "mpeg1video", "mpeg2video", "theora",
    "h263", "h263p", "h263i", "h261", "flv", "vp6", "vp6a", "vp6f", "mjpeg", "mjpegb", "dvvideo",
    "msmpeg4v1", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "wmv3", "vc1",
    # What older files and editing programs have.
    "svq1", "svq3", "cinepak", "indeo3", "indeo4", "indeo5", "msvideo1", "qtrle", "rpza", "huffyuv", "ffvhuff", "ffv1",
    "prores", "dnxhd", "rawvideo", "png", "utvideo",
    # Cameras and players of their own: Sunplus, MP4 players, Mobotix, GoPro, Apple's editors, messengers' webcams.
    "sp5x", "amv", "mxpeg", "cfhd", "aic", "mimic",
    # Films of the web before 2010, and recordings of screens.
    "rv10", "rv20", "rv30", "rv40", "vp3", "vp5", "flashsv", "flashsv2", "mss1", "mss2", "camtasia", "tscc2", "zmbv",
    "msrle", "smc", "8bps", "flic", "wmv3image", "vc1image",
    # Pictures that a camera or an editor puts one behind another.
    "jpeg2000", "gif", "bmp", "tiff", "targa", "webp", "dirac", "lagarith", "magicyuv", "fraps", "v210", "v410", "r210",
)  # fmt: skip
"""FFmpeg's names of the decoders that may be started: those for films from common devices and programs. Decoders for
games, research and rare files are left out, because a hostile file can attack each of them."""

_PICTURE_BRANDS: Final = frozenset({
    b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif", b"mif2",
})  # fmt: skip
"""Major brands of ISO media files that are pictures (`sniff`)."""
_FIRST_BOXES: Final = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes with which a QuickTime file from before `ftyp` begins (QuickTime File Format, 2001)."""
_SEGMENT_BOXES: Final = frozenset({b"styp", b"moof", b"sidx"})
"""First boxes of a segment of an MP4 (ISO/IEC 14496-12)."""
_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_WTV_HEADER: Final = bytes.fromhex("b7d800203749da11a64e0007e95ead8d")
_MXF_HEADER: Final = bytes.fromhex("060e2b34020501010d0102010102")
"""The key of a header partition (SMPTE ST 377-1), which may stand behind a run-in."""
_SIGNATURES: Final = (
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"\x00\x00\x01\xb3", MPEG_ES),
    (b"FLV\x01", FLV),
    (_ASF_HEADER, ASF),
    (b"OggS", OGG),
    (b"DKIF", IVF),
    (b".RMF", REAL),
    (b".R1M", REAL_RECORDING),
    (_WTV_HEADER, WTV),
    (b"DHAV", DAHUA),
    (b"DAHUA", DAHUA),
    (b"YUV4MPEG2 ", YUV4MPEG),
    (b"nut/multimedia container\x00", NUT),
    (b"NSVf", NSV),
    (b"NSVs", NSV),
    (b"\x1fC\xb6u", MATROSKA),  # a cluster, without the beginning of its file
    (b"\x12\x00\x0a", AV1),
)
_LEAD_BYTES: Final = 1024
"""The most bytes before a film: what gateways and faulty programs add."""
_DV_FRAME: Final = rb"\x1f\x07\x00.{77}\x3f\x07\x00"
"""A header, and a subcode 80 bytes after it (IEC 61834-2)."""
_BEHIND_A_LEAD: Final = re.compile(
    b"|".join((
        rb"RIFF....AVI LIST", rb"\x00\x00..ftyp[ -~]{4}", rb"\x1aE\xdf\xa3.{1,40}(?:matroska|webm)",
        rb"FLV\x01[\x01\x04\x05]\x00\x00\x00\x09", re.escape(_ASF_HEADER), rb"OggS\x00\x02.{8}", _DV_FRAME,
        rb"DKIF\x00\x00\x20\x00", rb"\.RMF\x00\x00\x00",
    )),
    re.DOTALL,
)  # fmt: skip
"""The first bytes of films, in forms that do not occur by chance."""
_DV_SEARCHED: Final = 1 << 18
"""Bytes in which the next frame of a DV film begins: a frame has 120,000 or 144,000."""
_RAW: Final = {"h264": H264, "h265": H265, "mpeg4": MPEG4_ES, "mpeg2": MPEG_ES, "ps": MPEG_PS}
_RIFF: Final = {b"AVI ": AVI, b"AMV ": AVI, b"CDXA": VIDEO_CD}
_LAST_FLASH: Final = 50
_FLASH_HEADER: Final = 8
_FLIC: Final = (b"\x11\xaf", b"\x12\xaf", b"\x44\xaf")
"""At offset 4, after the size. The mark of the first frame is at offset 132 (Autodesk)."""


def container_of(head: bytes) -> Container | None:
    """Returns the container of a file by its first `HEAD` bytes, or None if Vigil does not read it. A transport stream
    may begin within a packet.
    """
    head = head[:HEAD]
    for signature, known in _SIGNATURES:
        if head.startswith(signature):
            return known
    if head.startswith(b"\x1aE\xdf\xa3"):
        return WEBM if b"webm" in head[:64] else MATROSKA
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12])
    return _boxed(head) or _by_structure(head)


def container_behind(region: Region) -> tuple[Container, int] | None:
    """Finds a film after a few other bytes, or coded pictures in the first MiB of an unknown content: a stream without
    its beginning, or a film after bytes that do not belong to it. Returns the container and the offset, or None.
    """
    head = region.head(HEAD)
    for lead in _BEHIND_A_LEAD.finditer(head[: _LEAD_BYTES + 80]):
        known = container_of(head[lead.start() :])
        if known is not None and 0 < lead.start() <= _LEAD_BYTES:
            return known, lead.start()
    found = found_behind(region)
    if found is not None:
        return _RAW[found[0]], found[1]
    frame = re.search(_DV_FRAME, region.head(_DV_SEARCHED), re.DOTALL)
    return None if frame is None else (DV, frame.start())


def _boxed(head: bytes) -> Container | None:
    """Recognises an ISO media file by its first box."""
    if head[4:8] == b"ftyp":
        return _branded(head[8:12])
    if head[4:8] in _SEGMENT_BOXES:
        return MP4
    return QUICKTIME if head[4:8] in _FIRST_BOXES else None


def _by_structure(head: bytes) -> Container | None:
    """Recognises formats without a signature."""
    if _MXF_HEADER in head:
        return MXF
    if head.startswith(b"\x1f\x07\x00") and head[80:83] == b"\x3f\x07\x00":  # IEC 61834-2: header, then subcode
        return DV
    if head[4:6] in _FLIC and head[132:134] == b"\xfa\xf1":
        return FLIC
    if is_transport_stream(head):
        return MPEG_TS
    # Version and length (SWF File Format Specification 19, "The SWF header"): three letters alone begin many a text.
    if head[:3] in (b"FWS", b"CWS") and len(head) > _FLASH_HEADER and 0 < head[3] <= _LAST_FLASH and head[7] < 0x20:  # noqa: PLR2004
        return FLASH
    return _RAW.get(raw_coding(head))


def _branded(major: bytes) -> Container | None:
    """Recognises an ISO media file by its major brand (ISO/IEC 14496-12). Returns None for a picture."""
    if major in _PICTURE_BRANDS:
        return None
    if major == b"qt  ":
        return QUICKTIME
    if major.startswith(b"3g2"):
        return THREE_G2
    if major.startswith(b"3gp"):
        return THREE_GP
    return M4V if major.startswith(b"M4V") else MP4
