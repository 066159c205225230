"""What the front's names say of a connection, and what the name of anything else does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.wire.door import Peer, bind_name, peer_of

RUN = "0123456789abcdef"


@given(number=st.integers(1, 10**16 - 1), address=st.ip_addresses().map(str))
def test_a_name_says_the_number_and_the_address(number: int, address: str) -> None:
    name = bind_name(RUN, number, address)
    assert peer_of(f"unix-abstract:{name}") == Peer(number, address)
    assert peer_of("unix-abstract:" + name.replace(":", "%3A")) == Peer(number, address)
    assert len(name) < 100  # of the 107 that the system has room for


def test_the_zone_of_a_local_address_is_left_out() -> None:
    assert peer_of("unix-abstract:" + bind_name(RUN, 7, "fe80::1%eth0")) == Peer(7, "fe80::1")


@pytest.mark.parametrize(
    "name",
    ["", "ipv4:127.0.0.1:5", "unix:", "unix-abstract:", f"unix:vigil/{RUN}/7/::1", f"unix-abstract:vigil/{RUN}/07/::1"],
)
def test_any_other_name_is_a_connection_without_a_number(name: str) -> None:
    assert peer_of(name) == Peer()


@given(st.text())
def test_no_name_is_a_fault(name: str) -> None:
    peer_of(name)
    peer_of("unix-abstract:" + name)
