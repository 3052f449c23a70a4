/**
 * Colours of labels that have none of their own: hues of even steps in OKLCH at three lightnesses, each with a contrast of at
 * least 3 to the paper of both themes (WCAG 2.2, 1.4.11), so that a line of them is seen by light and in the dark.
 */
export const LABEL_COLORS = [
  "#1f7dcf", "#be5a0a", "#0a9068", "#b25196", "#8962c5", "#8b7b02", "#028a9b", "#c34e54", "#508d23", "#626fd2", "#5e8fed", "#d27908",
  "#d5679c", "#b174d4", "#959a05", "#0b9fc2", "#df6a55", "#8d81e8", "#096b97", "#1e763e", "#7c5e07", "#017273", "#5a6c0c", "#3a61a7",
] as const;

/** The colour of the label at a place; beyond the last one they begin again. */
export const colorAt = (place: number): string => LABEL_COLORS[place % LABEL_COLORS.length] ?? LABEL_COLORS[0];
