/** The keys that identify definitions and sets. */
export const TypeId = "~mvx-metrics/Metric"

/**
 * The key of the events that a metric or a set reads, which exists only as a type. The type checker looks them up under
 * it in one step. A conditional type would take a step for each event of the family.
 */
export declare const EventsTypeId: "~mvx-metrics/Events"

export const SetTypeId = "~mvx-metrics/MetricSet"
