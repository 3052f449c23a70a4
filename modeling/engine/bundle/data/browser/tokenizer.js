// Reads tokenizer.json and cuts texts as the library `tokenizers` does, for the two kinds that bundles have: WordPiece
// as BERT has it, and Unigram as XLM-R and E5 have it. Any other kind is refused by name, never guessed.

/** Return a function from a text to token ids (numbers). Throws where tokenizer.json asks for something else. */
export function makeTokenizer(json) {
  const normalize = normalizer(json.normalizer);
  const split = preTokenizer(json.pre_tokenizer);
  const cut = model(json.model);
  const frame = template(json.post_processor);
  const special = addedTokens(json.added_tokens ?? []);
  const most = json.truncation ? json.truncation.max_length - frame.added : Infinity;
  if (json.truncation && json.truncation.direction !== "Right") refuse("truncation", json.truncation.direction);
  return (text) => {
    const ids = [];
    for (const piece of special(wellFormed(text))) {
      if (typeof piece === "number") ids.push(piece);
      else for (const word of split(normalize(piece))) ids.push(...cut(word));
    }
    return frame.around(ids.slice(0, most));
  };
}

function refuse(part, kind) {
  throw new Error(`This page does not know the ${part} ${JSON.stringify(kind)} of tokenizer.json.`);
}

// Half a surrogate pair becomes a question mark, as the runtime does.
const wellFormed = (text) =>
  text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "?");

function addedTokens(tokens) {
  if (!tokens.length) return (text) => (text ? [text] : []);
  const odd = tokens.find((one) => one.single_word || one.lstrip || one.rstrip || one.normalized);
  if (odd) refuse("added token", odd.content);
  const ids = new Map(tokens.map((one) => [one.content, one.id]));
  const escaped = [...ids.keys()].map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const found = new RegExp(`(${escaped.join("|")})`);
  return (text) => text.split(found).filter((part) => part !== "").map((part) => ids.get(part) ?? part);
}

function normalizer(settings) {
  if (settings === null) return (text) => text;
  if (settings.type === "Sequence") {
    const all = settings.normalizers.map(normalizer);
    return (text) => all.reduce((before, one) => one(before), text);
  }
  if (settings.type === "BertNormalizer") return bertNormalizer(settings);
  if (settings.type === "Nmt") return nmt;
  if (settings.type === "NFKC") return (text) => text.normalize("NFKC");
  if (settings.type === "Replace" && settings.pattern.Regex === " {2,}") {
    return (text) => text.replace(/ {2,}/g, settings.content);
  }
  return refuse("normalizer", settings.type);
}

const WHITE = /^\p{White_Space}$/u;
const CHINESE =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;

function bertNormalizer(settings) {
  const strip = settings.strip_accents ?? settings.lowercase;
  return (text) => {
    let made = text;
    if (settings.clean_text) {
      made = [...made].filter((one) => !dropped(one)).map((one) => (WHITE.test(one) ? " " : one)).join("");
    }
    if (settings.handle_chinese_chars) made = made.replace(CHINESE, " $& ");
    if (strip) made = made.normalize("NFD").replace(/\p{Mn}/gu, "");
    // Letter by letter: a whole word would get another sigma at its end.
    return settings.lowercase ? [...made].map((one) => one.toLowerCase()).join("") : made;
  };
}

const dropped = (one) =>
  one === "\0" || one === "\ufffd" || (!"\t\n\r".includes(one) && /^[\p{Cc}\p{Cf}\p{Co}]$/u.test(one));

function nmt(text) {
  return text
    .replace(/[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g, "")
    .replace(/[\u0009\u000a\u000c\u000d\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g, " ");
}

function preTokenizer(settings) {
  if (settings?.type === "BertPreTokenizer") return bertWords;
  if (settings?.type === "Metaspace" && settings.prepend_scheme === "always" && settings.split) {
    const mark = settings.replacement;
    return (text) => {
      if (text === "") return [];
      const whole = text.replaceAll(" ", mark);
      const marked = whole.startsWith(mark) ? whole : mark + whole;
      return marked.split(new RegExp(`(?=${mark})`));
    };
  }
  return refuse("pre-tokenizer", settings?.type ?? null);
}

const MARKS = /([!-/:-@[-`{-~]|\p{P})/u;
const bertWords = (text) =>
  text
    .split(/\p{White_Space}+/u)
    .flatMap((word) => word.split(MARKS))
    .filter((word) => word !== "");

function model(settings) {
  if (settings.type === "WordPiece") return wordPiece(settings);
  if (settings.type === "Unigram" && !settings.byte_fallback) return unigram(settings);
  return refuse("model", settings.type);
}

function wordPiece(settings) {
  const ids = new Map(Object.entries(settings.vocab));
  const unknown = ids.get(settings.unk_token);
  return (word) => {
    const letters = [...word];
    if (letters.length > settings.max_input_chars_per_word) return [unknown];
    const found = [];
    for (let start = 0; start < letters.length; ) {
      let end = letters.length;
      let id;
      for (; end > start; end -= 1) {
        const piece = letters.slice(start, end).join("");
        id = ids.get(start ? settings.continuing_subword_prefix + piece : piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return [unknown];
      found.push(id);
      start = end;
    }
    return found;
  };
}

// The likeliest cut of a word (Viterbi); a letter that no piece begins with alone costs ten below the rarest piece.
const UNKNOWN_PENALTY = 10;

// The library reads a number as its digits, rounded, over a power of ten, which can be one bit off. Two cuts of equal
// likelihood ("2" and "22", or "22" and "2") are told apart by just that bit.
function asRead(score) {
  const digits = /^(-?)(\d+)\.(\d+)$/.exec(String(score));
  return digits ? Number(`${digits[1]}${digits[2]}${digits[3]}`) / 10 ** digits[3].length : score;
}

function unigram(settings) {
  const ids = new Map(settings.vocab.map(([piece], id) => [piece, id]));
  const scores = settings.vocab.map(([, score]) => asRead(score));
  const longest = settings.vocab.reduce((most, [piece]) => Math.max(most, [...piece].length), 0);
  const unknown = settings.unk_id;
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY;
  return (word) => {
    const letters = [...word];
    const best = letters.map(() => null);
    best.push(null);
    best[0] = { score: 0, start: -1, id: -1 };
    const reach = (start, end, id, score) => {
      if (best[end] === null || score > best[end].score) best[end] = { score, start, id };
    };
    for (let start = 0; start < letters.length; start += 1) {
      const until = best[start].score;
      let piece = "";
      let alone = false;
      for (let end = start + 1; end <= Math.min(letters.length, start + longest); end += 1) {
        piece += letters[end - 1];
        const id = ids.get(piece);
        if (id === undefined) continue;
        reach(start, end, id, until + scores[id]);
        alone ||= end === start + 1;
      }
      if (!alone) reach(start, start + 1, unknown, until + unknownScore);
    }
    return joined(letters, best, ids, unknown);
  };
}

// Unknown letters side by side are one unknown piece.
function joined(letters, best, ids, unknown) {
  const found = [];
  let odd = "";
  const flush = () => {
    if (odd) found.push(ids.get(odd) ?? unknown);
    odd = "";
  };
  for (let end = letters.length; end > 0; end = best[end].start) {
    const { start, id } = best[end];
    if (id === unknown) {
      odd = letters.slice(start, end).join("") + odd;
    } else {
      flush();
      found.push(id);
    }
  }
  flush();
  return found.reverse();
}

function template(settings) {
  if (settings === null) return { added: 0, around: (ids) => ids };
  if (settings.type !== "TemplateProcessing") refuse("post-processor", settings.type);
  const parts = settings.single.map((part) => (part.Sequence ? null : settings.special_tokens[part.SpecialToken.id].ids));
  return {
    added: parts.reduce((sum, ids) => sum + (ids ? ids.length : 0), 0),
    around: (ids) => parts.flatMap((fixed) => fixed ?? ids),
  };
}
