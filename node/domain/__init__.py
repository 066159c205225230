"""Immutable values and the ports of the use cases. No I/O, no protobuf, no SQL, no clock."""
