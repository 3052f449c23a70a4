/** A picture, fitted to the screen or in its own size; a click on it changes which, as the key does. */
import { useState } from "preact/hooks";
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

export function ImageDisplay({ hash, enlarged }: { hash: string; enlarged: boolean }) {
  const { perform, pictures, text } = usePage();
  const [broken, setBroken] = useState(false);
  const [tiny, setTiny] = useState(false);
  if (broken || !HASH.test(hash)) return <p class="lp-hint" role="alert">{text.t("page.picture-broken")}</p>;
  return (
    <div class="lp-picture" data-enlarged={enlarged ? "" : undefined} data-tiny={tiny ? "" : undefined}>
      <img src={`${pictures}${hash}/view/`} alt={text.t("page.picture")} draggable={false} onError={() => setBroken(true)}
        onLoad={(event) => setTiny(Math.max(event.currentTarget.naturalWidth, event.currentTarget.naturalHeight) <= TINY)}
        onClick={byPointer(() => perform<undefined>(enlarge, undefined))} />
    </div>
  );
}
