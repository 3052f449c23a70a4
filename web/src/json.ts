/** Unknown JSON read piece by piece; a wrong piece is an error that names its place. */

/** Thrown when an answer of the server doesn't have the promised shape; the message names the place. */
export class WireError extends Error {}

export type Json = Record<string, unknown>;

export function object(value: unknown, place: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new WireError(`${place} is not an object`);
  return value as Json;
}

export function list(value: unknown, place: string): unknown[] {
  if (!Array.isArray(value)) throw new WireError(`${place} is not a list`);
  return value;
}

export function number(value: unknown, place: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new WireError(`${place} is not a number`);
  return value;
}

export function text(value: unknown, place: string): string {
  if (typeof value !== "string") throw new WireError(`${place} is not a text`);
  return value;
}

export function time(value: unknown, place: string): number {
  const at = Date.parse(text(value, place));
  if (Number.isNaN(at)) throw new WireError(`${place} is not a time`);
  return at;
}

export const optionalText = (value: unknown): string => (typeof value === "string" ? value : "");
export const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

