// Verifies a webhook of Countinghouse. Node.js alone, 18 or later.
//
// As a program: WEBHOOK_KEYS="whsec_… whpk_…" node verify.mjs ID TIMESTAMP SIGNATURES < body

import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const TOLERANCE_SECONDS = 5 * 60;

// Returns if one of the keys made one of the signatures, else throws. `body` is the Buffer that came, not yet parsed.
export function verify(keys, headers, body, now = Date.now() / 1000) {
  const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
  const [id, timestamp, signatures] = names.map((name) => headers[name] ?? "");
  if (!/^[0-9]{1,12}$/.test(timestamp)) throw new Error("There is no timestamp.");
  if (Math.abs(now - Number(timestamp)) > TOLERANCE_SECONDS) throw new Error("The timestamp is too far from now.");
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  const isGenuine = keys.some((key) => signatures.split(" ").some((each) => madeBy(key, each, signed)));
  if (!isGenuine) throw new Error("No signature is of a known key.");
}

function madeBy(key, signature, signed) {
  const [version, text = ""] = signature.split(",");
  const given = Buffer.from(text, "base64");
  const raw = Buffer.from(key.slice(key.indexOf("_") + 1), "base64");
  if (version === "v1" && key.startsWith("whsec_")) {
    const made = crypto.createHmac("sha256", raw).update(signed).digest();
    return given.length === made.length && crypto.timingSafeEqual(given, made);
  }
  if (version === "v1a" && key.startsWith("whpk_")) {
    const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
    return crypto.verify(null, signed, crypto.createPublicKey({ key: jwk, format: "jwk" }), given);
  }
  return false;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [id, timestamp, signatures] = process.argv.slice(2);
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures };
  try {
    verify(process.env.WEBHOOK_KEYS.split(" "), headers, readFileSync(0));
    console.log("It is genuine.");
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
