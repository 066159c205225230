"""What the tests of `test_fingerprint_json` share with others."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from node.domain.material import BACKGROUNDS, ComposedFingerprints, DigestFingerprints
from tests.unit.media.example_replies import PRINTS, VIDEOS


def hashes(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


NOTES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)


DIGESTS = st.builds(
    DigestFingerprints,
    media_type=st.sampled_from(["application/zip", "application/octet-stream", "image/x-sony-arw"]),
    size=st.integers(0, 2**53),
    md5=hashes(16),
    sha1=hashes(20),
    sha256=hashes(32),
    note=NOTES,
)


def looks(backgrounds: tuple[str, ...]) -> st.SearchStrategy[tuple[ComposedFingerprints, ...]]:
    return st.tuples(
        *(
            st.builds(
                ComposedFingerprints,
                background=st.just(background),
                pdq_quality=st.integers(0, 100),
                pdq_orientations=st.tuples(*[hashes(32)] * 8),
                phash=hashes(8),
            )
            for background in backgrounds
        )
    )


LOOKS = st.sampled_from([(), ("white",), ("black",), BACKGROUNDS]).flatmap(looks)


COMPOSED = st.builds(lambda prints, composed: replace(prints, composed=composed), PRINTS, LOOKS)


MATERIAL = DIGESTS | COMPOSED | VIDEOS
