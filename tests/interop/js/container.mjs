// Containers, and HTTP: iso-ucan has neither, so these are its tokens between its own codec, node's zlib and node's fetch.
import { gunzipSync, gzipSync } from "node:zlib";

import * as dagCbor from "@ipld/dag-cbor";

import { bytes, given, text } from "./bytes.mjs";

const CONTENT_TYPE = "application/vnd.ipld.dag-cbor";
const plain = (data) => data;
const base64 = { write: (data) => Buffer.from(data).toString("base64"), read: (body) => Buffer.from(body.toString(), "base64") };
const base64url = { write: (data) => Buffer.from(data).toString("base64url"), read: (body) => Buffer.from(body.toString(), "base64url") };
const raw = { write: plain, read: plain };
const zipped = (text) => ({ write: (data) => text.write(gzipSync(data)), read: (body) => gunzipSync(text.read(body)) });

// The letters of Forge, and those of the containers' specification.
const forms = { "@": raw, B: base64, C: base64url, D: zipped(raw), E: zipped(base64), F: zipped(base64url) };
Object.assign(forms, { M: forms.D, O: forms.E, P: forms.F });

const pack = (tokens) => dagCbor.encode({ "ctn-v1": tokens.map(bytes) });
const unpack = (data) => dagCbor.decode(data)["ctn-v1"];
const encode = (letter, tokens) => Buffer.concat([Buffer.from(letter), Buffer.from(forms[letter].write(pack(tokens)))]);
const decode = (body) => unpack(forms[String.fromCharCode(body[0])].read(Buffer.from(body.subarray(1))));

// What a receipt says, read without iso-ucan; its signature is for `verify`.
const outcome = (token) => {
  const [, signed] = dagCbor.decode(token);
  const { args, iss } = Object.entries(signed).find(([tag]) => tag !== "h")[1];
  return { token: text(token), iss, ran: args.ran.toString(), out: given(args.out) };
};

const send = async (url, options) => {
  const response = await fetch(url, options);
  return { response, body: new Uint8Array(await response.arrayBuffer()) };
};

export const deeds = {
  pack: ({ letter, tokens }) => text(encode(letter, tokens)),
  unpack: ({ container }) => decode(Buffer.from(bytes(container))).map(text),
  // To our server, and what comes back: its receipts.
  post: async ({ url, tokens, type = CONTENT_TYPE }) => {
    const { response, body } = await send(url, { method: "POST", headers: { "Content-Type": type }, body: pack(tokens) });
    if (response.headers.get("Content-Type") !== CONTENT_TYPE) return { status: response.status, says: Buffer.from(body).toString() };
    return { status: response.status, receipts: unpack(body).map(outcome) };
  },
  // The same by a GET, in a header.
  get: async ({ url, letter, tokens }) => {
    const { response } = await send(url, { headers: { "X-UCAN-Container": encode(letter, tokens).toString() } });
    const held = response.headers.get("X-UCAN-Container");
    return { status: response.status, receipts: held ? decode(Buffer.from(held)).map(outcome) : [] };
  },
};
