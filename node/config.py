"""The configuration of a node or a hub: one TOML file in its home folder, overridden by VIGIL_* variables.

Rules this module upholds:

- All faults are reported at once, each naming its key; an unknown key is a fault (a misspelt limit is no limit).
- The file contains no secret: the passphrase of the keys comes from the environment, a file or the terminal.
- `node/app` passes the values on; no other package reads the configuration.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from node.domain.ids import federation_id, member_id
from node.domain.peers import Peer, read_peers
from node.errors import ConfigError, VigilError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE_NAME: Final = "vigil.toml"
HOME_VARIABLE: Final = "VIGIL_HOME"
PREFIX: Final = "VIGIL_"
MIN_QUERY_DAYS: Final = 8
"""In days: a query is valid for seven days (`usecases.answering`), and its answer must be kept that long."""
_MAX_QUERY_DAYS: Final = 3_660
_ADDRESS_PARTS: Final = 2
_MAX_PORT: Final = 65_535
_PEERS: Final = "peers"
_SOCKET_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""The name of the investigators' socket in its folder (`node.wire.local_paths`). The folder may have any name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The paths of one node, hub or authority. `folder` is absolute. `role`: which home the command needs, node or hub;
    "" for both. `load` refuses a home of the other role.
    """

    folder: Path
    role: str = field(default="", compare=False)

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / FILE_NAME

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.folder / "vigil.sqlite3"

    @property
    def mark(self) -> Path:
        """The mark of this home's database, so that a different one is detected (`app.homes`)."""
        return self.folder / "database.mark"

    @property
    def index(self) -> Path:
        """The files of a node's search index: derived from the database, and rebuilt if they are missing."""
        return self.folder / "index"

    @property
    def keys(self) -> Path:
        """The wrapped private keys."""
        return self.folder / "keys"

    @property
    def tls(self) -> Path:
        """Certificates."""
        return self.folder / "tls"

    @property
    def metadata(self) -> Path:
        """The last verified roster."""
        return self.folder / "roster"

    @property
    def repository(self) -> Path:
        """The TUF repository that a hub serves."""
        return self.folder / "repository"

    @property
    def next_keys(self) -> Path:
        """A hub's new keys, until the authority has signed them."""
        return self.folder / "next"

    @property
    def restored(self) -> Path:
        """Exists after a restore, until a node has compared itself with the hub, or a hub has the authority's newest
        bundle. Nothing is served until then.
        """
        return self.folder / "restored"

    @property
    def pulled(self) -> Path:
        """What was last read of each peer: one small file a peer. Without it, a pull reads everything again."""
        return self.folder / "pulled"

    @property
    def previews(self) -> Path:
        """The ciphertexts of previews. Their keys are in the database."""
        return self.folder / "previews"

    @property
    def originals(self) -> Path:
        """Copies of originals, named by content, if the administrator wants them."""
        return self.folder / "originals"


def _address(text: str) -> str:
    parts = text.rsplit(":", 1)
    if len(parts) != _ADDRESS_PARTS or not parts[0] or not parts[1].isdigit() or not 0 <= int(parts[1]) <= _MAX_PORT:
        raise ValueError("expected HOST:PORT")
    return text


def _optional_address(text: str) -> str:
    return _address(text) if text else ""


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError("expected a positive number of seconds")
    return value


def _query_days(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,4}", text) or not MIN_QUERY_DAYS <= int(text) <= _MAX_QUERY_DAYS:
        raise ValueError(f"expected {MIN_QUERY_DAYS} to {_MAX_QUERY_DAYS} days")
    return int(text)


def _role(text: str) -> str:
    if text not in {"node", "hub"}:
        raise ValueError("expected node or hub")
    return text


def _federation(text: str) -> str:
    return federation_id(text)


def _member(text: str) -> str:
    return member_id(text) if text else ""


def _plain(text: str) -> str:
    return text


def _digest(text: str) -> str:
    if text and not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("expected 64 lower-case hex digits")
    return text


def _socket(text: str) -> str:
    if text and not (text.startswith("/") and _SOCKET_NAME.fullmatch(text.rpartition("/")[2])):
        raise ValueError("expected an absolute path that ends in a name of letters, digits, '.', '_' and '-'")
    return text


def _program(text: str) -> str:
    if text and not (text.startswith("/") and text.isprintable()):
        raise ValueError("expected the absolute path of a program")
    return text


def _mailbox(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9._+-]{1,64}(@[A-Za-z0-9.-]{1,255})?", text):
        raise ValueError("expected one mail address, or the name of a user of this machine")
    return text


def _group(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}", text):
        raise ValueError("expected the name of a group of this machine")
    return text


def _level(text: str) -> str:
    if text not in {"debug", "info", "warning", "error"}:
        raise ValueError("expected debug, info, warning or error")
    return text


def _yes_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise ValueError('expected "yes" or "no"')
    return text == "yes"


def _count(text: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,5}", text):
        raise ValueError("expected a whole number from 0 to 999999")
    return int(text)


def _setting(parse: Callable[[str], Any], default: object = MISSING) -> Any:  # noqa: ANN401 (typed by its field)
    if default is MISSING:
        return field(metadata={"parse": parse})
    return field(default=default, metadata={"parse": parse})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One process's settings. Addresses are HOST:PORT; `*_seconds` are seconds.

    A node dials `hub` and `enrolment`; a hub listens on both, and its invitations name `public_hub` and
    `public_enrolment` where these are not empty. `query_retention_days`: how long asked and answered queries are kept,
    with their hashes (audit entries have their own date). `file_references`: whether an ingest keeps where its
    files are ("yes" or "no"). `previews`: whether an ingest makes previews ("yes" or "no"); with "no", the next
    start destroys those that there are. `preview_budget`: clear previews that an officer may look at in a day, 0
    for any number; `preview_break_minutes`: after this long the desk proposes a break, 0 for never.
    `publish_seconds`: how long an acknowledged record may wait to share a checkpoint with others.
    `alert_command`: a program that is run when there are alerts, `alert_mail`: an address that is mailed through the
    relay of this machine; both at most every `alert_seconds` (`app.alert_hook`).
    `desk_account`: the Unix account of the desk (`vigil desk run`); "": the owner of the home runs it.
    `investigator_socket`, `investigator_group`: a second local socket of a node, for the users of this group; both are
    set or neither is. `root_sha256`: SHA-256 of the root that the invitation pinned. A node follows the roster's
    signatures from it. `peers`: by name, the sections `[peers.NAME]`; a variable cannot override them.
    """

    role: str = _setting(_role)
    federation: str = _setting(_federation)
    member: str = _setting(_member, "")
    name: str = _setting(_plain, "")
    hub: str = _setting(_address)
    enrolment: str = _setting(_address)
    public_hub: str = _setting(_optional_address, "")
    public_enrolment: str = _setting(_optional_address, "")
    root_sha256: str = _setting(_digest, "")
    log_level: str = _setting(_level, "info")
    investigator_socket: str = _setting(_socket, "")
    investigator_group: str = _setting(_group, "")
    desk_account: str = _setting(_group, "")
    alert_command: str = _setting(_program, "")
    alert_mail: str = _setting(_mailbox, "")
    alert_seconds: float = _setting(_seconds, 300.0)
    publish_seconds: float = _setting(_seconds, 0.2)
    roster_refresh_seconds: float = _setting(_seconds, 60.0)
    retention_sweep_seconds: float = _setting(_seconds, 3600.0)
    query_retention_days: int = _setting(_query_days, 90)
    certificate_check_seconds: float = _setting(_seconds, 900.0)
    certificate_hours: float = _setting(_seconds, 72.0)
    file_references: bool = _setting(_yes_no, True)  # noqa: FBT003 (typed by its field)
    previews: bool = _setting(_yes_no, False)  # noqa: FBT003
    preview_budget: int = _setting(_count, 0)
    preview_break_minutes: int = _setting(_count, 50)
    peers: Mapping[str, Peer] = field(default_factory=dict)


def load(home: Home, environment: Mapping[str, str] | None = None) -> Config:
    """Reads the home's file and the environment. Raises `ConfigError` with every fault."""
    environment = os.environ if environment is None else environment
    try:
        table = tomllib.loads(home.config.read_text("utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            "there is no Vigil home here: the folder has no vigil.toml",
            remedy="name the folder with --home or VIGIL_HOME, or make one with `vigil node join` or `vigil hub init`",
        ) from None
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno else "unknown reason"
        raise ConfigError(
            f"vigil.toml cannot be read: {why}", remedy="check the path of --home or VIGIL_HOME, and who may read it"
        ) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"vigil.toml cannot be read: {error}", remedy="correct the file; nothing was changed"
        ) from None
    settings = parse(table, environment)
    if home.role and settings.role != home.role:
        raise _wrong_role(settings)
    return settings


def _wrong_role(settings: Config) -> ConfigError:
    """The command is for a node and this is a hub's home, or the reverse."""
    if settings.role == "hub":
        return ConfigError(
            f"this is a hub's home (of {settings.federation}), and this command is for a node",
            remedy="for this home: `vigil hub --help`; for a node: name its folder with --home or VIGIL_HOME",
        )
    return ConfigError(
        f"this is a node's home ({settings.member} in {settings.federation}), and this command is for a hub",
        remedy="for this home: `vigil node --help`; for a hub: name its folder with --home or VIGIL_HOME",
    )


def parse(table: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """A `Config` from a TOML table and VIGIL_* variables, which win. Raises `ConfigError` with every fault."""
    known = {each.name: each for each in fields(Config) if each.name != _PEERS}
    faults = [f"{key}: no such setting" for key in table if key not in known and key != _PEERS]
    values: dict[str, Any] = {}
    for name, each in known.items():
        variable = PREFIX + name.upper()
        raw = environment.get(variable, table.get(name))
        if raw is None:
            if each.default is MISSING:
                faults.append(f"{name}: missing")
            continue
        if isinstance(raw, (dict, list, bool)):
            faults.append(f"{name}: expected one value")
            continue
        try:
            values[name] = each.metadata["parse"](str(raw))
        except (ValueError, VigilError) as error:
            faults.append(f"{name}: {error}")
    values[_PEERS], wrong = read_peers(table.get(_PEERS, {}))
    faults += wrong + _half(values)
    if faults:
        raise ConfigError(
            "the configuration cannot be used:\n  " + "\n  ".join(faults),
            faults=tuple(faults),
            remedy="correct vigil.toml, or unset the VIGIL_* variable of that name",
        )
    return Config(**values)


def _half(values: Mapping[str, Any]) -> list[str]:
    """Faults in combinations of settings."""
    socket, group = values.get("investigator_socket"), values.get("investigator_group")
    if bool(socket) != bool(group):
        return ["investigator_socket and investigator_group: set both, or neither"]
    if socket and values.get("role") == "hub":
        return ["investigator_socket: only a node has investigators, and this is a hub"]
    if values.get("previews") and values.get("role") == "hub":
        return ["previews: only a node has previews, and this is a hub"]
    if (values.get("alert_command") or values.get("alert_mail")) and values.get("role") == "hub":
        return ["alert_command, alert_mail: only a node has alerts, and this is a hub"]
    if values[_PEERS] and values.get("role") == "hub":
        return ["peers: only a node pulls lists, and this is a hub"]
    return []


def write(home: Home, values: Mapping[str, str | float]) -> None:
    """Checks these values and writes them to a new vigil.toml. Raises `ConfigError`; never replaces a file."""
    parse(values, {})
    lines = ["# Vigil's settings. Every key can be overridden by a VIGIL_<KEY> variable.\n"]
    lines += [f"{key} = {_toml(value)}\n" for key, value in values.items()]
    home.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(home.config, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(lines)
    except FileExistsError:
        raise ConfigError(
            "this folder is a Vigil home already", remedy="choose another --home; an existing one is never overwritten"
        ) from None


def change(home: Home, values: Mapping[str, str | float]) -> None:
    """Changes these settings of an existing vigil.toml; every other line stays. Raises `ConfigError` if the file would
    become invalid, and then leaves it unchanged.
    """
    text, sections = _before_sections(home.config.read_text("utf-8"))
    for key, value in values.items():
        line = f"{key} = {_toml(value)}"
        present = re.search(rf"(?m)^[ \t]*{key}[ \t]*=.*$", text)
        text = f"{text[: present.start()]}{line}{text[present.end() :]}" if present else f"{text.rstrip()}\n{line}\n"
    text += f"\n{sections}" if sections else ""
    parse(tomllib.loads(text), {})
    temporary = home.config.with_suffix(".toml.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.chmod(home.config.stat().st_mode & 0o777)
    # A crash before this line leaves the former settings, and a file that the next change overwrites.
    temporary.replace(home.config)


def _before_sections(text: str) -> tuple[str, str]:
    """(The settings of the process, the sections behind them). A key that is added at the end would be of a section."""
    first = re.search(r"(?m)^[ \t]*\[", text)
    return (text[: first.start()].rstrip() + "\n", text[first.start() :]) if first else (text, "")


def _toml(value: str | float) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        # TOML does not allow raw control characters.
        shown = "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in escaped)
        return f'"{shown}"'
    return repr(value)


def find_home(option: Path | None, environment: Mapping[str, str], role: str = "") -> Home:
    """`--home`, otherwise VIGIL_HOME, otherwise ~/.vigil. `role`: see `Home`."""
    chosen = option or (Path(environment[HOME_VARIABLE]) if environment.get(HOME_VARIABLE) else Path.home() / ".vigil")
    try:
        folder = chosen.expanduser()
    except RuntimeError:  # pathlib raises this for a user that this machine does not have
        folder = chosen
    return Home(folder=folder.absolute(), role=role)
