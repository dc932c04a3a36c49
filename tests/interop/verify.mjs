// Verify many bundles: node verify.mjs CASES.json, where each case names files and who must have signed.
import fs from 'node:fs';
import crypto from 'node:crypto';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const verdicts = {};
for (const one of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  try {
    const root = TrustedRoot.fromJSON(JSON.parse(fs.readFileSync(one.root, 'utf8')));
    const keys = one.key && (() => ({
      publicKey: crypto.createPublicKey(fs.readFileSync(one.key, 'utf8')),
      validFor: () => true,
    }));
    const bundle = bundleFromJSON(JSON.parse(fs.readFileSync(one.bundle, 'utf8')));
    const verifier = new Verifier(toTrustMaterial(root, keys), {
      timestampThreshold: one.key ? 0 : 1,
      tlogThreshold: one.key ? 0 : 1,
    });
    const policy = one.identity && {
      subjectAlternativeName: one.identity,
      extensions: { issuer: one.issuer },
    };
    verifier.verify(toSignedEntity(bundle), policy);
    verdicts[one.name] = 'accept';
  } catch (error) {
    verdicts[one.name] = String(error.message || error).split('\n')[0];
  }
}
console.log(JSON.stringify(verdicts));
