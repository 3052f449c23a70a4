import { expect, test } from "vitest";
import { colorAt, LABEL_COLORS } from "../src/label-colors";
import { parseSchema } from "../src/schema";

/** Relative luminance after WCAG 2.2. */
function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a: string, b: string): number => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((left, right) => right - left);
  return (light + 0.05) / (dark + 0.05);
};

test("every colour is seen on the paper of both themes, and none comes twice", () => {
  for (const color of LABEL_COLORS) for (const paper of ["#ffffff", "#0f1312"]) expect(contrast(color, paper)).toBeGreaterThanOrEqual(3);
  expect(new Set(LABEL_COLORS).size).toBe(24);
  expect(colorAt(24)).toBe(LABEL_COLORS[0]);
});

test("labels of spans get colours of their own, those of choices only what the project says", () => {
  const labels = [{ value: "a" }, { value: "b", color: "#112233" }, { value: "c" }];
  const schema = parseSchema({ display: [], controls: [{ name: "s", type: "spans", field: "text", labels }, { name: "c", type: "choice", labels }] });
  expect(schema.controls[0]?.labels.map((label) => label.color)).toEqual([LABEL_COLORS[0], "#112233", LABEL_COLORS[2]]);
  expect(schema.controls[1]?.labels.map((label) => label.color)).toEqual([null, "#112233", null]);
});
