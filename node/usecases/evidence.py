"""Evidence: one file that proves what a member said, and when at the latest. Verifying needs only a roster.

Rules this module upholds:

- Everything is recomputed from the file's own bytes: leaf, root, commitment. Every byte in the file is checked: no
  further signature, and no byte before, between or after the parts, is accepted.
- Handling is left out: who may read a record is known only to its readers.
- It is valid for one size of the log. It cannot say whether the record was corrected or retracted later.
"""

from __future__ import annotations

from dataclasses import dataclass

from node.domain.batch import BodyState
from node.domain.envelope import check_days, commit, decode
from node.domain.ids import Origin, RecordId
from node.domain.ports import Codec
from node.domain.roster import FormerHubKey, Roster
from node.domain.statements import Body
from node.domain.stores import LogStore
from node.errors import BadProof, BadSignature, Malformed, NotFound, Refused
from node.tlog import note as notes
from node.tlog import proof as proofs
from node.tlog import tiles
from node.tlog.checkpoint import parse_text
from node.tlog.merkle import leaf_hash, verify_inclusion
from node.usecases.checkpoint_trust import LogTiles, log_keys, verify_hub, verify_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a verified file proves.

    The member of `record.origin` signed this `body` as an entry of `kind`, dated `issued_day` (days since 1970, stated
    by the member). It was at `index` when the log had `size` entries, which the hub saw no later than `cosigned_at`
    (Unix seconds). `expiry_day` 0: none. `former_hub_key`: set if the hub has since replaced the key that it cosigned
    with.
    """

    record: RecordId
    index: int
    size: int
    cosigned_at: int
    kind: int
    issued_day: int
    expiry_day: int
    target: RecordId | None
    body: Body
    former_hub_key: FormerHubKey | None = None


def build_evidence(store: LogStore, record: RecordId) -> bytes:
    """The evidence file of a stored and published record. Raises `NotFound`, `Refused`."""
    with store.read() as reader:
        log = reader.log(record.origin)
        index = reader.find(record.origin, [record.leaf]).get(record.leaf)
        if log is None or index is None:
            raise NotFound("this node has no such record")
        run = reader.run(record.origin, index, index + 1, 0)
        if run.states[0] != BodyState.HELD:
            raise Refused(
                "this node does not hold the body of this record: it was retracted, has expired, or is not "
                "addressed to us"
            )
        if index >= log.cosigned_size:
            raise Refused(
                "this record is not published yet", remedy="wait until the hub has cosigned it, and ask again"
            )
        hashes = tiles.inclusion_proof(LogTiles(reader, log.number), index, log.cosigned_size)
        return proofs.format(
            proofs.ProofFile(
                index=index,
                extra=proofs.encode_extra(run.entries[0], run.nonces[0], run.bodies[0]),
                hashes=hashes,
                checkpoint=log.cosigned,
            )
        )


def verify_evidence(data: bytes, roster: Roster, codec: Codec) -> Proven:
    """Checks an evidence file against a roster, offline.

    1. It is a proof file in its one valid form. 2. Its checkpoint carries exactly two signatures: by a key that the
    roster lets vouch for this log at this size, 3. and by the hub, with its present key or with a former one that the
    roster lets vouch for this size at this time. 4. The entry's own hash is in that tree at the stated index. 5. Nonce
    and body open the entry's commitment. 6. The body can be read.

    Raises `PeerFault` for everything else. The caller must check whether the roster is current, and whether the record
    still stands today.
    """
    # 1. The file.
    file = proofs.parse(data)
    extra = proofs.decode_extra(file.extra)
    # 2. and 3. The signers.
    note = notes.parse(file.checkpoint)
    origin = Origin.parse(parse_text(note.text).origin)
    checkpoint, _ = verify_note(roster, origin, file.checkpoint, cosigned=False)
    hub = verify_hub(roster, origin, checkpoint.size, note)
    own = {(key.name, key.key_id) for key in log_keys(roster, origin, checkpoint.size)}
    first, *others = [(each.name, each.key_id) for each in note.signatures]
    if first not in own or others != [(hub.key.name, hub.key.key_id)]:
        raise BadSignature("evidence carries the origin's signature and the hub's, in this order, and no other")
    # 4. Its place in the tree.
    leaf = leaf_hash(extra.entry)
    verify_inclusion(file.index, checkpoint.size, leaf, file.hashes, checkpoint.root)
    # 5. The hidden content.
    envelope = decode(extra.entry)
    if envelope is None:
        raise Malformed("an entry of a later version, which this program cannot judge")
    check_days(envelope)
    if commit(str(origin), envelope.kind, extra.nonce, extra.body) != envelope.commitment:
        raise BadProof("a body that does not open the commitment of its entry")
    # 6. The body.
    return Proven(
        record=RecordId(origin, leaf),
        index=file.index,
        size=checkpoint.size,
        cosigned_at=hub.time,
        kind=envelope.kind,
        issued_day=envelope.issued_day,
        expiry_day=envelope.expiry_day,
        target=envelope.target,
        body=codec.decode_body(envelope.kind, extra.body),
        former_hub_key=hub.former,
    )
