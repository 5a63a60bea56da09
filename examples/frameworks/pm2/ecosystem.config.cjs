// npx pm2 start pm2/ecosystem.config.cjs --only orders
const server = {
  script: "express.ts",
  interpreter: "node",
  // PM2 sends SIGINT, and kills the process after 1.6 seconds by default.
  kill_timeout: 10_000
}

module.exports = {
  apps: [
    { ...server, name: "orders", exec_mode: "fork" },
    // Each process has metrics of its own, and a scrape reaches any one of them. So have each export to a collector.
    { ...server, name: "orders-cluster", exec_mode: "cluster", instances: 2 }
  ]
}
