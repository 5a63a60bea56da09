/** The ways to add up processes, as loads of a scenario. */
import { noRead } from "./load.ts"
import { at } from "./measure/line.ts"
import { noReport, replacing, sumOf, type Way } from "./parts.ts"

/** Each process writes its states to Redis, and a reader merges them. */
const states: Way = ({ redis, states: costs }, scenario) => {
  const bytes = sumOf(costs.bytes, scenario)
  const { known, memory, read, write } = redis
  return {
    sources: scenario.processes,
    write: {
      every: scenario.every,
      ofWrite: { bytes: at(write.wire, bytes), storeMillis: at(write.millis, bytes) },
      ...replacing
    },
    memory: at(memory, bytes),
    network: scenario.network,
    report: {
      ...noReport(scenario.report),
      ofSource: {
        read: known.wire,
        written: 0,
        storeMillis: known.millis,
        readerMillis: known.client + sumOf(costs.merge, scenario)
      },
      ofChanged: {
        read: at(read.wire, bytes),
        written: 0,
        storeMillis: at(read.millis, bytes),
        readerMillis: at(read.client, bytes) + sumOf(costs.decode, scenario)
      }
    }
  }
}

/**
 * Each process appends its events to Redis, and aggregators fold them. Each of these looks at all processes, and commits all
 * states of a recorder of which it has folded an event.
 */
const events: Way = ({ events: costs, redis }, scenario) => {
  const { append, commit, known, memory, read } = costs.redis
  const { aggregators } = scenario
  const state = sumOf(costs.state, scenario)
  const perMilli = scenario.events / 1000
  /** Of a batch, without its events; and of each event. */
  const ofBatch = costs.batch.fixed + costs.label * (Math.min(scenario.series, perMilli * scenario.append) - 1)
  const ofEvent = costs.batch.each
  return {
    sources: scenario.processes,
    write: {
      every: scenario.append,
      ofWrite: { bytes: at(append.wire, ofBatch), storeMillis: at(append.millis, ofBatch) },
      ofMilli: {
        bytes: perMilli * append.wire.each * ofEvent,
        storeMillis: perMilli * append.millis.each * ofEvent
      },
      isKept: true
    },
    memory: at(redis.memory, state) + memory.fixed,
    network: scenario.network,
    report: {
      every: scenario.fold,
      readers: aggregators,
      millis: 0,
      // Each aggregator looks at all of them.
      ofSource: {
        read: known.wire * aggregators,
        written: 0,
        storeMillis: known.millis * aggregators,
        readerMillis: known.client * aggregators
      },
      ofChanged: {
        read: read.wire.fixed,
        written: at(commit.wire, state),
        storeMillis: read.millis.fixed + at(commit.millis, state),
        readerMillis: read.client.fixed + at(commit.client, state) + sumOf(costs.commitMillis, scenario)
      },
      ofWrite: {
        read: read.wire.each * ofBatch,
        written: 0,
        storeMillis: read.millis.each * ofBatch,
        readerMillis: read.client.each * ofBatch
      },
      ofMilli: {
        read: perMilli * read.wire.each * ofEvent,
        written: 0,
        storeMillis: perMilli * read.millis.each * ofEvent,
        readerMillis: perMilli * (read.client.each * ofEvent + costs.foldMillis)
      }
    }
  }
}

/** All processes are those of one host, and report to its primary, whose thread is the store and the reader. */
const cluster: Way = ({ cluster }, scenario) => ({
  sources: scenario.processes,
  write: {
    every: ClusterInterval,
    ofWrite: { bytes: sumOf(cluster.message, scenario), storeMillis: sumOf(cluster.receive, scenario) },
    ...replacing
  },
  memory: sumOf(cluster.message, scenario),
  // Pipes of one host.
  network: Number.POSITIVE_INFINITY,
  report: {
    ...noReport(scenario.report),
    ofSource: { ...noRead, storeMillis: sumOf(cluster.merge, scenario) }
  }
})

/** The interval of `MetricsCluster.layerWorker`, in milliseconds. */
const ClusterInterval = 1000

/** A Prometheus scrapes so many bytes and series from each process. */
const scraped = ({ prometheus }: Parameters<Way>[0], scenario: Parameters<Way>[1], bytes: number, series: number) => ({
  sources: scenario.processes,
  write: { every: scenario.report, ofWrite: { bytes, storeMillis: series * prometheus.millis.each }, ...replacing },
  memory: series * prometheus.memory.each,
  network: scenario.network,
  report: noReport(scenario.report)
})

/** In the text format, in which a histogram is a series for each bucket. */
const scrape: Way = (constants, scenario) => {
  const { samples, text } = constants.exports
  return scraped(constants, scenario, sumOf(text, scenario), sumOf(samples, scenario))
}

/** The processes of each host are added up by its primary, which is scraped for all of them. */
const scrapePerHost: Way = (constants, scenario) =>
  scrape(constants, { ...scenario, processes: Math.ceil(scenario.processes / scenario.perHost) })

/**
 * Scrapes in protobuf, with exponential histograms in the place of those with boundaries. Each is one native histogram, of
 * which it is assumed that it costs Prometheus as much as one series.
 */
const native: Way = (constants, scenario) => {
  const { exponential, histogram } = scenario.mix
  const of = { ...scenario, mix: { ...scenario.mix, histogram: 0, exponential: exponential + histogram } }
  const { protobuf, samples } = constants.exports
  const series = sumOf({ ...samples, series: { ...samples.series, exponential: 1 } }, of)
  return scraped(constants, scenario, sumOf(protobuf, of), series)
}

/** Each process sends its metrics to a collector, of which nothing is known here but what it gets. */
const otlp: Way = ({ exports }, scenario) => ({
  sources: scenario.processes,
  write: { every: scenario.export, ofWrite: { bytes: sumOf(exports.otlp, scenario), storeMillis: 0 }, ...replacing },
  memory: 0,
  network: scenario.network,
  report: noReport(scenario.export)
})

/** Likewise, by remote write. */
const remoteWrite: Way = ({ exports }, scenario) => ({
  sources: scenario.processes,
  write: {
    every: scenario.report,
    ofWrite: { bytes: sumOf(exports.remoteWrite, scenario), storeMillis: 0 },
    ...replacing
  },
  memory: 0,
  network: scenario.network,
  report: noReport(scenario.report)
})

export const ways: { readonly [name: string]: Way } = {
  scrape,
  "scrape-native": native,
  "scrape-per-host": scrapePerHost,
  "remote-write": remoteWrite,
  otlp,
  cluster,
  states,
  events
}
