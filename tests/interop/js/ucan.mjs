// Tokens by iso-ucan: made, and verified.
import { readFile } from "node:fs/promises";

import * as dagCbor from "@ipld/dag-cbor";
import { DID } from "iso-did";
import { MemoryDriver } from "iso-kv/drivers/memory.js";
import { verifier as ECDSA } from "iso-signatures/verifiers/ecdsa.js";
import { verifier as EdDSA } from "iso-signatures/verifiers/eddsa.js";
import { verifier as EIP191 } from "iso-signatures/verifiers/eip191.js";
import { Resolver } from "iso-signatures/verifiers/resolver.js";
import { verifier as RSA } from "iso-signatures/verifiers/rsa.js";
import { Capability } from "iso-ucan/capability";
import { Delegation } from "iso-ucan/delegation";
import * as Envelope from "iso-ucan/envelope";
import { Invocation } from "iso-ucan/invocation";
import { defineClient, defineCommand, defineServer, receipt, receiptResult } from "iso-ucan/rpc";
import { Store } from "iso-ucan/store";
import { z } from "zod/v4";

import { bytes, given, text, value } from "./bytes.mjs";
import { didResolver, signer } from "./people.mjs";

const verifierResolver = new Resolver({ ...ECDSA, ...EdDSA, ...EIP191, ...RSA });
const how = () => ({ verifierResolver, didResolver: didResolver() });
const delegation = (token) => Delegation.from({ bytes: bytes(token), ...how() });

// Of the P-256 signatures that WebCrypto makes half have a high s. `s` says which are wanted; by itself, low ones.
const HALF = 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n;
const isHigh = (signature) => BigInt(`0x${Buffer.from(signature.slice(32)).toString("hex")}`) > HALF;

const until = async (s, make) => {
  let token;
  do token = await make();
  while (token.envelope.alg === "ES256" && isHigh(token.envelope.signature) !== (s === "high"));
  return { token: text(token.bytes), cid: token.cid.toString() };
};

const echo = defineCommand({ cmd: "/debug/echo", args: z.any(), receipt: receipt(receiptResult(z.any())) });

const parts = ({ issuer, args, pol, nonce, meta, ...rest }) => ({
  ...rest,
  iss: signer(issuer),
  ...(args === undefined ? {} : { args: value(args) }),
  ...(pol === undefined ? {} : { pol: value(pol) }),
  ...(nonce === undefined ? {} : { nonce: bytes(nonce) }),
  ...(meta === undefined ? {} : { meta: value(meta) }),
});

export const deeds = {
  // `now` is the time by which iso-ucan looks whether it would have expired.
  delegate: ({ s, ...rest }) => until(s, () => Delegation.create(parts(rest))),
  // iso-ucan verifies the proofs, and its own invocation, before it signs.
  invoke: async ({ s, prf, ...rest }) => {
    const proofs = await Promise.all(prf.map(delegation));
    return until(s, () => Invocation.create({ ...parts(rest), ...how(), prf: proofs }));
  },
  // The same without looking at anything: what somebody sends who means ill, or has another clock.
  force: async ({ issuer, kind, payload, version }) => {
    const signed = await Envelope.sign({ spec: kind, signer: signer(issuer), payload: value(payload), version });
    return { token: text(Envelope.encode(signed)) };
  },
  // Its command line to others: finds the proofs in a store, by itself.
  chain: async ({ prf, cmd, sub, args, issuer, aud }) => {
    const store = new Store(new MemoryDriver());
    await store.add(await Promise.all(prf.map(delegation)));
    const capability = Capability.from({ schema: z.any(), cmd });
    const made = await capability.invoke({ iss: signer(issuer), sub, aud, args: value(args), store, exp: null, ...how() });
    return { token: text(made.bytes), proofs: made.delegations.map((one) => one.cid.toString()) };
  },
  // All that it verifies of a delegation: signature, both times.
  accept: async ({ token, revoked = [] }) => {
    const isRevoked = async (cid) => revoked.includes(cid.toString());
    const read = await Delegation.from({ bytes: bytes(token), isRevoked, ...how() });
    await read.validate({ isRevoked, ...how() });
    return { cid: read.cid.toString(), cmd: read.cmd, sub: read.sub, iss: read.iss };
  },
  // All that it verifies of an invocation: as above, for each proof; audience, chain, commands, policies.
  verify: async ({ token, prf, audience, revoked = [] }) => {
    const store = new Store(new MemoryDriver());
    await store.add(await Promise.all(prf.map(delegation)));
    const read = await Invocation.from({
      bytes: bytes(token),
      audience: { did: audience },
      resolveProof: store.resolveProof.bind(store),
      isRevoked: async (cid) => revoked.includes(cid.toString()),
      ...how(),
    });
    return { cid: read.cid.toString(), cmd: read.payload.cmd, args: given(read.payload.args) };
  },
  // Its own HTTP client, which knows another protocol than ours.
  rpc: async ({ issuer, url, audience, args }) => {
    const client = defineClient(
      { echo },
      { url, issuer: signer(issuer), audience: { did: audience }, store: new Store(new MemoryDriver()), verifierResolver },
    );
    return client.request({ cmd: "/debug/echo", args: value(args) });
  },
  // Its own HTTP server, asked without a network: one echo, whose audience is whoever signs for it.
  serve: async ({ issuer, prf, body, type }) => {
    const store = new Store(new MemoryDriver());
    await store.add(await Promise.all(prf.map(delegation)));
    const handlers = { "/debug/echo": ({ args, invocation }) => ({ cid: invocation.cid, result: args }) };
    const served = defineServer({ echo }, { handlers, signer: signer(issuer), store, verifierResolver });
    const headers = type ? { "Content-Type": type } : {};
    const response = await served(new Request("http://localhost/", { method: "POST", headers, body: bytes(body) }));
    return { status: response.status, body: await response.json() };
  },
  // The signature of what its `Invocation` does not read, such as a receipt: by its envelope and its verifiers alone.
  signed: async ({ token }) => {
    const { alg, payload, signature, spec, version } = Envelope.decode({ envelope: bytes(token) });
    const message = dagCbor.encode(Envelope.getSignaturePayload({ spec, version, payload, signatureType: alg }));
    const did = await DID.fromString(payload.iss, didResolver());
    if (!(await verifierResolver.verify({ signature, message, did, type: alg }))) throw new Error("signature verification failed");
  },
  // What it has, for what it does not have.
  exports: async () => {
    const own = new URL("./package.json", import.meta.resolve("iso-ucan").replace("src/index.js", ""));
    return Object.keys(JSON.parse(await readFile(own)).exports);
  },
};
