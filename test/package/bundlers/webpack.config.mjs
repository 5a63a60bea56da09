export default {
  mode: "production",
  target: "node22",
  entry: { main: "./main.webpack.ts" },
  output: { filename: "[name].cjs", chunkFilename: "[name].cjs" },
  // A server gains nothing from smaller files, and stack traces stay readable.
  optimization: { minimize: false },
  module: {
    // By default webpack looks for Workers of "worker_threads", without the prefix.
    parser: { javascript: { worker: ["Worker from node:worker_threads", "..."] } },
    rules: [{ test: /\.ts$/, loader: "esbuild-loader", options: { target: "node22" } }]
  }
}
