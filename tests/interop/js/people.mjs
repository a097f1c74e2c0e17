// Who signs: the signers of iso-signatures, by name.
import { DID, Resolver as DidResolver } from "iso-did";
import { resolver as keyMethod } from "iso-did/key";
import { createPlcResolver } from "iso-did/plc";
import { EIP191Signer } from "iso-signatures/signers/eip191.js";
import { ECDSASigner } from "iso-signatures/signers/ecdsa.js";
import { EdDSASigner } from "iso-signatures/signers/eddsa.js";
import { ES256KSigner } from "iso-signatures/signers/es256k.js";
import { RSASigner } from "iso-signatures/signers/rsa.js";
import * as Address from "ox/Address";
import * as Personal from "ox/PersonalMessage";
import * as Secp256k1 from "ox/Secp256k1";
import * as Signature from "ox/Signature";

import { bytes } from "./bytes.mjs";

const signers = new Map();

// A wallet in a browser, as iso-signatures knows it: it signs messages of Ethereum.
const wallet = () => {
  const privateKey = Secp256k1.randomPrivateKey();
  const sign = ([message]) =>
    Signature.toHex(Secp256k1.sign({ payload: Personal.getSignPayload(message), privateKey }));
  const address = Address.fromPublicKey(Secp256k1.getPublicKey({ privateKey })).toLowerCase();
  return { address, provider: { request: async ({ params }) => sign(params) } };
};

const kinds = {
  ed25519: ({ secret }, did) => new EdDSASigner(did, bytes(secret)),
  secp256k1: ({ secret }, did) => new ES256KSigner(did, bytes(secret)),
  p256: ({ jwk }, did) => ECDSASigner.importJwk(jwk, did),
  p384: () => ECDSASigner.generate("P-384"),
  p521: () => ECDSASigner.generate("P-521"),
  rsa: () => RSASigner.generate(),
  eip191: () => EIP191Signer.from({ ...wallet(), chainId: 1 }),
};

export const signer = (name) => {
  const found = signers.get(name);
  if (!found) throw new Error(`nobody is called ${name}`);
  return found;
};

let resolver;
export const didResolver = () => resolver;

export const deeds = {
  // Takes a key of Python's, under its own did:key or under another DID, or makes a key where Python has none of that kind.
  person: async ({ name, kind, did, ...key }) => {
    signers.set(name, await kinds[kind](key, did && (await DID.fromString(did, resolver))));
    return signer(name).did;
  },
  // From now on did:plc is resolved by this directory. Nothing is kept.
  directory: ({ url }) => {
    resolver = new DidResolver({ ...keyMethod, plc: createPlcResolver(url) }, { cache: false });
  },
};
