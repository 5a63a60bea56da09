/** The files of a flight recorder: one per recording, the last ones of a folder. */
import { mkdir, readdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { FlightRecording } from "./recording.ts"

const Name = /^flight-\d{4}-.*\.ndjson$/

let written = 0

/** Writes a recording, and removes the oldest files beyond so many. Returns the path of the file. */
export const writeRecording = async (directory: string, recording: FlightRecording, most: number): Promise<string> => {
  await mkdir(directory, { recursive: true })
  const time = new Date(recording.at).toISOString().replaceAll(":", "-")
  const number = `${++written}`.padStart(6, "0")
  const file = join(directory, `flight-${time}-${process.pid}-${number}-${recording.incident.reason}.ndjson`)
  await writeFile(file, recording.toNdjson(), { flag: "wx" })
  const all = (await readdir(directory)).filter((name) => Name.test(name)).sort()
  for (const name of all.slice(0, -most)) await rm(join(directory, name), { force: true })
  return file
}
