"""Bytes that are refused: departures from the wire, each the only thing wrong with what is otherwise good and signed."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator

from forge.varsig import Algorithm
from tests.core.raw import ARRAY, BREAK, BYTES, MAP, TEXT, Pairs, Raw, cbor, head, indefinite
from tests.core.tokens import DLG, INV, seal
from tests.vectors.fields import refused_fields
from tests.vectors.parts import OWNER, delegated, dlg, in_need_of_padding, invoked, zipped_of


def payload_pairs(payload: dict[str, object]) -> list[tuple[object, object]]:
    return [(key, payload[key]) for key in sorted(payload, key=lambda key: (len(key), key))]


def refused_envelopes() -> Iterator[tuple[str, bytes, str]]:
    """Give name, bytes, and how the message begins, for what is no envelope at all."""
    good = delegated()
    pairs = payload_pairs(good)
    signed = Pairs(("h", Algorithm.ED25519.header), (DLG, good))
    body = cbor(signed)
    signature = OWNER.key.sign(body)

    yield "nothing", b"", "expected an array, found the end"
    yield "a map", cbor({}), "expected an array"
    yield "one item", b"\x81" + cbor(signature), "an envelope has two items, this has 1"
    yield "three items", seal(OWNER, DLG, good, head=b"\x83", tail=b"\xf6"), "an envelope has two items, this has 3"
    yield "array of indefinite length", seal(OWNER, DLG, good, head=indefinite(ARRAY), tail=BREAK), "an indefinite length"
    yield "array head of two bytes", seal(OWNER, DLG, good, head=head(ARRAY, 2, 1)), "2 is not in its shortest form"
    yield "byte behind the envelope", seal(OWNER, DLG, good, tail=b"\0"), "1 bytes after the end of the envelope"
    yield "signature that is text", seal(OWNER, DLG, good, signature="x"), "an envelope's signature is a byte string"
    yield "signature that is null", b"\x82\xf6" + body, "an envelope's signature is a byte string"
    yield (
        "signature head of four bytes",
        b"\x82" + head(BYTES, 64, 4) + signature + body,
        "64 is not in its shortest form",
    )
    yield "header missing", seal(OWNER, DLG, good, signed={DLG: good}), "what is signed is a map of 'h' and one tag"
    yield "header alone", seal(OWNER, DLG, good, signed={"h": b""}), "what is signed is a map of 'h' and one tag"
    yield (
        "header behind the payload",
        seal(OWNER, DLG, good, signed=Pairs((DLG, good), ("h", Algorithm.ED25519.header))),
        "what is signed is a map of 'h' and one tag",
    )
    yield (
        "both tags",
        seal(OWNER, DLG, good, signed={"h": Algorithm.ED25519.header, DLG: good, INV: invoked()}),
        "what is signed is a map of 'h' and one tag",
    )
    yield (
        "an extra key",
        seal(OWNER, DLG, good, signed={"h": Algorithm.ED25519.header, DLG: good, "ucan/ext@1.0.0-rc.1.x": {}}),
        "what is signed is a map of 'h' and one tag",
    )
    yield (
        "two headers",
        seal(OWNER, DLG, good, signed=Pairs(("h", Algorithm.ED25519.header), ("h", good))),
        "the tag is text such as",
    )
    yield (
        "a tag of one letter",
        seal(OWNER, DLG, good, signed=Pairs(("h", Algorithm.ED25519.header), ("i", good))),
        "the tag is text such as",
    )
    yield (
        "a tag that is bytes",
        seal(OWNER, DLG, good, signed=Pairs(("h", Algorithm.ED25519.header), (DLG.encode(), good))),
        "the tag is text such as",
    )
    yield (
        "SigPayload of indefinite length",
        seal(OWNER, DLG, good, signed=Raw(indefinite(MAP) + body[1:] + BREAK)),
        "what is signed is a map of 'h' and one tag",
    )
    yield "payload that is an array", seal(OWNER, DLG, []), "expected a map"
    yield "payload that is bytes", seal(OWNER, DLG, cbor(good)), "expected a map"
    yield "header that is text", seal(OWNER, DLG, good, header="x"), "the varsig header is a byte string"
    for name, header in {
        "empty": b"",
        "without a version": bytes.fromhex("34ed0171"),
        "of RSA": bytes.fromhex("34018524 1271"),
        "with a long varint": bytes.fromhex("3401ed81 00 ed01 13 71"),
        "over raw": bytes.fromhex("3401ed01ed01135f"),
        "over DAG-JSON": bytes.fromhex("3401ed01ed0113a902"),
        "with a byte behind": Algorithm.ED25519.header + b"\0",
        "cut": Algorithm.ED25519.header[:-1],
        "with sha2-256 for Ed25519": bytes.fromhex("3401ed01ed011271"),
    }.items():
        yield f"header {name}", seal(OWNER, DLG, good, header=header), "not a varsig header that is known here"
    yield "payload out of order", seal(OWNER, DLG, Pairs(*pairs[::-1])), "the key b'sub' is out of order"
    swapped = [pairs[1], pairs[0], *pairs[2:]]
    yield "payload with two keys swapped", seal(OWNER, DLG, Pairs(*swapped)), "the key b'aud' is out of order"
    yield "payload with a key twice", seal(OWNER, DLG, Pairs(pairs[0], *pairs)), "the key b'aud' occurs twice"
    yield (
        "payload of indefinite length",
        seal(OWNER, DLG, Raw(indefinite(MAP) + cbor(Pairs(*pairs))[1:] + BREAK)),
        "an indefinite length",
    )
    yield (
        "payload with a long length",
        seal(
            OWNER,
            DLG,
            Pairs(*((Raw(head(TEXT, 3, 1) + b"aud"), value) if key == "aud" else (key, value) for key, value in pairs)),
        ),
        "3 is not in its shortest form",
    )
    yield (
        "a float that is NaN",
        seal(OWNER, INV, invoked(args={"a": Raw(bytes.fromhex("fb7ff8000000000000"))})),
        "a float is not",
    )
    yield "a half float", seal(OWNER, INV, invoked(args={"a": Raw(bytes.fromhex("f93c00"))})), "a simple value or a short float"
    yield "undefined", seal(OWNER, INV, invoked(args={"a": Raw(b"\xf7")})), "a simple value or a short float"
    yield "a date", seal(OWNER, INV, invoked(args={"a": Raw(b"\xc1\x00")})), "tag 1, which DAG-CBOR does not have"
    yield "text that is not UTF-8", seal(OWNER, INV, invoked(args={"a": Raw(b"\x61\xff")})), "a text is not UTF-8"
    yield "arguments out of order", seal(OWNER, INV, invoked(args=Pairs(("b", 1), ("a", 2)))), "the key b'a' is out of order"
    yield "arguments under a number", seal(OWNER, INV, invoked(args=Pairs((1, 1)))), "a map's key is not text"
    yield "arguments 70 deep", seal(OWNER, INV, invoked(args={"a": Raw(b"\x81" * 70 + b"\0")})), "nested more than 64 deep"


def refused_containers() -> Iterator[tuple[str, str, bytes, str]]:
    """Give name, how it is read (`cbor`, or `text` with its letter), bytes, and how the message begins."""
    token = dlg()
    good = cbor({"ctn-v1": [token]})
    standard = b64encode(good)
    zipped = zipped_of(good)
    one_key = "not a container: expected a map with the one key 'ctn-v1'"

    yield "nothing", "cbor", b"", one_key
    yield "an empty map", "cbor", b"\xa0", one_key
    yield "an array", "cbor", cbor([token]), one_key
    yield "another key", "cbor", cbor({"ctn-v2": [token]}), one_key
    yield "an extra key", "cbor", cbor({"ctn-v1": [token], "ctn-v2": []}), one_key
    yield "an extra key before", "cbor", cbor({"a": 1, "ctn-v1": [token]}), one_key
    yield (
        "the key twice",
        "cbor",
        cbor(Pairs(("ctn-v1", [token]), ("ctn-v1", []))),
        one_key,
    )
    yield "no array", "cbor", cbor({"ctn-v1": token}), "not a container: ctn-v1: expected an array (at byte 8)"
    yield "null for an array", "cbor", cbor({"ctn-v1": None}), "not a container: ctn-v1: expected an array (at byte 8)"
    yield "an entry that is text", "cbor", cbor({"ctn-v1": [token, "x"]}), "not a container: ctn-v1: expected a byte string"
    yield (
        "an entry that is a token and not its bytes",
        "cbor",
        cbor({"ctn-v1": [Raw(token)]}),
        "not a container: ctn-v1: expected a byte string (at byte 9)",
    )
    yield "a byte behind", "cbor", good + b"\0", "not a container: 1 bytes after its end"
    yield "a leading @", "cbor", b"@" + good, one_key
    yield (
        "the array in long form",
        "cbor",
        b"\xa1" + cbor("ctn-v1") + head(ARRAY, 1, 1) + cbor(token),
        "not a container: ctn-v1: 1 is not in its shortest form (at byte 8)",
    )
    yield (
        "the array of indefinite length",
        "cbor",
        b"\xa1" + cbor("ctn-v1") + b"\x9f" + cbor(token) + BREAK,
        "not a container: ctn-v1: an indefinite length (at byte 8)",
    )
    yield "no letter", "text", good, "not a container: it begins with b'\\xa1', not with a letter of an encoding"
    yield "nothing, not even a letter", "text", b"", "not a container: it begins with b''"
    yield "an unknown letter", "text", b"G" + standard, "not a container: it begins with b'G'"
    yield "a small letter", "text", b"b" + standard, "not a container: it begins with b'b'"
    for letter in (b"B", b"E", b"O"):
        name = letter.decode()
        body = b64encode(in_need_of_padding(zipped=letter != b"B"))
        yield f"{name} without its padding", "text", letter + body.rstrip(b"="), "not a container: "
        yield f"{name} with too much padding", "text", letter + body + b"=", "not a container: "
        yield f"{name} in the other alphabet", "text", letter + b"_-_-" + body, "not a container: "
        yield f"{name} with a line break within", "text", letter + body[:8] + b"\n" + body[8:], "not a container: "
    for letter in (b"C", b"F", b"P"):
        name = letter.decode()
        padded = urlsafe_b64encode(in_need_of_padding(zipped=letter != b"C"))
        body = padded.rstrip(b"=")
        yield f"{name} with padding", "text", letter + padded, "not a container: base64url has no padding"
        yield f"{name} in the other alphabet", "text", letter + b"+/+/" + body, "not a container: base64url has no padding"
        yield f"{name} with one character too many", "text", letter + body[: (len(body) - 1) // 4 * 4 + 1], "not a container: "
    for letter in (b"D", b"M"):
        name = letter.decode()
        yield f"{name} cut", "text", letter + zipped[:-1], "not a container: the gzip stream is cut"
        yield (
            f"{name} with a byte behind",
            "text",
            letter + zipped + b"\0",
            "not a container: the gzip stream is cut, or something",
        )
        yield f"{name} not zipped", "text", letter + good, "not a container: "
        yield f"{name} with a wrong checksum", "text", letter + zipped[:-8] + bytes(4) + zipped[-4:], "not a container: "
        yield f"{name} with a wrong length", "text", letter + zipped[:-4] + bytes(4), "not a container: "
    yield "white space before @", "text", b" @" + good, "not a container: white space before a binary form"
    yield "white space before D", "text", b"\nD" + zipped, "not a container: white space before a binary form"
    yield "white space behind @", "text", b"@" + good + b"\n", "not a container: 1 bytes after its end"


def refused() -> list[dict[str, str]]:
    cases = [
        {"name": name, "as": "token", "error": "TokenError", "says": says, "hex": data.hex()}
        for name, data, says in refused_envelopes()
    ]
    cases += [
        {"name": name, "as": kind, "error": "TokenError", "says": says, "hex": data.hex()}
        for name, kind, data, says in refused_fields()
    ]
    cases += [
        {"name": name, "as": form, "error": "ContainerError", "says": says, "hex": data.hex()}
        for name, form, data, says in refused_containers()
    ]
    return cases
