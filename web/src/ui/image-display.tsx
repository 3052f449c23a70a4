/** A picture, fitted to the screen or in its own size; a click on it changes which, as the key does. */
import { useEffect, useRef, useState } from "preact/hooks";
import { enlarge } from "../state/actions/panels";
import { byPointer, usePage } from "./context";

/** Only what can be the name of a picture becomes part of an address. */
const HASH = /^[0-9a-f]{64}$/;
/** Of a picture with so few pixels a side each one is drawn as a square, and not smeared. */
const TINY = 64;

/** Has the browser fetch the pictures of a task that comes next. */
export function NextPictures({ hashes }: { hashes: readonly string[] }) {
  const { pictures } = usePage();
  return <div hidden>{hashes.filter((hash) => HASH.test(hash)).map((hash) => <img key={hash} src={`${pictures}${hash}/view/`} alt="" />)}</div>;
}

/** Waits between tries in ms: the line may be down, and the browser does not always tell when it is back. */
const TRIES_MS = [5_000, 10_000, 20_000, 40_000, 60_000];

/** In the place of a picture that could not be fetched, until it can; null where the item names none. */
export function BrokenPicture({ address, again }: { address: string | null; again(): void }) {
  const { text } = usePage();
  const probe = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (address === null) return;
    let tries = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isOver = false;
    const plan = (): void => { if (!isOver) { timer = setTimeout(() => probe.current(), TRIES_MS[Math.min(tries, TRIES_MS.length - 1)]); tries += 1; } };
    probe.current = () => {
      clearTimeout(timer);
      const picture = new Image();
      picture.onload = () => { if (!isOver) again(); };
      picture.onerror = plan;
      picture.src = address;
    };
    const now = (): void => probe.current();
    plan();
    window.addEventListener("online", now);
    return () => { isOver = true; clearTimeout(timer); window.removeEventListener("online", now); };
  }, [address]);
  return (
    <div class="lp-broken" role="alert"><p class="lp-hint">{text.t("page.picture-broken")}</p>
      {address === null ? null : <button type="button" class="lp-button" onClick={byPointer(() => probe.current())}>{text.t("banner.retry")}</button>}</div>
  );
}

export function ImageDisplay({ hash, enlarged }: { hash: string; enlarged: boolean }) {
  const { perform, pictures, text } = usePage();
  const [broken, setBroken] = useState(false);
  const [tiny, setTiny] = useState(false);
  if (broken || !HASH.test(hash)) return <BrokenPicture address={HASH.test(hash) ? `${pictures}${hash}/view/` : null} again={() => setBroken(false)} />;
  return (
    <div class="lp-picture" tabIndex={enlarged ? 0 : undefined} data-enlarged={enlarged ? "" : undefined} data-tiny={tiny ? "" : undefined}>
      <img src={`${pictures}${hash}/view/`} alt={text.t("page.picture")} draggable={false} onError={() => setBroken(true)}
        onLoad={(event) => setTiny(Math.max(event.currentTarget.naturalWidth, event.currentTarget.naturalHeight) <= TINY)}
        onClick={byPointer(() => perform<undefined>(enlarge, undefined))} />
    </div>
  );
}
