"""The words that the lines of commands contain, such as states, outcomes, levels and roles, as texts for people.

Rules this module upholds:

- A word of the daemon is shown as it is where this table does not have it: it then is a name, or of a newer version.
- The kind of a word is the context of its translation: a case and a group are "open" in different words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from node.desk.marking import NP_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.desk.languages import Language

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "role": {
        "investigator": NP_("role", "investigator"),
        "media-reviewer": NP_("role", "media reviewer"),
        "releaser": NP_("role", "releaser"),
        "administrator": NP_("role", "administrator"),
        "auditor": NP_("role", "auditor"),
        "operator": NP_("role", "operator"),
    },
    "part": {
        "member": NP_("part", "file in a container"),
        "attachment": NP_("part", "attachment"),
        "picture": NP_("part", "embedded picture"),
        "page": NP_("part", "page"),
        "thumbnail": NP_("part", "thumbnail"),
        "preview": NP_("part", "preview"),
        "film": NP_("part", "film"),
        "stream": NP_("part", "stream"),
    },
    "notice-colour": {
        "yellow": NP_("notice-colour", "yellow notice"),
        "green": NP_("notice-colour", "green notice"),
    },
    "notice-state": {
        "queued": NP_("notice-state", "queued"),
        "waiting": NP_("notice-state", "waiting"),
        "published": NP_("notice-state", "published"),
        "amended": NP_("notice-state", "amended"),
        "refused": NP_("notice-state", "refused"),
        "withdrawn": NP_("notice-state", "withdrawn"),
        "retracted": NP_("notice-state", "retracted"),
        "expired": NP_("notice-state", "expired"),
    },
    "outcome": {
        "hit": NP_("outcome", "hit"),
        "no-hit": NP_("outcome", "no hit"),
        "held": NP_("outcome", "held for a decision"),
        "refused": NP_("outcome", "refused"),
        "error": NP_("outcome", "error"),
        "offline": NP_("outcome", "offline"),
        "timeout": NP_("outcome", "no answer in time"),
        "bad-signature": NP_("outcome", "bad signature"),
        "not-asked": NP_("outcome", "not asked"),
    },
    "question-part": {
        "not asked": NP_("question-part", "not asked"),
        "interrupted": NP_("question-part", "interrupted"),
        "closed": NP_("question-part", "closed"),
    },
    "purpose": {
        "victim-identification": NP_("purpose", "victim identification"),
        "investigation": NP_("purpose", "investigation"),
        "prosecution": NP_("purpose", "prosecution"),
        "training": NP_("purpose", "training"),
    },
    "handling-code": {
        "1": NP_("handling-code", "police use"),
        "2": NP_("handling-code", "ask the source before it is passed on"),
        "3": NP_("handling-code", "special restrictions"),
    },
    "match-rule": {
        "exact": NP_("match-rule", "exact"),
        "policy": NP_("match-rule", "as the policy says"),
    },
    "level": {
        "national": NP_("level", "national"),
        "hit-no-hit": NP_("level", "hit/no-hit only"),
        "shared": NP_("level", "shared"),
    },
    "watch-state": {
        "kept": NP_("watch-state", "kept"),
        "refused": NP_("watch-state", "refused"),
        "ended": NP_("watch-state", "ended"),
        "hit": NP_("watch-state", "hit"),
        "held": NP_("watch-state", "held for a decision"),
    },
    "watch-standing": {
        "waiting": NP_("watch-standing", "waiting"),
        "kept": NP_("watch-standing", "kept"),
        "refused": NP_("watch-standing", "refused"),
        "ended": NP_("watch-standing", "ended"),
    },
    "watch-told": {
        "nothing": NP_("watch-told", "nothing"),
        "hit": NP_("watch-told", "hit"),
        "waiting": NP_("watch-told", "waiting"),
        "withheld": NP_("watch-told", "withheld"),
    },
    "watch-asked": {
        "no-word": NP_("watch-asked", "no word yet"),
        "kept": NP_("watch-asked", "kept"),
        "held": NP_("watch-asked", "held for a decision"),
        "refused": NP_("watch-asked", "refused"),
        "ended": NP_("watch-asked", "ended"),
    },
    "key-purpose": {
        "log": NP_("key-purpose", "log"),
        "statement": NP_("key-purpose", "statements"),
        "witness": NP_("key-purpose", "witness"),
    },
    "key-status": {
        "active": NP_("key-status", "active"),
        "retired": NP_("key-status", "retired"),
        "revoked": NP_("key-status", "revoked"),
    },
    "member-status": {
        "active": NP_("member-status", "active"),
        "suspended": NP_("member-status", "suspended"),
        "left": NP_("member-status", "left"),
        "pending": NP_("member-status", "waits for the authority"),
        "no roster": NP_("member-status", "without a list of members"),
    },
    "address-force": {
        "unlisted": NP_("address-force", "not listed"),
        "too-few": NP_("address-force", "listed by too few members"),
        "under-review": NP_("address-force", "under review"),
        "in-force": NP_("address-force", "in force"),
    },
    "address-granularity": {
        "domain": NP_("address-granularity", "domain"),
        "host": NP_("address-granularity", "host"),
        "url": NP_("address-granularity", "URL"),
    },
    "group-state": {
        "open": NP_("group-state", "open"),
        "closed": NP_("group-state", "closed"),
        "expired": NP_("group-state", "expired"),
        "retracted": NP_("group-state", "retracted"),
        "hidden": NP_("group-state", "hidden"),
    },
    "group-standing": {
        "founder": NP_("group-standing", "founder"),
        "invited": NP_("group-standing", "invited"),
        "accepted": NP_("group-standing", "accepted"),
        "declined": NP_("group-standing", "declined"),
        "left": NP_("group-standing", "left"),
    },
    "review": {
        "new": NP_("review", "new"),
        "confirmed": NP_("review", "confirmed"),
        "rejected": NP_("review", "rejected"),
        "unsure": NP_("review", "unsure"),
    },
    "answer": {
        "unknown": NP_("answer", "unknown"),
        "yes": NP_("answer", "yes"),
        "no": NP_("answer", "no"),
    },
    "opinion": {
        "confirm": NP_("opinion", "confirms"),
        "dispute": NP_("opinion", "disputes"),
    },
    "retraction-reason": {
        "unstated": NP_("retraction-reason", "no reason given"),
        "mistake": NP_("retraction-reason", "mistake"),
        "not-illegal": NP_("retraction-reason", "not illegal"),
        "legal-order": NP_("retraction-reason", "order of a court"),
        "victim-request": NP_("retraction-reason", "request of the victim"),
        "duplicate": NP_("retraction-reason", "duplicate"),
        "expired": NP_("retraction-reason", "expired"),
    },
    "list-state": {
        "taking": NP_("list-state", "being taken in"),
        "whole": NP_("list-state", "complete"),
        "incomplete": NP_("list-state", "incomplete"),
        "going": NP_("list-state", "being removed"),
    },
    "list-row": {
        "new": NP_("list-row", "new"),
        "repeated": NP_("list-row", "repeated"),
        "conflicting": NP_("list-row", "conflicting"),
        "stale": NP_("list-row", "out of date"),
    },
    "row-sharing": {
        "new": NP_("row-sharing", "new"),
        "shared": NP_("row-sharing", "shared"),
        "retracted": NP_("row-sharing", "retracted"),
        "kept": NP_("row-sharing", "not shared"),
        "before": NP_("row-sharing", "shared before"),
        "repeated": NP_("row-sharing", "repeated"),
        "withdrawn": NP_("row-sharing", "withdrawn"),
        "nothing": NP_("row-sharing", "nothing to share"),
        "category": NP_("row-sharing", "category not allowed"),
        "restricted": NP_("row-sharing", "restricted"),
        "policy": NP_("row-sharing", "not allowed by the policy"),
    },
    "sharing": {
        "new": NP_("sharing", "new"),
        "shared": NP_("sharing", "shared"),
        "before": NP_("sharing", "shared before"),
        "differs": NP_("sharing", "shared with other terms"),
        "withdrawn": NP_("sharing", "withdrawn"),
        "nothing": NP_("sharing", "nothing to share"),
    },
    "contribution": {
        "would contribute": NP_("contribution", "is shared as a new record"),
        "contributed": NP_("contribution", "shared"),
        "contributed before": NP_("contribution", "was shared before"),
        "contributed before, and says otherwise": NP_("contribution", "was shared before, and says something else"),
        "retracted before: name it itself (--holding) to share it again": NP_(
            "contribution", "was retracted before: name the holding itself to share it again"
        ),
        "nothing that may be shared": NP_("contribution", "has nothing that may be shared"),
    },
    "record-field": {
        "category": NP_("record-field", "category"),
        "series": NP_("record-field", "series"),
        "victim_identified": NP_("record-field", "victim identified"),
        "offender_identified": NP_("record-field", "offender identified"),
        "tags": NP_("record-field", "tags"),
        "language": NP_("record-field", "language"),
        "group": NP_("record-field", "group"),
        "audience": NP_("record-field", "readers"),
        "purposes": NP_("record-field", "purposes"),
        "code": NP_("record-field", "handling"),
        "retain_until_day": NP_("record-field", "kept until"),
        "understood": NP_("record-field", "handling that this version does not understand"),
    },
    "group-sharing": {
        "planned": NP_("group-sharing", "planned"),
        "shared": NP_("group-sharing", "shared"),
        "kept": NP_("group-sharing", "not shared"),
    },
    "retraction": {
        "planned": NP_("retraction", "planned"),
        "retracted": NP_("retraction", "retracted"),
        "forgotten": NP_("retraction", "forgotten"),
        "kept": NP_("retraction", "not retracted"),
    },
    "publication": {
        "queued": NP_("publication", "queued"),
        "signed": NP_("publication", "signed"),
        "published": NP_("publication", "published"),
    },
    "record-kind": {
        "contribution": NP_("record-kind", "contribution"),
        "correction": NP_("record-kind", "correction"),
        "retraction": NP_("record-kind", "retraction"),
        "opinion": NP_("record-kind", "opinion"),
        "comment": NP_("record-kind", "comment"),
        "watch": NP_("record-kind", "watch"),
        "consultation": NP_("record-kind", "consultation"),
        "notice": NP_("record-kind", "notice"),
        "address_listing": NP_("record-kind", "listed addresses"),
        "group": NP_("record-kind", "group"),
        "link": NP_("record-kind", "link"),
        "watch_reply": NP_("record-kind", "reply to a watch"),
        "revision": NP_("record-kind", "revision"),
        "notice_decision": NP_("record-kind", "decision on a notice"),
        "not understood": NP_("record-kind", "not understood"),
    },
    "baseline": {
        "unknown": NP_("baseline", "unknown"),
        "yes": NP_("baseline", "yes"),
        "no": NP_("baseline", "no"),
        "unconfirmed": NP_("baseline", "unconfirmed"),
    },
    "case-status": {
        "open": NP_("case-status", "open"),
        "dormant": NP_("case-status", "dormant"),
        "closed": NP_("case-status", "closed"),
    },
    "case-event": {
        "opened": NP_("case-event", "opened"),
        "changed": NP_("case-event", "changed"),
        "assigned": NP_("case-event", "assigned"),
        "dormant": NP_("case-event", "dormant"),
        "closed": NP_("case-event", "closed"),
        "reopened": NP_("case-event", "reopened"),
        "noted": NP_("case-event", "note added"),
        "note edited": NP_("case-event", "note edited"),
        "ingested": NP_("case-event", "material taken in"),
        "holdings deleted": NP_("case-event", "holdings deleted"),
        "categorised": NP_("case-event", "categorised"),
        "asked": NP_("case-event", "question asked"),
        "answers": NP_("case-event", "answers arrived"),
        "shared": NP_("case-event", "shared"),
        "corrected": NP_("case-event", "corrected"),
        "retracted": NP_("case-event", "retracted"),
        "hits reviewed": NP_("case-event", "hits reviewed"),
        "consulted": NP_("case-event", "consulted"),
        "watched": NP_("case-event", "watch set"),
        "hits": NP_("case-event", "new hits"),
    },
    "body-state": {
        "held": NP_("body-state", "present"),
        "not-for-us": NP_("body-state", "not for this node"),
        "purged": NP_("body-state", "purged"),
        "missing": NP_("body-state", "missing"),
        "quarantined": NP_("body-state", "quarantined"),
        "malformed": NP_("body-state", "malformed"),
    },
    "entity-kind": {
        "victim": NP_("entity-kind", "victim"),
        "offender": NP_("entity-kind", "offender"),
        "place": NP_("entity-kind", "place"),
        "device": NP_("entity-kind", "device"),
        "series": NP_("entity-kind", "series"),
    },
    "entity-status": {
        "unknown": NP_("entity-status", "unknown"),
        "identified": NP_("entity-status", "identified"),
        "safeguarded": NP_("entity-status", "safeguarded"),
        "convicted": NP_("entity-status", "convicted"),
    },
    "entity-role": {
        "depicted": NP_("entity-role", "depicted"),
        "made-by": NP_("entity-role", "made by"),
        "shared-by": NP_("entity-role", "shared by"),
        "made-at": NP_("entity-role", "made at"),
        "made-with": NP_("entity-role", "made with"),
        "found-on": NP_("entity-role", "found on"),
        "part-of": NP_("entity-role", "part of"),
    },
    "entity-deed": {
        "added": NP_("entity-deed", "added"),
        "pseudonym": NP_("entity-deed", "pseudonym changed"),
        "status": NP_("entity-deed", "status changed"),
        "merged": NP_("entity-deed", "merged"),
        "split": NP_("entity-deed", "split"),
        "named-by-case": NP_("entity-deed", "named by a case"),
        "left-case": NP_("entity-deed", "removed from a case"),
    },
    "certainty": {
        "certain": NP_("certainty", "certain"),
        "probable": NP_("certainty", "probable"),
        "possible": NP_("certainty", "possible"),
    },
    "relation": {
        "same-victim": NP_("relation", "same victim"),
        "same-offender": NP_("relation", "same offender"),
        "same-place": NP_("relation", "same place"),
        "same-scene": NP_("relation", "same scene"),
        "same-device": NP_("relation", "same device"),
        "same-series": NP_("relation", "same series"),
        "copy": NP_("relation", "copy"),
    },
    "link-clash": {
        "disputed": NP_("link-clash", "disputed"),
        "victim": NP_("link-clash", "different victims"),
        "offender": NP_("link-clash", "different offenders"),
        "category": NP_("link-clash", "different categories"),
        "media": NP_("link-clash", "different kinds of media"),
    },
    "link-sight": {
        "read": NP_("link-sight", "readable"),
        "hidden": NP_("link-sight", "hidden"),
        "not-here": NP_("link-sight", "not here"),
    },
    "held-decision": {
        "waiting": NP_("held-decision", "waiting"),
        "released": NP_("held-decision", "released"),
        "refused": NP_("held-decision", "refused"),
    },
    "media-kind": {
        "picture": NP_("media-kind", "picture"),
        "video": NP_("media-kind", "video"),
        "other": NP_("media-kind", "other"),
    },
    "tiles-decided": {
        "undecided": NP_("tiles-decided", "undecided"),
        "decided": NP_("tiles-decided", "decided"),
    },
    "tiles-hits": {
        "none": NP_("tiles-hits", "no hits"),
        "any": NP_("tiles-hits", "any hits"),
        "new": NP_("tiles-hits", "new hits"),
        "confirmed": NP_("tiles-hits", "confirmed hits"),
    },
    "orientation": {
        "original": NP_("orientation", "as it is"),
        "rotate90": NP_("orientation", "turned by 90 degrees"),
        "rotate180": NP_("orientation", "turned by 180 degrees"),
        "rotate270": NP_("orientation", "turned by 270 degrees"),
        "flip": NP_("orientation", "upside down, mirrored"),
        "flop": NP_("orientation", "mirrored"),
        "transpose": NP_("orientation", "mirrored and turned"),
        "transverse": NP_("orientation", "mirrored and turned the other way"),
    },
    "category": {
        "uncategorized": NP_("category", "uncategorized"),
        "illegal": NP_("category", "illegal"),
        "not illegal, or age difficult to tell": NP_("category", "not illegal, or age difficult to tell"),
        "CGI or animation": NP_("category", "CGI or animation"),
        "comparison": NP_("category", "comparison"),
        "non-pertinent": NP_("category", "non-pertinent"),
        "prepubescent, sexual act": NP_("category", "prepubescent, sexual act"),
        "prepubescent, exhibition": NP_("category", "prepubescent, exhibition"),
        "pubescent, sexual act": NP_("category", "pubescent, sexual act"),
        "pubescent, exhibition": NP_("category", "pubescent, exhibition"),
        "baseline": NP_("category", "baseline"),
        "nationally illegal": NP_("category", "nationally illegal"),
        "not illegal": NP_("category", "not illegal"),
    },
    "consultation-step": {
        "open": NP_("consultation-step", "opened"),
        "reply": NP_("consultation-step", "replied"),
        "close": NP_("consultation-step", "closed"),
    },
    "message-absence": {
        "not for us": NP_("message-absence", "not for this node"),
        "deleted": NP_("message-absence", "deleted"),
        "not here": NP_("message-absence", "not here"),
    },
    "alert": {
        "watch-answered": NP_("alert", "a watch was answered"),
        "case-hit": NP_("alert", "new hit in a case"),
        "notice-hit": NP_("alert", "hit on a notice"),
        "consultation": NP_("alert", "new message of a consultation"),
        "record-linked": NP_("alert", "a record was linked"),
        "record-retracted": NP_("alert", "a record was retracted"),
        "local-watch": NP_("alert", "a record matches a local watch"),
        "record-corrected": NP_("alert", "a record was corrected"),
        "record-disputed": NP_("alert", "a record is disputed"),
    },
    "mention": {
        "linked": NP_("mention", "linked"),
        "request": NP_("mention", "in a request"),
        "thread": NP_("mention", "in a consultation"),
        "about": NP_("mention", "subject of a consultation"),
        "watch": NP_("mention", "in a watch"),
        "group": NP_("mention", "in a group"),
        "opens": NP_("mention", "opens a group"),
        "closes": NP_("mention", "closes a group"),
    },
    "act": {
        "begun": NP_("act", "begun"),
        "running": NP_("act", "running"),
        "done": NP_("act", "done"),
        "refused": NP_("act", "refused"),
        "failed": NP_("act", "failed"),
        "unknown": NP_("act", "unknown"),
    },
    "standing": {
        "here": NP_("standing", "here"),
        "gone": NP_("standing", "gone"),
        "not-here": NP_("standing", "not here"),
    },
    "withdrawal": {
        "retract": NP_("withdrawal", "to be retracted"),
        "keep": NP_("withdrawal", "to be kept"),
        "over": NP_("withdrawal", "already over"),
    },
}
"""Kind of word -> the word in a line -> its text in English."""
_PLACES: Final = {
    "role": "role",
    "status": "case-status",
    "level": "level",
    "outcome": "outcome",
}
"""Name of a place in a message -> the kind of word that stands in it."""


def word(language: Language, value: object, kind: str = "") -> str:
    """The text of a word of this kind; without a kind, of the first kind that has it."""
    text = str(value)
    for name in (kind,) if kind else WORDS:
        if text in WORDS[name] and (kind or not text.isdecimal()):
            return language.pgettext(name, WORDS[name][text])
    return text


def kind_of_place(name: str, value: str) -> str:
    """The kind of word that stands in a message's place of this name; "" if the value is no such word."""
    kind = _PLACES.get(name, "")
    return kind if kind and value in WORDS[kind] else ""
