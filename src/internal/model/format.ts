/**
 * The format of a scrape: Prometheus text, or OpenMetrics.
 *
 * @category options
 * @since 0.1.0
 */
export type Format = "text" | "openmetrics"
