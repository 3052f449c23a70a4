/** How each field of an item is shown: one row for each display type. */
import type { ComponentChildren } from "preact";
import type { Display, Item } from "../wire";
import { usePage } from "./context";
import { ImageDisplay } from "./image-display";
import { TextDisplay } from "./text-display";

interface Look { enlarged: boolean }

const DISPLAYS: Readonly<Record<string, (value: string, key: string, look: Look) => ComponentChildren>> = {
  text: (value, key) => <TextDisplay key={key} text={value} />,
  image: (value, key, { enlarged }) => <ImageDisplay key={key} hash={value} enlarged={enlarged} />,
};

function asText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value, null, 2) : String(value);
}

export function ItemDisplay({ item, display, enlarged }: { item: Item; display: readonly Display[]; enlarged: boolean }) {
  const { text } = usePage();
  return <>{display.map((row) => {
    const show = Object.hasOwn(DISPLAYS, row.type) ? DISPLAYS[row.type] : undefined;
    const value = item.data[row.field];
    return (
      <div class="lp-field" key={row.field}>
        {row.title === "" ? null : <h3 class="lp-field-title">{row.title}</h3>}
        {show === undefined ? <p class="lp-hint">{text.t("page.unknown-display", { type: row.type })}</p>
          : value === undefined || value === null ? <p class="lp-hint">{text.t("page.missing-field", { field: row.field })}</p>
          : value === "" ? <p class="lp-hint">{text.t("page.empty-text")}</p>
          : show(asText(value), `${item.id}:${row.field}`, { enlarged })}
      </div>
    );
  })}</>;
}
