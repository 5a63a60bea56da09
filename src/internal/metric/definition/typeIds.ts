/** The keys by which definitions and sets are known. */
export const TypeId = "~mvx-metrics/Metric"

/**
 * The key of the events that a metric or a set reads, which exists as a type only. The type checker looks them up under
 * it in one step. A conditional type would cost it a step for each event of the family.
 */
export declare const EventsTypeId: "~mvx-metrics/Events"

export const SetTypeId = "~mvx-metrics/MetricSet"
