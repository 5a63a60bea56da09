import { MetricsStore } from "mvx-metrics/MetricsStore"
import { stateStoreSuite } from "./stateStoreSuite.ts"

stateStoreSuite("a store in memory", MetricsStore.layerMemory)
