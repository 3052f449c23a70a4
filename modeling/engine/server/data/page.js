// A page to try what this server serves. Words of both languages are here, as nothing else of the service is.
const WORDS = {
  en: {
    title: "Try a model", loading: "Loading…", bundle: "Model", picture: "Picture (JPEG or PNG)", token: "Token",
    stays: "It is sent to this server only.", send: "Ask", keys: "Ctrl + Enter asks as well.",
    api: "Description of the interface (OpenAPI)", text: "Texts, one a line", textHint: "Up to 256 at once.",
    pair: "A pair, as JSON", row: "A row, as JSON", jsonHint: "One object.", notJson: "This is not JSON.",
    none: "Write something first.", noPicture: "Choose a picture first.", asking: "Asking…",
    ready: "The model is ready.", notReady: "The models are still being loaded. This page looks again.",
    needToken: "This server asks for a token.", gone: "The server does not answer.", took: "{ms} ms",
    nothing: "Nothing found", first: "The first is better", second: "The second is better", language: "中文",
    facts: "{task} · {labels} labels · {figure} {value} on its test rows · signed by {signed}", nobody: "nobody",
  },
  zh: {
    title: "试用模型", loading: "正在加载…", bundle: "模型", picture: "图片（JPEG 或 PNG）", token: "令牌",
    stays: "只会发送到本服务器。", send: "预测", keys: "也可以按 Ctrl + Enter。",
    api: "接口说明（OpenAPI）", text: "文本，每行一条", textHint: "一次最多 256 条。",
    pair: "一对回答（JSON）", row: "一行数据（JSON）", jsonHint: "一个对象。", notJson: "这不是 JSON。",
    none: "请先写点内容。", noPicture: "请先选择图片。", asking: "正在预测…",
    ready: "模型已就绪。", notReady: "模型还在加载，本页会自动重试。",
    needToken: "本服务器需要令牌。", gone: "服务器没有应答。", took: "{ms} 毫秒",
    nothing: "没有找到任何内容", first: "第一个更好", second: "第二个更好", language: "English",
    facts: "{task} · {labels} 个标签 · 测试集 {figure} {value} · 签名：{signed}", nobody: "无",
  },
};
const EXAMPLES = {
  pair: '{"prompt": "", "first": "", "second": ""}',
  row: "{}",
};
const MOST_SHOWN = 10;
const at = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let bundles = [];
let state = "loading";

const say = (word, facts = {}) => WORDS[language][word].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");
const element = (name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
};
const chosen = () => bundles[at("bundle").selectedIndex] ?? bundles[0];
const takes = (bundle) => ["picture", "pair", "row"].find((kind) => bundle.reading.includes(kind)) ?? "text";
const headers = () => (at("token").value ? { Authorization: `Bearer ${at("token").value}` } : {});

function show(word, problem = false) {
  state = word;
  at("state").textContent = say(word);
  at("state").classList.toggle("problem", problem);
}

function inWords() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-words]")) one.textContent = say(one.dataset.words);
  at("language").textContent = say("language");
  at("language").lang = language === "zh" ? "en" : "zh-Hans";
  at("state").textContent = say(state);
  if (bundles.length) describe();
}

function describe() {
  const bundle = chosen();
  const kind = takes(bundle);
  at("texts").hidden = kind === "picture";
  at("pictures").hidden = kind !== "picture";
  if (kind !== "picture") {
    at("given-label").textContent = say(kind);
    at("given-hint").textContent = say(kind === "text" ? "textHint" : "jsonHint");
    if (!at("given").value && EXAMPLES[kind]) at("given").value = EXAMPLES[kind];
  }
  const value = typeof bundle.value === "number" ? bundle.value.toFixed(3) : "–";
  const signed = bundle.signed_by ?? say("nobody");
  at("facts").textContent = say("facts", {
    task: bundle.task, labels: bundle.labels.length, figure: bundle.figure ?? "", value, signed,
  });
}

async function load() {
  try {
    const ready = await fetch("/readyz");
    if (!ready.ok) {
      show("notReady");
      setTimeout(load, 1000);
      return;
    }
    const answer = await fetch("/bundles", { headers: headers() });
    if (answer.status === 401) {
      at("secret").hidden = at("ask").hidden = false;
      at("texts").hidden = true;
      show("needToken");
      return;
    }
    bundles = (await answer.json()).bundles;
  } catch {
    show("gone", true);
    return;
  }
  at("bundle").replaceChildren(...bundles.map((one) => element("option", one.name)));
  at("several").hidden = bundles.length < 2;
  at("ask").hidden = false;
  show("ready");
  describe();
}

function inputs(kind) {
  const written = at("given").value;
  if (kind !== "text") return written.trim() ? [JSON.parse(written)] : [];
  return written.split("\n").filter((line) => line.trim() !== "");
}

async function ask(event) {
  event.preventDefault();
  if (!bundles.length) return load();
  const bundle = chosen();
  const kind = takes(bundle);
  const picture = at("picture").files[0];
  let given = [];
  try {
    given = kind === "picture" ? [picture].filter(Boolean) : inputs(kind);
  } catch {
    return problem(say("notJson"));
  }
  if (!given.length) return problem(say(kind === "picture" ? "noPicture" : "none"));
  const button = at("ask").querySelector("[type=submit]");
  button.disabled = true;
  show("asking");
  try {
    const answer = await fetch(`/predict/${encodeURIComponent(bundle.name)}`, {
      method: "POST",
      headers: { ...headers(), "Content-Type": kind === "picture" ? picture.type || "application/octet-stream" : "application/json" },
      body: kind === "picture" ? picture : JSON.stringify({ inputs: given }),
    });
    const found = await answer.json();
    if (!answer.ok) return problem(found.detail);
    const predictions = found.predictions ?? [found.prediction];
    at("answers").replaceChildren(
      ...predictions.map((one, place) => answerOf(one, given[place], kind)),
      element("p", say("took", { ms: found.milliseconds }), "hint"),
    );
  } catch {
    problem(say("gone"));
  } finally {
    button.disabled = false;
    show("ready");
  }
}

const problem = (sentence) => at("answers").replaceChildren(element("p", sentence, "problem"));

function answerOf(found, given, kind) {
  const box = element("article", undefined, "answer");
  box.append(kind === "picture" ? pictured(found, given) : quoted(found, given, kind));
  box.append(element("h2", headline(found)));
  const chances = Object.entries(found.probabilities ?? {}).sort((a, b) => b[1] - a[1]);
  for (const [label, chance] of chances.slice(0, MOST_SHOWN)) box.append(chanceOf(label, chance));
  for (const one of found.spans ?? found.shapes ?? []) box.append(chanceOf(one.label, one.score));
  return box;
}

function headline(found) {
  if ("label" in found) return found.label;
  if ("labels" in found) return found.labels.join(", ") || say("nothing");
  if ("value" in found) return String(found.value);
  if ("better" in found) return `${say(found.better)} (${(Math.max(found.first_is_better, 1 - found.first_is_better) * 100).toFixed(1)} %)`;
  const many = found.spans ?? found.shapes ?? [];
  return many.length ? [...new Set(many.map((one) => one.label))].join(", ") : say("nothing");
}

function chanceOf(label, chance) {
  const line = element("div", undefined, "chance");
  const bar = element("progress");
  bar.max = 1;
  bar.value = chance;
  bar.setAttribute("aria-label", label);
  line.append(element("span", label), bar, element("span", `${(chance * 100).toFixed(1)} %`));
  return line;
}

function quoted(found, given, kind) {
  const quote = element("blockquote");
  if (kind !== "text") {
    quote.append(element("pre", JSON.stringify(given)));
    return quote;
  }
  const points = [...given];
  let place = 0;
  for (const span of [...(found.spans ?? [])].sort((a, b) => a.start - b.start)) {
    if (span.start < place) continue;
    quote.append(points.slice(place, span.start).join(""));
    const marked = element("mark", points.slice(span.start, span.end).join(""));
    marked.title = span.label;
    quote.append(marked);
    place = span.end;
  }
  quote.append(points.slice(place).join(""));
  return quote;
}

function pictured(found, given) {
  const box = element("div", undefined, "picture");
  const image = element("img");
  image.alt = given.name;
  image.src = URL.createObjectURL(given);
  box.append(image);
  if (found.shapes?.length) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", `0 0 ${found.width} ${found.height}`);
    for (const shape of found.shapes) {
      const outline = document.createElementNS("http://www.w3.org/2000/svg", "polygon");
      const [[x0, y0], [x1, y1]] = shape.points;
      const corners = shape.kind === "box" ? [[x0, y0], [x1, y0], [x1, y1], [x0, y1]] : shape.points;
      outline.setAttribute("points", corners.map((point) => point.join(",")).join(" "));
      svg.append(outline);
    }
    box.append(svg);
  }
  return box;
}

at("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  inWords();
});
at("bundle").addEventListener("change", describe);
at("ask").addEventListener("submit", ask);
at("ask").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
});
inWords();
load();
