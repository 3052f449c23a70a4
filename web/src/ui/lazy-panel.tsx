/** A part of the page that is fetched when it is wanted. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { usePage } from "./context";

export function LazyPanel<P extends object>({ load, props }: { load: () => Promise<ComponentType<P>>; props: P }) {
  const { text } = usePage();
  const [View, setView] = useState<ComponentType<P> | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => void load().then((found) => setView(() => found), () => setFailed(true)), []);
  if (View !== null) return <View {...props} />;
  return failed ? <aside class="lp-guidelines"><p class="lp-hint" role="alert">{text.t("failed.offline")}</p></aside> : null;
}
