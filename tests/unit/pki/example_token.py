"""What the tests of `test_token` share with others."""

from __future__ import annotations

from node.domain.token import Token, format_token
from tests.unit.pki.federation import FEDERATION, FR

TOKEN = Token(
    federation=FEDERATION,
    member=FR,
    hub="hub.example.org:7443",
    enrolment="[2001:db8::1]:7444",
    ca_sha256=bytes(range(32)),
    root_version=2,
    root_sha256=bytes(range(32, 64)),
    secret=bytes(range(64, 96)),
    expires=1_800_000_000,
)


TEXT = format_token(TOKEN)
