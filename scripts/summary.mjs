// Adds up what the test runners wrote (CTRF from xunit, Jest-shaped JSON from vitest) and prints the closing line.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [folder, broken] = [process.argv[2], Number(process.argv[3])];
let passed = 0;
let failed = broken;
let skipped = 0;
for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
  const report = JSON.parse(readFileSync(join(folder, file), "utf8"));
  if (report.results) {
    const { summary, tests } = report.results;
    passed += summary.passed;
    failed += summary.failed;
    skipped += summary.skipped + summary.pending;
    for (const test of tests.filter((t) => t.status === "failed")) console.log(`failed: ${test.name}\n  ${test.message ?? ""}`);
    for (const test of tests.filter((t) => t.status === "skipped")) console.log(`skipped: ${test.name}: ${test.message ?? ""}`);
  } else {
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests;
    failed += report.testResults.filter((suite) => suite.status === "failed" && suite.assertionResults.length === 0).length;
  }
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
