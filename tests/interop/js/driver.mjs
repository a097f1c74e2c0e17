// JSON lines in, JSON lines out: {"do": name, ...} is answered by {"ok": value} or {"error": message}, in order.
// Bytes are base64, values of the data model base64 of their DAG-CBOR.
import { createInterface } from "node:readline";

import * as container from "./container.mjs";
import * as people from "./people.mjs";
import * as plc from "./plc.mjs";
import * as ucan from "./ucan.mjs";

const deeds = { ...container.deeds, ...people.deeds, ...plc.deeds, ...ucan.deeds };

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer;
  try {
    answer = { ok: (await deeds[asked.do](asked)) ?? null };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  console.log(JSON.stringify(answer));
}
