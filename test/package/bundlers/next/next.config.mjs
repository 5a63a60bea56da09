export default {
  output: "standalone"
}
