"""Tenants in the official did:plc directory, made and rotated by its own library; and iso-ucan, which resolves them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from forge.cli.child import service
from forge.client import now
from forge.did import DID
from forge.keys import P256PrivateKey, PrivateKey, Secp256k1PrivateKey, Signer
from tests.interop.js_chains import ECHO, HELLO, HOUR, OURS, THEIRS, Chain
from tests.interop.js_driver import Driver, text
from tests.interop.js_judged import Bench
from tests.interop.js_made import Made, forced, ours
from tests.interop.js_people import People
from tests.interop.js_policies import ADD, PRODUCT
from tests.interop.stage import Service, Stage
from tests.interop.table import Row
from tests.plc.operations import Identity

PLC, READ = "did-plc → forge", "forge → did-plc"
SECONDS: Final = 0.001
"""For which a service believes a document: it asks anew for each request."""


def rows(stage: Stage, driver: Driver) -> Iterator[Row]:
    """Play them, before a service that sees every rotation at once."""
    folder = stage.folder / "plc"
    folder.mkdir()
    with service(_flags(folder, stage), folder / "log") as url:
        bench = Bench(Service(url, stage.service.signer, stage.service.key), driver)
        tenants = _Tenants(bench, stage.directory.url)
        yield from _rotated(tenants)
        yield from _read(tenants)
        yield from _resolved(tenants)


def _flags(folder: Path, stage: Stage) -> list[str]:
    config = folder / "forge.toml"
    settings = {"data": str(folder), "plc_directory": stage.directory.url, "resolve_ttl": SECONDS}
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items()))
    return ["--dev", "--config", str(config), "--key", str(stage.service.key), "--store", f"sqlite:///{folder / 'forge.db'}"]


class _Tenants:
    """A directory, and a service that asks it."""

    def __init__(self, bench: Bench, directory: str) -> None:
        self.bench = bench
        self.driver = bench.driver
        self.directory = directory
        self.people = People.of(bench.service, self.driver)
        self.driver.ask("directory", url=directory)

    def create(self, **keys: PrivateKey) -> DID:
        return DID(self.driver.ask("plc/create", url=self.directory, keys=_dids(keys)))

    def rotate(self, did: DID, **keys: PrivateKey) -> None:
        self.driver.ask("plc/rotate", url=self.directory, did=did, keys=_dids(keys))

    def asks(self, signer: Signer, command: str = "/debug/echo", **arguments: object) -> str:
        """Ask the service for something by our library, about the tenant."""
        people = People({**self.people.signers, "tenant": signer})
        chain = Chain("", (), by="tenant", subject="tenant", command=command, arguments=arguments or HELLO)
        return self.bench.by_service(ours(people, chain))

    def registered(self, did: DID) -> str:
        """Have the service register it."""
        arguments = {"customer": did, "product": PRODUCT, "details": {}}
        add = Chain("", (), by="service", subject="service", command=ADD, arguments=arguments)
        return self.bench.by_service(ours(self.people, add))

    def provisions(self, signer: Signer) -> str:
        return self.asks(signer, "/provider/add", provider=self.people.did("service"), consumer=Signer.generate().did)


def _dids(keys: Mapping[str, PrivateKey]) -> dict[str, str]:
    return {name: str(key.did) for name, key in keys.items()}


def _rotated(tenants: _Tenants) -> Iterator[Row]:
    for kind in (Secp256k1PrivateKey, P256PrivateKey):
        name, old, new = kind.__name__.removesuffix("PrivateKey"), kind.generate(), kind.generate()
        did = tenants.create(hilt=old)
        yield Row(f"a tenant created, {name}: registered", PLC, "ok", tenants.registered(did))
        yield Row(f"a tenant created, {name}: /provider/add", PLC, "ok", tenants.provisions(Signer(old, did)))
        yield Row(
            f"a tenant created, {name}: its new key, too early", PLC, "InvalidSignature", tenants.provisions(Signer(new, did))
        )
        tenants.rotate(did, hilt=new)
        yield Row(f"a tenant rotated, {name}: its old key", PLC, "InvalidSignature", tenants.provisions(Signer(old, did)))
        yield Row(f"a tenant rotated, {name}: its new key", PLC, "ok", tenants.provisions(Signer(new, did)))
    tenants.driver.ask("plc/tombstone", url=tenants.directory, did=did)
    yield Row("a tenant ended", PLC, "DIDKeyResolutionError", tenants.provisions(Signer(new, did)))
    first, second = Secp256k1PrivateKey.generate(), Secp256k1PrivateKey.generate()
    both = tenants.create(atproto=first, hilt=second)
    yield Row("a tenant with two keys: the first", PLC, "ok", tenants.asks(Signer(first, both)))
    yield Row("a tenant with two keys: the second", PLC, "ok", tenants.asks(Signer(second, both)))
    nobody = DID("did:plc:" + "a" * 24)
    yield Row("a tenant that nobody created", PLC, "DIDKeyResolutionError", tenants.asks(Signer(first, nobody)))


def _read(tenants: _Tenants) -> Iterator[Row]:
    """Have the operations that our tests make by hand verified by the library."""
    identity = Identity.create(tenants.directory)
    for case in ("made", "rotated"):
        data = tenants.driver.ask("plc/data", url=tenants.directory, did=identity.did)
        known = {name: str(key.did) for name, key in identity.keys.items()}
        yield Row(f"our operations, {case}", READ, str(known), str(data["verificationMethods"]))
        identity.rotate()
    identity.tombstone()
    data = tenants.driver.ask("plc/data", url=tenants.directory, did=identity.did)
    yield Row("our operations, ended", READ, "None", str(data))


def _resolved(tenants: _Tenants) -> Iterator[Row]:
    """Have iso-ucan resolve one. It looks for a method whose id is the whole issuer, such as `did:plc:…#hilt`.

    The directory server that is published writes ids such as `#hilt`, which iso-ucan finds under no name; what runs at
    plc.directory writes them whole. So it cannot sign as one here, and its codec signs what it would have signed.
    """
    key = Secp256k1PrivateKey.generate()
    did = tenants.create(hilt=key)
    people = People({**tenants.people.signers, "tenant": Signer(key, did)})
    made = ours(people, Chain("", (), by="tenant", subject="tenant"))
    absent = "No verification method found"
    yield Row("a did:plc as the issuer", OURS, absent, tenants.bench.by_them(made))
    named = f"{did}#hilt"
    yield Row("a did:plc and its method, to sign as", THEIRS, absent, tenants.driver.said("person", **_person(key, named)))
    parts = {"aud": people.did("service"), "sub": did, "cmd": ECHO, "args": HELLO, "prf": [], "exp": now() + HOUR}
    tenants.driver.person("tenant", Signer(key))

    def issued(issuer: str) -> str:
        return tenants.bench.by_service(Made(forced(tenants.driver, people, "tenant", {**parts, "iss": issuer})))

    # We take a DID as it stands: with a fragment it is another, and none that the directory has.
    yield Row("a did:plc and its method as the issuer", THEIRS, "DIDKeyResolutionError", issued(named))
    yield Row("a did:plc as the issuer", THEIRS, "ok", issued(did))


def _person(key: PrivateKey, did: str) -> dict[str, str]:
    return {"name": "named", "kind": "secp256k1", "secret": text(key.secret), "did": did}
