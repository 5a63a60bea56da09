/** The files of a flight recorder: one per recording, limited to the latest ones of a folder. */
import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FlightRecording } from "./recording.ts"

const Name = /^flight-\d{4}-.*\.ndjson$/

let written = 0

/**
 * Writes a recording, whose text is `parts`, and removes the oldest files beyond the limit. Returns the path of the
 * file. Nothing is left of a file that could not be completed.
 */
export const writeRecording = async (
  directory: string,
  { at, incident }: FlightRecording,
  parts: Iterable<string>,
  most: number
): Promise<string> => {
  await mkdir(directory, { recursive: true })
  const time = new Date(at).toISOString().replaceAll(":", "-")
  const number = `${++written}`.padStart(6, "0")
  const file = join(directory, `flight-${time}-${process.pid}-${number}-${incident.reason}.ndjson`)
  const part = `${file}.part`
  try {
    await writeFile(part, parts, { flag: "wx" })
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
  const all = (await readdir(directory)).filter((name) => Name.test(name)).sort()
  for (const name of all.slice(0, -most)) await rm(join(directory, name), { force: true })
  return file
}
