// A did:plc by the directory's own library.
import { Secp256k1Keypair } from "@atproto/crypto";
import { Client, addSignature, didForCreateOp, validateOperationLog } from "@did-plc/lib";

const rotations = new Map();

const operation = (rotation, keys) => ({
  type: "plc_operation",
  verificationMethods: keys,
  rotationKeys: [rotation.did()],
  alsoKnownAs: [],
  services: {},
});

export const deeds = {
  // `keys`: did:key by name.
  "plc/create": async ({ url, keys }) => {
    const rotation = await Secp256k1Keypair.create();
    const first = await addSignature({ ...operation(rotation, keys), prev: null }, rotation);
    const did = await didForCreateOp(first);
    await new Client(url).sendOperation(did, first);
    rotations.set(did, rotation);
    return did;
  },
  "plc/rotate": ({ url, did, keys }) =>
    new Client(url).updateData(did, rotations.get(did), (last) => ({ ...last, verificationMethods: keys })),
  "plc/tombstone": ({ url, did }) => new Client(url).tombstone(did, rotations.get(did)),
  // All operations of a DID, whoever made them, verified by the library: what they come to.
  "plc/data": async ({ url, did }) => validateOperationLog(did, await new Client(url).getOperationLog(did)),
};
