/** A text as the server takes it: without NUL and halves of character pairs, which no database holds, and cut to so many characters. */
export function plainText(text: string, most: number): string {
  return [...text.replace(/\0|\p{Surrogate}/gu, "").trim()].slice(0, most).join("");
}
