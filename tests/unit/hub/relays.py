"""A relay by itself, the questions that members ask it, and the answers that they bring."""

from dataclasses import replace

from node.domain.ids import MemberId, member_id
from node.domain.queries import Outcome, QueryHeader, SignedAnswer, SignedQuery
from node.domain.roster import Roster
from node.domain.services import Reply
from node.hub.relay import QueryRelay
from node.hub.switchboard import LocalSwitchboard
from node.usecases.probes import Booked
from node.wire.convert import ProtoCodec
from tests.simulator import federation as sim
from tests.simulator.asking import roster_of
from tests.simulator.memory_store import MemoryHubStore
from tests.simulator.pauses import no_pause

FR, JP, BR = member_id("FR"), member_id("JP"), member_id("BR")


def relay(roster: Roster | None = None, store: MemoryHubStore | None = None) -> QueryRelay:
    """A relay that nobody attends yet; its members are FR, JP and BR unless a roster is given."""
    made = roster or roster_of("FR", "JP", "BR")
    kept = store or MemoryHubStore()
    return QueryRelay(
        roster=lambda: made,
        codec=ProtoCodec(),
        store=kept,
        switchboard=LocalSwitchboard(),
        booked=Booked(kept),
        pause=no_pause,
        clock=lambda: float(sim.NOW),
    )


def question(**changes: object) -> SignedQuery:
    """A question of FR to everybody at cost 5, with these changes to its header."""
    header = QueryHeader(
        query_id=bytes(15) + b"q",
        asker=FR,
        recipients=(),
        purpose="victim-identification",
        issued_at=sim.NOW,
        expires_at=sim.NOW + 60,
        cost=5,
    )
    data = ProtoCodec().encode_header(replace(header, **changes))  # type: ignore[arg-type]
    return SignedQuery(header=data, payload=b"opaque to the hub", signature=bytes(64))


async def outcomes(made: QueryRelay, member: MemberId, query: SignedQuery) -> dict[str, Outcome | None]:
    """What comes of each member, for a question that waits a fifth of a second."""
    return {event.member: event.outcome async for events in made.ask(member, query, 0.2) for event in events}


def reply(name: MemberId, asker: MemberId = FR) -> Reply:
    """An answer of `name` to a query that nobody asked."""
    return Reply(
        asker=asker,
        query_id=bytes(16),
        answer=SignedAnswer(answerer=name, answer=b"signed elsewhere", signature=bytes(64)),
    )
