"""The offline authority: a folder, or a stick, that says who is a member. Its keys never lie with the hub's.

Rules this module upholds:

- It needs no network and no database: a signing request goes in, a bundle comes out (`node.pki.courier`).
- Nothing is admitted by default. The hub's identity and each member are named by the person who compared fingerprints.
- Files are written before the metadata that names them, the newest targets last: a crash leaves the former state whole.
- Keys are one wrapped file each, so that a threshold of them can lie on as many sticks (`node.pki.keyfiles`).
- A change of its keys is signed by the former root keys and the new ones, so that every node follows. A crash in it
  leaves the former keys in force, or the new ones: the same command goes on where it was.
- A clock that runs behind what was signed last is refused: it would sign metadata that is born expired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from securesystemslib.signer import SSlibKey
from tuf.api.metadata import Root, Targets

from node.domain.ids import FederationId, MemberId, spoken
from node.domain.roster import Member, Policy
from node.errors import Misuse, NotFound, Refused
from node.pki import metadata
from node.pki.admission import Finding, Verdict, admit, release, review
from node.pki.courier import Bundle, SigningRequest, decode_request, encode_bundle, hub_fingerprint
from node.pki.documents import (
    POLICY_FILE,
    ROSTER_FILE,
    Membership,
    checked_policy,
    decode_membership,
    encode_membership,
    encode_policy,
)
from node.pki.keyfiles import ROLES, KeyFiles, check_numbers, give_keys
from node.pki.stick import Stick
from node.pki.strictjson import MAX_DOCUMENT
from node.pki.succession import FormerWord, HubFinding, HubVerdict, judge_hub, succeed
from node.pki.wrapping import Passphrase

ROOT_RENEWAL: Final = metadata.ROOT_LIFE // 2
"""Seconds left of the root under which a signature also extends it."""
AS_OF_NOW: Final = FormerWord()
"""A hub that is replaced was its own until this very moment."""
CLOCK_SLACK: Final = 3_600
"""Seconds that the authority's clock may run behind its last signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A signing request judged: its hub, and its petitions.

    `log_sizes`: where the former logs of members end that change their log key.
    """

    hub: HubFinding
    findings: tuple[Finding, ...]
    log_sizes: Mapping[MemberId, int] = field(default_factory=dict)

    @property
    def hub_changed(self) -> bool:
        """Whether its hub is new, or has other keys than the roster's, and must be accepted."""
        return self.hub.verdict is not HubVerdict.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class RootDigits:
    """What is compared by voice of a root: its version, and the SHA-256 of its file."""

    version: int
    sha256: bytes


class Authority:
    """An opened authority folder. One process at a time; synchronous."""

    def __init__(self, folder: Path, passphrase: Passphrase, key_folders: Sequence[Path] = ()) -> None:
        """Opens it and checks what it signed. `key_folders`: where more key files are. Raises `NotFound`, `Damaged`."""
        self._stick = Stick(folder)
        held = self._stick.load()
        self.federation = held.federation
        self._keys = KeyFiles(held.federation, (folder / "keys", *key_folders), passphrase)
        self._policy, self._roots = held.policy, list(held.roots)
        self._targets, self._membership = held.targets, held.membership
        self._interrupted = held.interrupted

    @classmethod
    def create(
        cls,
        folder: Path,
        federation: FederationId,
        passphrase: Passphrase,
        *,
        now: float,
        policy: Policy | None = None,
        keys: int = 1,
        threshold: int = 1,
    ) -> Authority:
        """A new authority: `keys` root and `keys` targets keys, of which `threshold` sign. Raises `Misuse`."""
        check_numbers(keys, threshold)
        stick = Stick.prepare(folder)
        files = KeyFiles(federation, (folder / "keys",), passphrase)
        root = Root(expires=metadata.utc(now + metadata.ROOT_LIFE), consistent_snapshot=True)
        signers = {role: files.make(role, range(1, keys + 1)) for role in ROLES}
        give_keys(root, signers, threshold)
        stick.found(federation, checked_policy(policy or Policy()), metadata.sign(root, signers[Root.type]))
        return cls(folder, passphrase)

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def root(self) -> bytes:
        """The first root.json, which a hub is made with; its SHA-256 is what two people compare then."""
        return self._roots[0]

    @property
    def root_digits(self) -> RootDigits:
        """Of the root that brought in the present keys: what every ceremony compares as ROOT."""
        version = metadata.anchor(self._roots)
        return RootDigits(version=version, sha256=hashlib.sha256(self._roots[version - 1]).digest())

    def public_keys(self, role: str) -> set[bytes]:
        """The public keys (32 bytes each) of `role` as they stand."""
        root = self._newest_root()
        return {bytes.fromhex(root.keys[keyid].keyval["public"]) for keyid in root.roles[role].keyids}

    @property
    def hub_fingerprint(self) -> bytes:
        """Of the hub that was signed in last, as `HubClaims.fingerprint`; b"" before the first."""
        if self._membership is None:
            return b""
        hub = self._membership.hub
        return hub_fingerprint(self.federation, self._online(), hub.cosigner_vkey, hub.ca_sha256)

    @property
    def signature(self) -> tuple[int, int]:
        """(keys, threshold) of the root role as it stands."""
        role = self._newest_root().roles[Root.type]
        return len(role.keyids), role.threshold

    @property
    def members(self) -> Mapping[MemberId, Member]:
        """The members as signed last."""
        return self._membership.members if self._membership else {}

    @property
    def policy(self) -> Policy:
        """The policy that the next signature publishes."""
        return self._policy

    @property
    def signed_policy(self) -> Policy | None:
        """The policy that the last signature published; None before the first. Raises `Damaged`."""
        return None if self._targets is None else self._stick.signed_policy(self._targets)

    def set_policy(self, policy: Policy) -> None:
        """Takes effect with the next signature. Raises `Misuse` for figures past the code's caps."""
        self._stick.write_policy(checked_policy(policy))
        self._policy = policy

    def bundle(self) -> bytes:
        """What was signed last, once more: for a hub that lost it. Raises `NotFound` where nothing was."""
        if self._targets is None:
            raise NotFound(
                "this authority has signed no list of members yet", remedy="sign first: vigil authority sign"
            )
        if self._interrupted:
            raise Misuse(
                "a change of this authority's keys was interrupted",
                remedy="run vigil authority rotate again: it continues where it stopped",
            )
        targets = metadata.parse(self._targets, Targets, "the membership").signed
        files = {f"{number}.root.json": data for number, data in enumerate(self._roots, start=1)}
        files[f"{targets.version}.targets.json"] = self._targets
        for name in (ROSTER_FILE, POLICY_FILE):
            stored = f"{targets.targets[name].hashes['sha256']}.{name}"
            files[stored] = self._stick.read(stored, MAX_DOCUMENT)
        return encode_bundle(Bundle(federation=self.federation, files=files))

    # --- what it decides ----------------------------------------------------------------------------------------------

    def review(self, request: bytes) -> Review:
        """Judges a request, and changes nothing. Raises `PeerFault` and its kin where none of it can be trusted."""
        return self._review(self._open(request))

    def sign(
        self,
        request: bytes,
        *,
        now: float,
        admit_members: Collection[MemberId] = (),
        replace_keys: Collection[MemberId] = (),
        accept_hub: bool = False,
        former_hub: FormerWord = AS_OF_NOW,
    ) -> bytes:
        """Carries out a request as far as the person said, and returns the bundle for the hub.

        `admit_members`: those to admit, or to let change keys on their former key's word. `replace_keys`: those whose
        keys change on the authority's word. `accept_hub`: the hub's fingerprint was compared. `former_hub`: what is
        known of the hub that is replaced. Raises `Refused` where a person's word is missing or a petition named is no
        good, `Misuse` where keys are missing or the clock is behind.
        """
        opened = self._open(request)
        judged = self._review(opened)
        if judged.hub_changed and not accept_hub:
            raise Refused(
                f"the request comes from a hub that the roster does not have: {spoken(judged.hub.fingerprint)}",
                remedy="compare these digits with the hub's operator by voice, then accept the hub",
            )
        wanted = {*admit_members, *replace_keys}
        if missing := wanted - {finding.member for finding in judged.findings}:
            raise Refused(f"no petition of {', '.join(sorted(missing))} is in this request")
        members = dict(self.members)
        for finding in judged.findings:
            if finding.member not in wanted:
                continue
            if finding.verdict is Verdict.REPLACE and finding.member not in replace_keys:
                raise Refused(
                    f"{finding.member} would have its keys replaced without its former key's word",
                    remedy="compare fingerprints with the member by voice, then allow the replacement by name",
                )
            members = admit(members, finding, log_size=opened.log_sizes.get(finding.member))
        hub = succeed(self._membership.hub if self._membership else None, opened, judged.hub, former_hub, now=now)
        membership = Membership(federation=self.federation, hub=hub, members=members)
        return self._publish(membership, opened.hub.online, now=now)

    def extend(self, *, now: float) -> bytes:
        """The same membership and the policy as it stands now, with fresh dates. Raises `NotFound` before the first."""
        if self._membership is None:
            raise NotFound(
                "this authority has signed no list of members yet", remedy="sign first: vigil authority sign"
            )
        return self._publish(self._membership, self._online(), now=now)

    def release(self, member: MemberId, *, now: float) -> bytes:
        """A bundle in which `member` has left. Raises `Refused` where it is none."""
        if self._membership is None:
            raise NotFound(
                "this authority has signed no list of members yet", remedy="sign first: vigil authority sign"
            )
        members = release(self._membership.members, member)
        membership = Membership(federation=self.federation, hub=self._membership.hub, members=members)
        return self._publish(membership, self._online(), now=now)

    def rotate(self, *, now: float, keys: int, threshold: int) -> bytes:
        """New root and targets keys, and the bundle in which the former root keys hand over to them.

        A threshold of the former root keys has to be at hand; of the former targets keys none. The new files stand in
        the folder's own `keys`. Where a change was interrupted after its root was signed, it is brought to its end, and
        the numbers given are not looked at. Raises `Misuse`, `NotFound` before the first list of members.
        """
        membership, online = self._membership, self._online() if self._membership else b""
        if membership is None:
            raise NotFound(
                "this authority has signed no list of members yet",
                remedy="no member depends on its keys yet: make a new authority in another folder",
            )
        if self._interrupted:
            return self._publish(membership, online, now=now)
        check_numbers(keys, threshold)
        self._check_clock(now)
        root = self._newest_root()
        former = self._keys.signers(Root.type, root.roles[Root.type])
        fresh = {role: self._keys.make(role, self._unused_numbers(role, keys)) for role in ROLES}
        give_keys(root, fresh, threshold)
        root.version += 1
        root.expires = metadata.utc(now + metadata.ROOT_LIFE)
        signed = metadata.sign(root, [*former, *fresh[Root.type]])
        self._stick.write(f"{root.version}.root.json", signed)
        # Handed over. A crash right here leaves a list of members by the former keys: `interrupted`.
        self._roots.append(signed)
        return self._publish(membership, online, now=now)

    def _unused_numbers(self, role: str, keys: int) -> range:
        roots = [metadata.parse(data, Root, "the authority's root").signed for data in self._roots]
        used = len({keyid for root in roots for keyid in root.roles[role].keyids})
        return range(used + 1, used + 1 + keys)

    def _open(self, request: bytes) -> SigningRequest:
        opened = decode_request(request)
        if opened.federation != self.federation:
            raise Refused(f"the request is of {opened.federation}, and this authority is of {self.federation}")
        return opened

    def _review(self, opened: SigningRequest) -> Review:
        known = self._membership.hub if self._membership else None
        return Review(
            hub=judge_hub(known, self._online() if known else b"", opened, self.federation),
            findings=tuple(review(self._membership, opened.petitions, self.federation)),
            log_sizes=opened.log_sizes,
        )

    # --- signing ------------------------------------------------------------------------------------------------------

    def _publish(self, membership: Membership, online: bytes, *, now: float) -> bytes:
        """Each step durable before the next. A crash before the last leaves files that nothing names."""
        self._check_clock(now)
        documents = {ROSTER_FILE: encode_membership(membership), POLICY_FILE: encode_policy(self._policy)}
        if decode_membership(documents[ROSTER_FILE]) != membership:
            raise Misuse("a membership that could not be read back")
        key = metadata.tuf_key(online)
        root = self._next_root(key, now=now)
        targets = Targets(
            version=1
            + (metadata.parse(self._targets, Targets, "the membership").signed.version if self._targets else 0),
            expires=metadata.utc(now + metadata.TARGETS_LIFE),
            targets={name: metadata.target_file(name, data) for name, data in documents.items()},
            delegations=metadata.delegate_suspensions(key),
        )
        signed = metadata.sign(targets, self._signers(Targets.type))
        for name, data in documents.items():
            self._stick.write(metadata.stored_name(name, data), data)
        if root is not None:
            self._stick.write(f"{len(self._roots) + 1}.root.json", root)
            self._roots.append(root)
        self._stick.write(f"{targets.version}.targets.json", signed)
        self._targets, self._membership, self._interrupted = signed, membership, False
        return self.bundle()

    def _next_root(self, online: SSlibKey, *, now: float) -> bytes | None:
        """The next root, where the hub's online key or the root's date asks for one."""
        root = self._newest_root()
        known = all(root.roles[role].keyids == [online.keyid] for role in metadata.ONLINE_ROLES)
        if known and metadata.expires(root) - now > ROOT_RENEWAL:
            return None
        for role in metadata.ONLINE_ROLES:
            for former in list(root.roles[role].keyids):
                root.revoke_key(former, role)
            root.add_key(online, role)
        root.version += 1
        root.expires = metadata.utc(now + metadata.ROOT_LIFE)
        return metadata.sign(root, self._signers(Root.type))

    def _signers(self, role: str) -> list[metadata.RoleSigner]:
        return self._keys.signers(role, self._newest_root().roles[role])

    def _newest_root(self) -> Root:
        return metadata.parse(self._roots[-1], Root, "the authority's root").signed

    def _online(self) -> bytes:
        root = self._newest_root()
        keyid = root.roles[metadata.ONLINE_ROLES[0]].keyids[0]
        return bytes.fromhex(root.keys[keyid].keyval["public"])

    def _check_clock(self, now: float) -> None:
        if self._targets is None:
            return
        signed_at = metadata.expires(metadata.parse(self._targets, Targets, "the membership").signed)
        if now < signed_at - metadata.TARGETS_LIFE - CLOCK_SLACK:
            raise Misuse("this machine's clock is behind what it signed last", remedy="set the clock and sign again")
