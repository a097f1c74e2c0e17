"""Section `wire`: every departure from DAG-CBOR, in every place (protocol §1.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from forge.cid import CID
from tests.core.raw import ARRAY, BREAK, BYTES, MAP, TEXT, WIDTHS, cbor, head, indefinite, key_order
from tests.core.tokens import HEADER, INV
from tests.hostile.case import Case, Expect, Request, accepted, left_aside, refused
from tests.hostile.parties import NOW, OWNER, invoked

Change = Callable[[bytes], bytes]

LINK: Final = CID.of(b"")
ARGUMENTS: Final[dict[str, object]] = {
    "text": "x",
    "bytes": b"x",
    "count": 7,
    "below": -7,
    "float": 1.5,
    "list": [1],
    "link": LINK,
    "map": {"a": 1, "b": 2},
}
PAYLOAD: Final = invoked(args=ARGUMENTS, meta={"a": "x", "b": 1}, iat=NOW, cause=LINK)

ONE_KEY: Final = "expected a map with the one key 'ctn-v1'"
H_AND_TAG: Final = "what is signed is a map of 'h' and one tag"
SHORTEST: Final = "is not in its shortest form"
NOT_THERE: Final = {"container": ONE_KEY, "container key": ONE_KEY, "SigPayload": H_AND_TAG, "key h": H_AND_TAG}
"""What is said in places where only certain bytes are read at all."""
OUTSIDE: Final = {"container", "container key", "tokens", "token"}


def made(place: str = "", change: Change = bytes) -> Request:
    """Send a good invocation with the item at one place changed. Whatever is changed is signed like that."""

    def at(name: str, item: bytes) -> bytes:
        return change(item) if name == place else item

    def item(name: str, value: object) -> bytes:
        if isinstance(value, dict):
            entries = ((key, value[key]) for key in sorted(value, key=key_order))
            inner = (at(f"{name} key {key}", cbor(key)) + item(f"{name}.{key}", one) for key, one in entries)
            return at(name, head(MAP, len(value)) + b"".join(inner))
        if isinstance(value, list):
            inner = (item(f"{name}[{index}]", one) for index, one in enumerate(value))
            return at(name, head(ARRAY, len(value)) + b"".join(inner))
        if isinstance(value, CID):
            return at(name, b"\xd8\x2a" + at(f"{name} bytes", cbor(b"\0" + bytes(value))))
        return at(name, cbor(value))

    signed = at(
        "SigPayload",
        b"\xa2" + at("key h", cbor("h")) + at("header", cbor(HEADER)) + at("tag", cbor(INV)) + item("payload", PAYLOAD),
    )
    token = at("envelope", b"\x82" + at("signature", cbor(OWNER.key.sign(signed))) + signed)
    entries = at("tokens", b"\x81" + at("token", cbor(token)))
    return Request(at("container", b"\xa1" + at("container key", cbor("ctn-v1")) + entries))


def parted(item: bytes) -> tuple[int, int, bytes]:
    """Take an encoded item apart: its major type, its argument, and what follows its head."""
    major, information = item[0] >> 5, item[0] & 31
    width = {code: width for width, code in WIDTHS.items()}.get(information, 0)
    return major, int.from_bytes(item[1 : 1 + width]) if width else information, item[1 + width :]


def longer(width: int) -> Change:
    """Write an item's head with an argument of `width` bytes."""

    def change(item: bytes) -> bytes:
        major, argument, rest = parted(item)
        return head(major, argument, width) + rest

    return change


def endless(item: bytes) -> bytes:
    """Give an item an indefinite length: a string in one chunk."""
    major, _, rest = parted(item)
    return indefinite(major) + (item if major in (BYTES, TEXT) else rest) + BREAK


def least_longer(item: bytes) -> bytes:
    """Write an item's head in the next longer form."""
    information = item[0] & 31
    return longer({24: 2, 25: 4, 26: 8}.get(information, 1))(item)


def put(data: bytes) -> Change:
    """Put something else in the place."""
    return lambda _: data


def followed(behind: bytes) -> Change:
    """Put something behind the item."""
    return lambda item: item + behind


def cut(length: int) -> Change:
    """Leave only the beginning of the item."""
    return lambda item: item[:length]


PLACES: Final = (
    *OUTSIDE,
    *("envelope", "signature", "SigPayload", "key h", "header", "tag", "payload"),
    *("payload key cmd", "payload.cmd", "payload.aud", "payload.iss", "payload.sub", "payload.exp", "payload.iat"),
    *("payload.args", "payload.prf", "payload.nonce", "payload.cause", "payload.cause bytes", "payload.meta"),
    *("payload.args key text", "payload.args.text", "payload.args.bytes", "payload.args.count", "payload.args.below"),
    *("payload.args.list", "payload.args.list[0]", "payload.args.link", "payload.args.link bytes"),
    *("payload.args.map", "payload.args.map key a", "payload.args.map.a", "payload.meta key a", "payload.meta.a"),
)
NUMBERS: Final = ("payload.exp", "payload.iat", "payload.args.count", "payload.args.below", "payload.args.list[0]")
SMALL: Final = ("payload.args.map.a", "payload.cause", "payload.args.link")
STRETCHABLE: Final = tuple(place for place in PLACES if place not in (*NUMBERS, *SMALL))


def seen(place: str, why: str) -> Expect:
    why = NOT_THERE.get(place, why)
    return refused(400, why) if place in OUTSIDE else left_aside(why)


def cases() -> Iterator[Case]:
    yield Case("wire/accepted: what all the others change in one place", made(), accepted())
    for place in sorted(PLACES):
        yield Case(f"wire/a longer head: {place}", made(place, least_longer), seen(place, SHORTEST))
    for place in ("tokens", "envelope", "payload", "payload.cmd", "payload.args", "payload.args.text", "payload.args.count"):
        yield Case(f"wire/the longest head: {place}", made(place, longer(8)), seen(place, SHORTEST))
    for place in sorted(STRETCHABLE):
        yield Case(f"wire/an indefinite length: {place}", made(place, endless), seen(place, "an indefinite length"))
    yield from keys()
    yield from values()
    yield from ends()


def swapped(first: str, second: str, values: tuple[bytes, bytes] = (b"\x01", b"\x02")) -> bytes:
    """A map of two, the keys in this order."""
    return b"\xa2" + cbor(first) + values[0] + cbor(second) + values[1]


THREE: Final = b"\xa3" + cbor("a") + b"\x01" + cbor("cc") + b"\x02" + cbor("b") + b"\x03"
"""Neither in the order of length nor in that of the alphabet."""


def keys() -> Iterator[Case]:
    """Maps out of order, with a key twice, and with keys that are no text."""
    for place in ("payload.args.map", "payload.meta", "payload.args"):
        for name, item, why in (
            ("out of order", swapped("b", "a"), "the key b'a' is out of order"),
            ("with a key twice", swapped("a", "a"), "the key b'a' occurs twice"),
            ("with an empty key behind another", swapped("a", ""), "the key b'' is out of order"),
            ("with a number for a key", b"\xa1\x01\x01", "a map's key is not text"),
            ("with bytes for a key", b"\xa1\x41\x61\x01", "a map's key is not text"),
            ("with null for a key", b"\xa1\xf6\x01", "a map's key is not text"),
            ("with an array for a key", b"\xa1\x80\x01", "a map's key is not text"),
            ("with a link for a key", b"\xa1" + cbor(LINK) + b"\x01", "a map's key is not text"),
            ("with a key that is not UTF-8", b"\xa1\x61\xff\x01", "a key is not UTF-8"),
        ):
            yield Case(f"wire/a map {name}: {place}", made(place, put(item)), left_aside(why))
        # Go's typed arguments have maps like this, and only they.
        alphabet = accepted() if place.startswith("payload.args") else left_aside("the key b'b' is out of order")
        yield Case(f"wire/a map in the order of the alphabet: {place}", made(place, put(swapped("aa", "b"))), alphabet)
        yield Case(f"wire/a map in no order: {place}", made(place, put(THREE)), left_aside("the key b'b' is out of order"))
    entries = [(key, PAYLOAD[key]) for key in sorted(PAYLOAD, key=key_order)]
    for index in range(len(entries) - 1):
        (one, _), (two, _) = pair = entries[index : index + 2]
        turned = [*entries[:index], *pair[::-1], *entries[index + 2 :]]
        twice = [*entries[: index + 1], *entries[index:]]
        for how, order in (("in the wrong order", turned), ("with a field twice", twice)):
            data = head(MAP, len(order)) + b"".join(cbor(key) + cbor(value) for key, value in order)
            why = f"the key {one.encode()!r} {'is out of order' if order is turned else 'occurs twice'}"
            names = f"{two} and {one}" if order is turned else one
            yield Case(f"wire/a payload {how}: {names}", made("payload", put(data)), left_aside(why))
    tokens = cbor("ctn-v1") + b"\x80"
    yield Case("wire/a container with its key twice", Request(b"\xa2" + tokens + tokens), refused(400, ONE_KEY))
    yield Case("wire/a container with a key that is bytes", Request(b"\xa1" + cbor(b"ctn-v1") + b"\x80"), refused(400, ONE_KEY))


VALUES: Final = {
    "undefined": (b"\xf7", "a simple value or a short float"),
    "the simple value 0": (b"\xe0", "a simple value or a short float"),
    "the simple value 32": (b"\xf8\x20", "a simple value or a short float"),
    "false in two bytes": (b"\xf8\x14", "a simple value or a short float"),
    "a half float": (b"\xf9\x3c\x00", "a simple value or a short float"),
    "a single float": (b"\xfa\x3f\x80\x00\x00", "a simple value or a short float"),
    "NaN": (bytes.fromhex("fb7ff8000000000000"), "a float is not finite"),
    "infinity": (bytes.fromhex("fb7ff0000000000000"), "a float is not finite"),
    "minus infinity": (bytes.fromhex("fbfff0000000000000"), "a float is not finite"),
    "a break": (b"\xff", "a simple value or a short float"),
    "a reserved head 28": (b"\x1c", "a reserved head"),
    "a reserved head 30 of a text": (b"\x7e", "a reserved head"),
    "a date as text": (b"\xc0\x60", "tag 0, which DAG-CBOR does not have"),
    "a date as a number": (b"\xc1\x00", "tag 1, which DAG-CBOR does not have"),
    "a small bignum": (b"\xc2\x41\x01", "a bignum is not in its shortest form"),
    "an empty bignum": (b"\xc2\x40", "a bignum is not in its shortest form"),
    "a bignum with a leading zero": (b"\xc2\x4a\x00" + b"\xff" * 9, "a bignum is not in its shortest form"),
    "a small negative bignum": (b"\xc3\x48" + b"\xff" * 8, "a bignum is not in its shortest form"),
    "a bignum that is text": (b"\xc2\x61x", "tag 2 does not hold a byte string"),
    "a bignum of 257 bytes": (b"\xc2" + cbor(b"\x01" * 257), "a bignum has at most 256 bytes"),
    "a decimal": (b"\xc4\x82\x00\x01", "tag 4, which DAG-CBOR does not have"),
    "CBOR within CBOR": (b"\xd8\x18\x41\xf6", "tag 24, which DAG-CBOR does not have"),
    "a shared reference": (b"\xd8\x1d\x00", "tag 29, which DAG-CBOR does not have"),
    "tagged as CBOR": (b"\xd9\xd9\xf7\xa0", "tag 55799, which DAG-CBOR does not have"),
    "a link that is text": (b"\xd8\x2a\x61x", "tag 42 does not hold a byte string"),
    "a link that is empty": (b"\xd8\x2a\x40", "a link does not begin with the identity multibase prefix 00"),
    "a link of nothing but its prefix": (b"\xd8\x2a\x41\x00", "not a CID"),
    "a link without its prefix": (b"\xd8\x2a" + cbor(bytes(LINK)), "a link does not begin with the identity multibase"),
    "a link to version 2": (b"\xd8\x2a" + cbor(b"\0\x02" + bytes(LINK)[1:]), "a CID's version is 0 or 1, not 2"),
    "a link with a byte behind": (b"\xd8\x2a" + cbor(b"\0" + bytes(LINK) + b"\0"), "a digest of 32 bytes and has 33"),
    "a link that is cut": (b"\xd8\x2a" + cbor(b"\0" + bytes(LINK)[:-1]), "a digest of 32 bytes and has 31"),
    "a tagged link": (b"\xd8\x2a" + cbor(LINK), "tag 42 does not hold a byte string"),
    "text that is not UTF-8": (b"\x61\xff", "a text is not UTF-8"),
    "text that ends within a character": (b"\x61\xc3", "a text is not UTF-8"),
    "text with an overlong slash": (b"\x62\xc0\xaf", "a text is not UTF-8"),
    "text with a surrogate": (b"\x63\xed\xa0\x80", "a text is not UTF-8"),
    "text beyond Unicode": (b"\x64\xf4\x90\x80\x80", "a text is not UTF-8"),
    "lists 65 deep": (b"\x81" * 65 + b"\x00", "nested more than 64 deep"),
    "maps 65 deep": (b"\xa1\x61a" * 65 + b"\x00", "nested more than 64 deep"),
    "a text that ends beyond the bytes": (b"\x7b" + b"\xff" * 8, "the bytes end within a text"),
    "bytes that end beyond the bytes": (b"\x5a\x7f\xff\xff\xff", "the bytes end within a byte string"),
    "a list of more than there is": (b"\x9b" + b"\xff" * 8, "items, more than the bytes that are left"),
    "a map of more than there is": (b"\xba\x00\xff\xff\xff", "items, more than the bytes that are left"),
}


def values() -> Iterator[Case]:
    """What is no value, among arguments, in what nobody looks at, and where something else is expected."""
    for name, (data, why) in VALUES.items():
        for place in ("payload.args.count", "payload.meta.a"):
            yield Case(f"wire/{name}: {place}", made(place, put(data)), left_aside(why))
    for place in ("signature", "header", "tag", "payload.cmd", "payload.nonce", "payload.prf", "payload.exp"):
        yield Case(f"wire/undefined: {place}", made(place, put(b"\xf7")), left_aside("a simple value or a short float"))
        yield Case(f"wire/a tagged item: {place}", made(place, lambda item: b"\xc1" + item), left_aside("tag 1, which"))
    for place in ("payload.cmd", "payload.iss", "tag"):
        yield Case(f"wire/text that is not UTF-8: {place}", made(place, put(b"\x61\xff")), left_aside("a text is not UTF-8"))
    for place, why in (
        ("container", ONE_KEY),
        ("tokens", "ctn-v1: expected an array"),
        ("token", "ctn-v1: expected a byte string"),
    ):
        yield Case(f"wire/tagged as CBOR: {place}", made(place, lambda item: b"\xd9\xd9\xf7" + item), refused(400, why))
    for place in ("envelope", "payload", "SigPayload"):
        why = {"envelope": "expected an array", "payload": "expected a map", "SigPayload": H_AND_TAG}[place]
        yield Case(f"wire/tagged as CBOR: {place}", made(place, lambda item: b"\xd9\xd9\xf7" + item), left_aside(why))
    yield Case(
        "wire/half a million items",
        lambda: made("payload.args.list", put(cbor([0] * 500_001))),
        left_aside("more items than are read together"),
    )


def ends() -> Iterator[Case]:
    """Bytes behind, and bytes missing."""
    yield Case("wire/a byte behind the container", made("container", followed(b"\0")), refused(400, "1 bytes after"))
    yield Case("wire/a break behind the container", made("container", followed(BREAK)), refused(400, "1 bytes after"))
    yield Case("wire/a container twice", made("container", lambda item: item * 2), refused(400, "bytes after its end"))
    for name, behind in {"a null": b"\xf6", "a break": BREAK, "the envelope again": made().body[9:]}.items():
        envelope = made("envelope", followed(behind))
        yield Case(f"wire/{name} behind the envelope", envelope, left_aside("bytes after the end of the envelope"))
    whole = made().body
    for part in (1, 4, 7, 8, 9, 10, 12, 50, 200, len(whole) - 1):
        why = "not a container: "
        yield Case(f"wire/a container cut to {part} bytes", Request(whole[:part]), refused(400, why))
    for part, why in {
        0: "expected an array, found the end",
        1: "announces 2 items, more than the bytes that are left",
        40: "the bytes end within a byte string",
        67: H_AND_TAG,
        68: H_AND_TAG,
        76: "the bytes end within",
        99: "expected a map, found the end",
        100: "announces 11 items, more than the bytes that are left",
        300: "the bytes end within",
    }.items():
        envelope = made("envelope", cut(part))
        yield Case(f"wire/an envelope cut to {part} bytes", envelope, left_aside(why))
