import { MetricsStore } from "mvx-metrics/MetricsStore"
import { eventStoreSuite } from "./eventStoreSuite.ts"

eventStoreSuite("a store of events in memory", MetricsStore.layerMemory)
