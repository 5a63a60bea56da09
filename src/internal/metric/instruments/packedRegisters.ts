/**
 * The registers of HyperLogLog as a string, so that a state is small plain data. It uses base-64 digits in the alphabet
 * of RFC 4648: one digit for the rank of each register, or, if that is shorter, three digits for the register and one
 * for its rank, for those that have a rank, in the order of the registers. The length shows which form it is: 2 to the
 * power of the precision, or less. Equal registers always give the same string.
 */
import { type Registers, registersOf } from "./hyperLogLog.ts"

const Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

const digits = new Uint8Array(128)
for (let digit = 0; digit < Digits.length; digit++) digits[Digits.charCodeAt(digit)] = digit

/** The number of characters per register in the short form. */
const Width = 4

const digitAt = (text: string, at: number): number => digits[text.charCodeAt(at)]!

const registerAt = (short: string, at: number): number =>
  (digitAt(short, at) << 12) | (digitAt(short, at + 1) << 6) | digitAt(short, at + 2)

const shortOf = (register: number, rank: number): string =>
  Digits[register >> 12]! + Digits[(register >> 6) & 63]! + Digits[register & 63]! + Digits[rank]!

export const packed = (registers: Registers): string => {
  let count = 0
  for (const rank of registers) if (rank > 0) count++
  const short = count * Width < registers.length
  let text = ""
  for (let register = 0; register < registers.length; register++) {
    const rank = registers[register]!
    if (!short) text += Digits[rank]
    else if (rank > 0) text += shortOf(register, rank)
  }
  return text
}

export const unpacked = (text: string, precision: number): Registers => {
  if (text.length < 2 ** precision) return unpackedShort(text, precision)
  const registers = registersOf(precision)
  for (let register = 0; register < text.length; register++) registers[register] = digitAt(text, register)
  return registers
}

const unpackedShort = (short: string, precision: number): Registers => {
  const registers = registersOf(precision)
  for (let at = 0; at < short.length; at += Width) registers[registerAt(short, at)] = digitAt(short, at + 3)
  return registers
}

/** The rank of one register. */
export const rankAt = (text: string, precision: number, register: number): number => {
  if (text.length === 2 ** precision) return digitAt(text, register)
  const at = placeOf(text, register)
  return at < text.length && registerAt(text, at) === register ? digitAt(text, at + 3) : 0
}

/** With another rank for one register. */
export const changed = (text: string, precision: number, register: number, rank: number): string => {
  if (text.length === 2 ** precision) return text.slice(0, register) + Digits[rank] + text.slice(register + 1)
  const at = placeOf(text, register)
  const known = at < text.length && registerAt(text, at) === register
  const short = text.slice(0, at) + shortOf(register, rank) + text.slice(known ? at + Width : at)
  return short.length < 2 ** precision ? short : packed(unpackedShort(short, precision))
}

/** The place of a register in the short form, or where it would be. */
const placeOf = (short: string, register: number): number => {
  let from = 0
  let to = short.length / Width
  while (from < to) {
    const middle = (from + to) >> 1
    if (registerAt(short, middle * Width) < register) from = middle + 1
    else to = middle
  }
  return from * Width
}
