// How bytes and values go through JSON.
import * as dagCbor from "@ipld/dag-cbor";

export const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));
export const text = (data) => Buffer.from(data).toString("base64");
export const value = (given) => dagCbor.decode(bytes(given));
export const given = (one) => text(dagCbor.encode(one));
