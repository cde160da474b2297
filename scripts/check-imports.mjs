// Runs the import rules of .dependency-cruiser.mjs and fails when fewer modules were seen than src/ and page/ have files:
// a cruise that reads nothing finds no violations either.
import {execFileSync} from 'node:child_process';
import {readdirSync} from 'node:fs';

const files = ['src', 'page'].flatMap((folder) =>
  readdirSync(folder, {recursive: true}).filter((name) => /\.tsx?$/.test(name)),
).length;
let report;
try {
  report = execFileSync('npx', ['depcruise', 'src', 'page', '--output-type', 'json'], {
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  });
} catch (error) {
  report = error.stdout;
}
const {modules, summary} = JSON.parse(report);
const seen = modules.filter(({source}) => /^(src|page)\//.test(source)).length;
for (const {rule, from, to} of summary.violations) console.error(`${rule.name}: ${from} -> ${to}`);
console.log(
  `import rules: ${seen} of ${files} modules seen, ${summary.violations.length} violations`,
);
if (seen < files || summary.error > 0) process.exit(1);
