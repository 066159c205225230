"""The generated code is what proto/ says, and the contract keeps what PROTOCOL.md promises of it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from node.domain import (
    address_listings,
    consultations,
    envelope,
    fingerprint_kinds,
    groups,
    notices,
    queries,
    record_links,
    statements,
    watches,
)
from node.wire import status
from node.wire.pb import federation_pb2, record_pb2
from tests.conftest import absent

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileDescriptorSet:
    """What protoc makes of proto/ today."""
    try:
        import grpc_tools  # noqa: F401
    except ImportError:
        absent("grpcio-tools compiles the contract")
    out = tmp_path_factory.mktemp("protos") / "set"
    names = ("node/wire/pb/record.proto", "node/wire/pb/federation.proto")
    command = (sys.executable, "-m", "grpc_tools.protoc", "-Inode/wire/pb=proto", f"--descriptor_set_out={out}", *names)
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return FileDescriptorSet.FromString(out.read_bytes())


@pytest.mark.parametrize("module", [record_pb2, federation_pb2], ids=["record", "federation"])
def test_the_generated_code_is_what_proto_says(module: object, compiled: FileDescriptorSet) -> None:
    descriptor = module.DESCRIPTOR  # type: ignore[attr-defined]
    (source,) = (file for file in compiled.file if file.name == descriptor.name)
    generated = type(source)()
    descriptor.CopyToProto(generated)
    for file in (source, generated):
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")
    assert generated == source


def test_what_is_signed_travels_as_bytes() -> None:
    """The transport's contract knows no message of what is signed, so nothing on the way can re-serialise it."""
    assert list(federation_pb2.DESCRIPTOR.dependencies) == []
    opaque = {
        "Package": {"entries", "bodies", "handlings", "checkpoint"},
        "SignedQuery": {"header", "payload", "signature"},
        "SignedAnswer": {"answer", "signature"},
        "Head": {"cosigned"},
    }
    for name, fields in opaque.items():
        message = federation_pb2.DESCRIPTOR.message_types_by_name[name]
        for field in fields:
            assert message.fields_by_name[field].type == FieldDescriptor.TYPE_BYTES


def test_the_contract_s_numbers_are_the_domain_s() -> None:
    """Numbers that are signed: a change of either side breaks every signature made before."""
    pairs = (
        (record_pb2.Tri, "TRI_", statements.Tri),
        (record_pb2.RetractionReason, "RETRACTION_REASON_", statements.Reason),
        (record_pb2.Verdict, "VERDICT_", statements.Verdict),
        (record_pb2.MatchRule, "MATCH_RULE_", queries.MatchRule),
        (record_pb2.Level, "LEVEL_", queries.Level),
        (record_pb2.Relation, "RELATION_", record_links.Relation),
        (record_pb2.Certainty, "CERTAINTY_", record_links.Certainty),
        (record_pb2.ConsultationStep, "CONSULTATION_STEP_", consultations.ConsultationStep),
        (record_pb2.WatchState, "WATCH_STATE_", watches.WatchState),
        (record_pb2.NoticeColour, "NOTICE_COLOUR_", notices.NoticeColour),
        (record_pb2.NoticeStep, "NOTICE_STEP_", notices.NoticeStep),
        (record_pb2.Granularity, "GRANULARITY_", address_listings.Granularity),
        (record_pb2.GroupStep, "GROUP_STEP_", groups.GroupStep),
    )
    for generated, prefix, domain in pairs:
        named = {name.removeprefix(prefix): value for name, value in generated.items()}
        named.pop("UNSPECIFIED", None)
        assert named == {member.name: member.value for member in domain}
    assert {kind.name: kind.code for kind in fingerprint_kinds.KINDS} == {
        "md5": 1, "sha1": 2, "sha256": 3, "pdq": 4, "phash": 5, "photodna": 6, "vpdq-frame": 7,
    }  # fmt: skip
    assert {kind.name: kind.value for kind in envelope.Kind if kind < 128} == {
        "CONTRIBUTION": 1, "CORRECTION": 2, "RETRACTION": 3, "OPINION": 4, "COMMENT": 5, "WATCH": 6, "CONSULTATION": 7,
        "NOTICE": 8, "ADDRESS_LISTING": 9, "GROUP": 10, "LINK": 11, "WATCH_REPLY": 12, "REVISION": 13,
        "NOTICE_DECISION": 14,
    }  # fmt: skip


def test_the_relay_has_no_word_for_what_only_a_member_can_sign() -> None:
    assert set(federation_pb2.Observed.keys()) == {
        "OBSERVED_UNSPECIFIED", "OBSERVED_OFFLINE", "OBSERVED_TIMEOUT", "OBSERVED_NOT_ASKED",
    }  # fmt: skip


def test_protocol_md_has_the_table_of_errors() -> None:
    """Which kind has which status is said there in words and in node/wire/status.py in code: the same."""
    text = (ROOT / "proto" / "PROTOCOL.md").read_text(encoding="utf-8")
    section = text.partition("## 10. Errors")[2].partition("## 11.")[0]
    told = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 5 and cells[1].startswith("`"):
            told.update(dict.fromkeys(re.findall(r"`([a-z-]+)`", cells[1]), cells[2]))
    assert told == {kind: row.code.name for kind, row in status.TABLE.items() if row.crosses}
    own = set(re.findall(r"`([a-z-]+)`", section[section.index("`internal`") :]))
    assert {kind for kind, row in status.TABLE.items() if not row.crosses} <= own
