/** The commands of docs/guides/bundlers.md by bundler. The last one runs the program that the others built. */
export const recipes: { readonly [bundler: string]: ReadonlyArray<string> } = {
  esbuild: [
    "npx esbuild main.ts metrics.worker.ts --bundle --platform=node --format=esm --target=node22 --outdir=dist",
    "node dist/main.js"
  ],
  "esbuild, CommonJS": [
    "npx esbuild main.commonjs.ts metrics.worker.ts --bundle --platform=node --format=cjs --target=node22 --outdir=dist --out-extension:.js=.cjs",
    "node dist/main.commonjs.cjs"
  ],
  tsup: ["npx tsup", "node dist/main.js"],
  Rollup: ["npx rollup -c", "node dist/main.js"],
  "Vite SSR": ["npx vite build", "node dist/main.js"],
  webpack: ["npx webpack", "node dist/main.cjs"]
}
