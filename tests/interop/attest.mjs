// Sign a statement with a private stack: node attest.mjs URL TOKEN STATEMENT BUNDLE VERSION
import fs from 'node:fs';
import { bundleToJSON } from '@sigstore/bundle';
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from '@sigstore/sign';

const [url, token, statement, out, version] = process.argv.slice(2);
const identityProvider = { getToken: async () => fs.readFileSync(token, 'utf8') };
const builder = new DSSEBundleBuilder({
  signer: new FulcioSigner({ fulcioBaseURL: url, identityProvider }),
  witnesses: [
    new RekorWitness({ rekorBaseURL: url, entryType: 'dsse', majorApiVersion: Number(version) }),
    new TSAWitness({ tsaBaseURL: url }),
  ],
});
const made = await builder.create({
  data: fs.readFileSync(statement),
  type: 'application/vnd.in-toto+json',
});
fs.writeFileSync(out, JSON.stringify(bundleToJSON(made)));
