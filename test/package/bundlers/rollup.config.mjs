import commonjs from "@rollup/plugin-commonjs"
import json from "@rollup/plugin-json"
import { nodeResolve } from "@rollup/plugin-node-resolve"
import esbuild from "rollup-plugin-esbuild"

export default {
  input: { main: "main.ts", "metrics.worker": "metrics.worker.ts" },
  output: { dir: "dist", format: "es", entryFileNames: "[name].js" },
  plugins: [nodeResolve({ preferBuiltins: true }), commonjs(), json(), esbuild({ target: "node22" })]
}
