import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const components = new URL("../../pages/components/", import.meta.url);

// A component is one script without exports (view.py joins its files): "component:<folder>" is that script, and every
// name at its top level can be imported.
const joined = {
  name: "components",
  resolveId: (id) => (id.startsWith("component:") ? `\0${id}` : null),
  load(id) {
    if (!id.startsWith("\0component:")) return null;
    const folder = new URL(`${id.slice("\0component:".length)}/`, components);
    const view = readFileSync(new URL("view.py", folder), "utf-8");
    const files = [...new Set(view.match(/[\w./]+\.js(?=")/g))];
    const script = files.map((file) => readFileSync(new URL(file, folder), "utf-8")).join("\n");
    const names = [...script.matchAll(/^(?:class|const|let|(?:async )?function) (\w+)/gm)].map(([, name]) => name);
    return `${script}\nexport { ${names.join(", ")} };`;
  },
};

export default defineConfig({
  plugins: [joined],
  test: { environment: "jsdom", setupFiles: ["./browser.js"], restoreMocks: true },
});
