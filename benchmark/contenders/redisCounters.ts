/**
 * Counters and histograms in Redis, as PHP's Prometheus client keeps them (promphp/prometheus_client_php, its class
 * `AbstractRedis`): a maintained client for Node that does so was not found. One script for each metric and event, sent as text.
 * A counter is a field of a hash for its label values; a histogram has a field for its sum and one for each bucket. Both
 * register themselves in a set, with what they are, for whoever scrapes. The scripts have the same commands in the same
 * order, and are written anew.
 */
/** What is needed of a client of Redis. */
interface Client {
  readonly sendCommand: (args: ReadonlyArray<string>) => Promise<unknown>
}

const count = `
local sum = redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[2])
if redis.call('SADD', KEYS[2], KEYS[1]) == 1 then redis.call('HSET', KEYS[1], '__meta', ARGV[3]) end
return sum
`

const observe = `
local sum = redis.call('HINCRBYFLOAT', KEYS[1], ARGV[1], ARGV[3])
redis.call('HINCRBY', KEYS[1], ARGV[2], 1)
if tonumber(sum) >= tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], '__meta', ARGV[4])
  redis.call('SADD', KEYS[2], KEYS[1])
end
return sum
`

const buckets = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

const metaOf = (type: string, name: string, labelNames: ReadonlyArray<string>, rest: object = {}): string =>
  JSON.stringify({ name, help: `${name} of the benchmark`, type, labelNames, ...rest })

const ofRequests = metaOf("counter", "requests", ["method", "route"])
const ofDurations = metaOf("histogram", "duration", ["method"], { buckets })

/** What an event costs there that has a counter by two labels and a histogram by one. */
export const countInRedis = (
  client: Client,
  { method, route, seconds }: { readonly method: string; readonly route: string; readonly seconds: number }
): Promise<unknown> => {
  const bucket = buckets.find((boundary) => seconds <= boundary) ?? "+Inf"
  const labelValues = [method]
  const field = (b: string | number): string => JSON.stringify({ b, labelValues })
  return Promise.all([
    client.sendCommand([
      ...["EVAL", count, "2", "PROMETHEUS_:counter:requests", "PROMETHEUS_counter_METRIC_KEYS"],
      ...[JSON.stringify([method, route]), "1", ofRequests]
    ]),
    client.sendCommand([
      ...["EVAL", observe, "2", "PROMETHEUS_:histogram:duration", "PROMETHEUS_histogram_METRIC_KEYS"],
      ...[field("sum"), field(bucket), String(seconds), ofDurations]
    ])
  ])
}
