from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Input(_message.Message):
    __slots__ = ("call", "item")
    CALL_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    call: Call
    item: bytes
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ..., item: _Optional[bytes] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("command", "arguments", "version", "officer", "session")
    COMMAND_FIELD_NUMBER: _ClassVar[int]
    ARGUMENTS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    command: str
    arguments: bytes
    version: str
    officer: str
    session: bytes
    def __init__(self, command: _Optional[str] = ..., arguments: _Optional[bytes] = ..., version: _Optional[str] = ..., officer: _Optional[str] = ..., session: _Optional[bytes] = ...) -> None: ...

class Line(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: bytes
    def __init__(self, json: _Optional[bytes] = ...) -> None: ...
