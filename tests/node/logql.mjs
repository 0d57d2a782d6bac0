// Parses LogQL with Grafana's own grammar. Reads queries as JSON strings, one a line; prints for each a JSON list of the
// places where the grammar had to skip or invent something: [] is a query without a fault.
import { createInterface } from "node:readline";
import { parser } from "@grafana/lezer-logql";

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === "") continue;
  const query = JSON.parse(line);
  const faults = [];
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError) faults.push({ from: node.from, to: node.to, text: query.slice(node.from, node.to) });
    },
  });
  console.log(JSON.stringify(faults));
}
