// Verifies every signature of every message of a folder with mailauth. Usage: verify.js KEYS FOLDER
const fs = require('node:fs');
const path = require('node:path');
const { dkimVerify } = require('mailauth/lib/dkim/verify');

const [keyFile, folder] = process.argv.slice(2);
const keys = new Map(fs.readFileSync(keyFile, 'ascii').trim().split('\n').map(line => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));

async function resolver(name) {
  if (keys.has(name)) return [[keys.get(name)]];
  throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
}

(async () => {
  for (const file of fs.readdirSync(folder).sort()) {
    const { results } = await dkimVerify(fs.readFileSync(path.join(folder, file)), { resolver });
    const signed = results.filter(result => result.status.result !== 'none');
    console.log(file, signed.every(result => result.status.result === 'pass') ? signed.length : -1);
  }
})();
