"""Configuration: one documented class. Defaults < TOML file < `FORGE_*` environment < flags."""

from __future__ import annotations

import importlib
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from forge.container import MAX_BYTES
from forge.did import DID
from forge.errors import ConfigurationError, DIDError, KeyFormatError
from forge.keys import Ed25519PrivateKey, Signer, private_key_from_pem
from forge.verify import LEEWAY

ENVIRONMENT: Final = "FORGE_"
CONFIG_FILE: Final = "FORGE_CONFIG"
"""The environment variable that names the TOML file."""
PRIVATE: Final = 0o600
DEADLINE: Final = 30.0
"""Seconds: longer than any group of commits takes, shorter than clients wait."""

MAX_RUNNING: Final = 512
"""Two groups of commits: one on its way to the disk, one behind it. More make nothing faster, and all wait longer: twice as
many, twice as long. Fewer would send some away for a second who are served in a fifth of one."""


class Settings(BaseSettings):
    """How a service runs. Each setting is a flag of `forge serve`, a key of the TOML file, or `FORGE_` and its name."""

    model_config = SettingsConfigDict(env_prefix=ENVIRONMENT, extra="forbid", frozen=True)

    key: Path | None = None
    """The service's private key, PKCS #8 PEM."""
    did: str | None = None
    """The service's DID, a did:web; its key's did:key where not set."""
    store: str | None = None
    """Where the rows live: `sqlite:///relative.db`, `sqlite:////absolute.db`."""
    dev: bool = False
    """A service to try things with: makes a key and a store in `data` and keeps them, turns `debug` on, attests for did:mailto
    itself, and takes did:web of this machine over plain HTTP."""
    data: Path = Path("forge-data")
    """The folder of the key and the store that `dev` makes."""
    debug: bool = False
    """Serve the commands below `/debug`."""
    test_clock: bool = False
    """Serve `/debug/clock`, by which tests set the service's time and advance it; only with `dev`. What is signed keeps the
    real clock."""
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    workers: int = Field(1, ge=1, le=256)
    """Server processes on one store."""
    leeway: int = Field(LEEWAY, ge=0, le=3600)
    """Seconds by which clocks may differ, either way."""
    deadline: float = Field(DEADLINE, gt=0)
    """Seconds that one invocation may wait for its transaction."""
    max_body: int = Field(MAX_BYTES, ge=1024, le=MAX_BYTES)
    """Bytes of a request's body."""
    max_running: int = Field(MAX_RUNNING, ge=1)
    """Invocations that a process executes at once; whoever comes beyond them gets 503 and `Retry-After`."""
    plc_directory: str = "https://plc.directory"
    """Where did:plc documents are: any URL, asked as it stands."""
    authority: DID | None = None
    """The DID of whoever attests for did:mailto; where not set, no did:mailto is resolved."""
    resolve_timeout: float = Field(4.0, gt=0, le=60)
    """Seconds that resolving a DID may take in all."""
    resolve_ttl: float = Field(300.0, gt=0)
    """Seconds after which a DID document is asked for again: until then a replaced key is still believed."""
    resolve_stale: float = Field(86_400.0, ge=0)
    """Seconds beyond those for which the last document serves while its host gives none."""
    resolve_private: bool = False
    """Let did:web hosts have private addresses; without, whoever invokes could have anything inside the network asked."""
    resolve_http: bool = False
    """Ask did:web hosts over plain HTTP."""
    follow: Annotated[tuple[str, ...], NoDecode] = ()
    """Services whose revocations count here too: their URLs, in the environment with spaces between."""
    grace: int = Field(30, ge=1)
    """Seconds that a stopping server may take to finish what it took."""
    catalog: str = "commands:CATALOG"
    """Where the commands are: `module:name`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the commands let an operator set, such as `external_account_prefixes`: a table of the TOML file, JSON in the
    environment."""
    connect: str = "store:connect"
    """What opens the store: `module:name` of an async function of a URL."""

    @field_validator("test_clock")
    @classmethod
    def _is_to_try_things(cls, value: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's signature
        # A `dev` that cannot be read is missing here, and is named for itself.
        if value and info.data.get("dev") is False:
            raise ValueError("a test's time is no time to serve others by: it needs --dev as well")
        return value

    @field_validator("plc_directory")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"expected http://… or https://… and a host, not {value!r}")
        _ = parts.port  # read only now, and refused with a ValueError
        return value

    @field_validator("follow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(value.split()) if isinstance(value, str) else value

    @field_validator("follow")
    @classmethod
    def _are_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise ValueError(f"expected http://… or https://… and a host, not {url!r}")
        # One place is kept for each, however it is written.
        return tuple(dict.fromkeys(url.rstrip("/") for url in value))

    @field_validator("authority")
    @classmethod
    def _has_a_key(cls, value: DID | None) -> DID | None:
        if value is not None and value.method == "mailto":
            raise ValueError("a did:mailto has no key to attest with")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: flags, environment, TOML file."""
        del dotenv_settings, file_secret_settings
        named = os.environ.get(CONFIG_FILE)
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls, Path(named))) if named else sources


def load(**flags: Any) -> Settings:  # noqa: ANN401 - settings of every type
    """Read the configuration. Flags that are None were not given.

    Raises:
        ConfigurationError: it is not usable; the message names the setting.
    """
    named = os.environ.get(CONFIG_FILE)
    if named and not Path(named).is_file():
        raise ConfigurationError(f"config: there is no file {named}")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}" for one in error.errors()
        )
        raise ConfigurationError(problems) from error
    except ValueError as error:
        raise ConfigurationError(f"config: {named} is not TOML: {error}") from error


def signer_of(settings: Settings) -> Signer:
    """Give the service's identity: the key of its file, under its DID. None is ever made up here.

    Raises:
        ConfigurationError: there is no key, or it cannot be read, or the DID is none.
    """
    path = settings.key or (settings.data / "service.pem" if settings.dev else None)
    if path is None:
        raise ConfigurationError(
            "key: a service needs one: make it with `forge key new -o FILE`, and give --key FILE; or try --dev"
        )
    try:
        key = private_key_from_pem(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"key: {path}: {error.strerror}") from error
    except KeyFormatError as error:
        raise ConfigurationError(f"key: {path}: {error}") from error
    try:
        did = DID(settings.did) if settings.did else None
    except DIDError as error:
        raise ConfigurationError(f"did: {error}") from error
    if did is not None and did.method != "web" and did != key.did:
        raise ConfigurationError(f"did: a service is a did:web, or its key's own {key.did}; not {did}")
    return Signer(key, did)


def store_of(settings: Settings) -> str:
    """Give the store's URL.

    Raises:
        ConfigurationError: there is none.
    """
    if settings.store:
        return settings.store
    if settings.dev:
        return f"sqlite:///{settings.data / 'forge.db'}"
    raise ConfigurationError("store: where should rows live? Give --store sqlite:////absolute/path.db; or try --dev")


def prepare_dev(settings: Settings) -> bool:
    """Make what `--dev` promises: the data folder and a key in it. Say whether the key is new.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    path = settings.data / "service.pem"
    try:
        settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if settings.key is not None:
            return False
        write_private(path, Ed25519PrivateKey.generate().pem())
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationError(f"data: {settings.data}: {error.strerror}") from error
    return True


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner reads.

    Raises:
        FileExistsError: there is one already; keys are never overwritten.
        OSError: it cannot be written.
    """
    # Written beside and then linked: whoever sees the file sees all of it, and of two that write at once one wins.
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(PRIVATE)
        path.hardlink_to(beside)
    finally:
        Path(beside).unlink()


def find(name: str) -> Any:  # noqa: ANN401 - whatever the name names
    """Import what `module:name` names: how the server finds its commands and its store.

    Raises:
        ConfigurationError: there is nothing of that name.
    """
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigurationError(f"{name} cannot be imported: {error}") from error
