// Prints the identifier of every unit that Grafana knows, one a line. Used by tests/test_grafana_judges.py.
import { createRequire } from 'node:module';

// Node before 21 has no navigator; the names of date formats ask it for a language
globalThis.navigator ??= { language: 'en-US', languages: ['en-US'] };

// the package's ES modules import names that a CommonJS dependency does not export; its CommonJS build loads
const { getValueFormats } = createRequire(import.meta.url)('@grafana/data');

const ids = getValueFormats().flatMap((group) => group.submenu.map((format) => format.value));
process.stdout.write(ids.join('\n') + '\n');
