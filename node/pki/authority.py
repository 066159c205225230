"""The offline authority: a folder, for example on a removable disk, that decides who is a member.

Rules this module upholds:

- Its keys are never stored with the hub's keys.
- It needs no network and no database: it reads a signing request and writes a bundle (`node.pki.courier`).
- Nothing is admitted by default. The person who compared the fingerprints names the hub and each member.
- Files are written before the metadata that names them, and the newest targets last. After a crash the former state
  is complete.
- Each key is one wrapped file, so the keys of a threshold can be on separate disks (`node.pki.keyfiles`).
- The former root keys and the new ones both sign a change of keys, so every node accepts it. After a crash either the
  former keys or the new ones are valid, and the same command continues.
- It refuses a clock that is behind its last signature, because metadata signed with it could already be expired.
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
"""Seconds. If the root expires sooner than this, a signature also extends it."""
AS_OF_NOW: Final = FormerWord()
"""A replaced hub alone held its keys until now."""
CLOCK_SLACK: Final = 3_600
"""Seconds that the authority's clock may be behind its last signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A judged signing request: its hub and its petitions.

    `log_sizes`: for members that change their log key, the size at which the former log ends.
    """

    hub: HubFinding
    findings: tuple[Finding, ...]
    log_sizes: Mapping[MemberId, int] = field(default_factory=dict)

    @property
    def hub_changed(self) -> bool:
        """Whether a person must accept its hub: it is new, or its keys differ from the roster's."""
        return self.hub.verdict is not HubVerdict.UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class RootDigits:
    """The data of a root that people compare by voice: its version, and the SHA-256 of its file."""

    version: int
    sha256: bytes


class Authority:
    """An open authority folder. One process at a time; synchronous."""

    def __init__(self, folder: Path, passphrase: Passphrase, key_folders: Sequence[Path] = ()) -> None:
        """Opens it, checks its signed files. `key_folders`: more folders with keys. Raises `NotFound`, `Damaged`."""
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
        """A new authority: `keys` root keys and `keys` targets keys; `threshold` of each must sign. Raises `Misuse`."""
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
        """The first root.json, which a new hub needs. Two people compare its SHA-256 then."""
        return self._roots[0]

    @property
    def root_digits(self) -> RootDigits:
        """The digits of the root that introduced the present keys. Every ceremony compares them as ROOT."""
        version = metadata.anchor(self._roots)
        return RootDigits(version=version, sha256=hashlib.sha256(self._roots[version - 1]).digest())

    def public_keys(self, role: str) -> set[bytes]:
        """The present public keys (32 bytes each) of `role`."""
        root = self._newest_root()
        return {bytes.fromhex(root.keys[keyid].keyval["public"]) for keyid in root.roles[role].keyids}

    @property
    def hub_fingerprint(self) -> bytes:
        """The fingerprint of the hub that was signed last, as `HubClaims.fingerprint`; b"" before the first."""
        if self._membership is None:
            return b""
        hub = self._membership.hub
        return hub_fingerprint(self.federation, self._online(), hub)

    @property
    def signature(self) -> tuple[int, int]:
        """The present (keys, threshold) of the root role."""
        role = self._newest_root().roles[Root.type]
        return len(role.keyids), role.threshold

    @property
    def members(self) -> Mapping[MemberId, Member]:
        """The members in the last signature."""
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
        """Takes effect with the next signature. Raises `Misuse` for figures above the code's caps."""
        self._stick.write_policy(checked_policy(policy))
        self._policy = policy

    def bundle(self) -> bytes:
        """The last signed bundle again, for a hub that lost it. Raises `NotFound` if nothing was signed."""
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
        """Judges a request and changes nothing. Raises `PeerFault` or a subclass if the whole request is invalid."""
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
        """Carries out the parts of a request that the person approved, and returns the bundle for the hub.

        `admit_members`: members to admit, or whose change of keys their former key endorses. `replace_keys`: members
        whose keys the authority replaces. `accept_hub`: a person compared the hub's fingerprint. `former_hub`: facts
        about a replaced hub. Raises `Refused` if a person's approval is missing or a named petition is invalid,
        `Misuse` if keys are missing or the clock is behind.
        """
        opened = self._open(request)
        judged = self._review(opened)
        if judged.hub_changed and not accept_hub:
            raise Refused(
                f"the request comes from a hub that is not in the roster: {spoken(judged.hub.fingerprint)}",
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
                    f"{finding.member} has no endorsement of its former key for its new keys",
                    remedy="compare fingerprints with the member by voice, then allow the replacement by name",
                )
            members = admit(members, finding, log_size=opened.log_sizes.get(finding.member))
        hub = succeed(self._membership.hub if self._membership else None, opened, judged.hub, former_hub, now=now)
        membership = Membership(federation=self.federation, hub=hub, members=members)
        return self._publish(membership, opened.hub.online, now=now)

    def extend(self, *, now: float) -> bytes:
        """The same membership and the present policy, with new dates. Raises `NotFound` before the first signature."""
        if self._membership is None:
            raise NotFound(
                "this authority has signed no list of members yet", remedy="sign first: vigil authority sign"
            )
        return self._publish(self._membership, self._online(), now=now)

    def release(self, member: MemberId, *, now: float) -> bytes:
        """A bundle in which `member` has left. Raises `Refused` if it is not a member."""
        if self._membership is None:
            raise NotFound(
                "this authority has signed no list of members yet", remedy="sign first: vigil authority sign"
            )
        members = release(self._membership.members, member)
        membership = Membership(federation=self.federation, hub=self._membership.hub, members=members)
        return self._publish(membership, self._online(), now=now)

    def rotate(self, *, now: float, keys: int, threshold: int) -> bytes:
        """Makes new root and targets keys, and the bundle in which the former root keys hand over to them.

        Needs a threshold of the former root keys, and no former targets key. Writes the new files to the folder's own
        `keys`. If a change was interrupted after its root was signed, this completes that change and ignores the
        arguments. Raises `Misuse`, or `NotFound` before the first list of members.
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
        # The new keys are valid now. A crash here leaves a list of members signed by the former keys: `interrupted`.
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
        """Each step is durable before the next. A crash before the last leaves files that no metadata names."""
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
        """The next root, if the hub's online key changed or the root expires soon."""
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
            raise Misuse("this machine's clock is behind its last signature", remedy="set the clock and sign again")
